"""Part of section 10: how the answer, and its SHAP values, follow each of the inputs that matter most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from explainkit.figures import Figure, Series
from explainkit.report import charts as draw
from explainkit.report import effect_charts
from explainkit.report.card import Beside, Block, Chart, Column, Group, Paragraph, Parts, Point, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.numbers import point_text
from explainkit.report.phrases import MISSING, code, given, listed, name, number, source, words
from explainkit.report.reader import Reader
from explainkit.report.sections.performance_charts import data_table, known, numbers

_PDP, _ALE, _SHAP = "explanation.pdp.curve", "explanation.ale.curve", "explanation.dependence.points"
_ROWS = 60
_BAND = (("mean", noted("Mean")), ("low", noted("Band")), ("high", noted("to")))
_MARKS = {"position": noted("Position"), "group": noted("Group")}
"""Columns that tell points apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """One input and, with several classes, one class."""

    feature: str
    """As it stands in ids."""
    shown: str
    """Name of the column."""
    output: str | None
    partner: Figure | None
    """Strength of the strongest interaction, whose key ``with`` names the other input."""
    pdp: Series | None
    ale: Series | None
    points: Series | None


def blocks(reader: Reader, spaces: Mapping[str, str]) -> tuple[Block, ...]:
    """A heading with two charts for each input, and how far each reaches."""
    inputs = list(_inputs(reader))
    spans = [f for key in ("pdp", "ale") for f in reader.named(f"explanation.{key}.span")]
    if not inputs and not spans:
        return ()
    space = next((m.space for m in reader.evidence.methods if m.id == "shap"), "raw")
    ends = _ends(inputs)
    inside: list[Block] = [Paragraph(parts=_reading(), style="text")] if inputs else []
    shap = say("SHAP value")
    if space != "raw":
        shap = say("SHAP value ({unit})", unit=say(spaces.get(space, space)))
    inside += [_pair(reader, one, ends.get(one.output), shap) for one in inputs]
    inside.append(Group(title=words("How far the curves reach"), blocks=(_table(reader, inputs, spans),)))
    return (Group(title=words("How the answer depends on single inputs"), blocks=tuple(inside)),)


def _inputs(reader: Reader) -> Iterator[_Input]:
    """Inputs in the order of the series, the most important first; class by class."""
    partners = {
        (f.keys["feature"], f.keys.get("output")): f for f in reader.named("explanation.dependence.interaction")
    }
    seen: dict[tuple[str, str | None], None] = {}
    for series in reader.evidence.series:
        key, bracket, _ = series.id.partition("[")
        if bracket and key in (_PDP, _ALE, _SHAP):
            keys = Figure(id=series.id, value=0).keys
            seen.setdefault((keys["feature"], keys.get("output")))
    outputs = list(dict.fromkeys(output for _, output in seen))
    for feature, output in sorted(seen, key=lambda pair: outputs.index(pair[1])):
        keys = {"feature": feature} | ({} if output is None else {"output": output})
        yield _Input(
            feature=feature,
            shown=reader.feature(feature),
            output=output,
            partner=partners.get((feature, output)),
            pdp=reader.series(_PDP, **keys),
            ale=reader.series(_ALE, **keys),
            points=reader.series(_SHAP, **keys),
        )


def _reading() -> Parts:
    return words(
        "Left: how far the input moved each row, in SHAP values, shaded by the input it interacts with most. Right: "
        "the mean answer with the input set to each value (partial dependence; the band holds four fifths of the "
        "single rows' curves, moved to one level: where it is wide, the effect differs between rows), and changes "
        "within narrow ranges added up (accumulated local effects, dashed). Where the two lines part, the input is "
        "tied to others, and partial dependence rests on combinations that may not occur. Charts on the right have "
        "one scale."
    )


def _ends(inputs: list[_Input]) -> dict[str | None, tuple[float, float]]:
    """Ends of the vertical axis of all curves of one output."""
    heights: dict[str | None, list[float]] = {}
    for one in inputs:
        if one.pdp is not None:
            for column in ("mean", "low", "high"):
                heights.setdefault(one.output, []).extend(known(numbers(one.pdp, column)))
        heights.setdefault(one.output, []).extend(_moved(one)[1])
    return {output: (min(found), max(found)) for output, found in heights.items() if found}


def _moved(one: _Input) -> tuple[list[float], list[float]]:
    """Accumulated effects at the level of partial dependence over the same values, where there is any."""
    if one.ale is None:
        return [], []
    effect = known(numbers(one.ale, "effect"))
    level = 0.0
    if one.pdp is not None:
        mean = dict(zip(one.pdp.column("value"), numbers(one.pdp, "mean"), strict=True))
        # Each line's own mean over the rows' bins: the level at which both are compared.
        share = _shares(known(numbers(one.ale, "n")))
        level = sum(s * (mean[v] or 0.0) for s, v in zip(share, one.ale.column("value"), strict=True))
    return known(numbers(one.ale, "value")), [level + e for e in effect]


def _shares(counts: list[float]) -> list[float]:
    """Share of the rows at each edge, half of a bin at either end."""
    following = [*counts[1:], 0.0]
    return [(a + b) / (2 * sum(counts)) for a, b in zip(counts, following, strict=True)]


def _pair(reader: Reader, one: _Input, ends: tuple[float, float] | None, shap: str) -> Group:
    heading: Parts = (name(one.shown),)
    if one.output is not None:
        heading = words("{input} · class {name}", input=heading, name=name(one.output))
    charts = [c for c in (_shap_chart(reader, one, shap), _answer_chart(reader, one, ends)) if c is not None]
    if len(charts) < 2:
        return Group(title=heading, blocks=tuple(charts))
    return Group(title=heading, blocks=(Beside(left=(charts[0],), right=(charts[1],)),))


def _answer(reader: Reader) -> str:
    evidence = reader.evidence
    if evidence.task == "regression":
        return say("mean prediction")
    return say("mean probability")


def _answer_with_band(reader: Reader) -> str:
    if reader.evidence.task == "regression":
        return say("mean prediction, with band")
    return say("mean probability, with band")


def _answer_chart(reader: Reader, one: _Input, ends: tuple[float, float] | None) -> Chart | None:
    if one.pdp is None and one.ale is None:
        return None
    values = one.pdp.column("value") if one.pdp is not None else ()
    if one.pdp is not None and not any(isinstance(v, float | int) for v in values):
        return _levels_chart(reader, one.pdp, ends)
    curve = None if one.pdp is None else _curve(one.pdp)
    drawn = effect_charts.effect(
        curve,
        _moved(one) if one.ale is not None else None,
        axis=one.shown,
        vertical=_answer(reader),
        ends=ends,
    )
    alt = noted(
        "Mean answer over the values of the input: partial dependence with its band, and accumulated local effects"
    )
    if curve is not None and curve.gap is not None:
        alt = noted(
            "Mean answer over the values of the input: partial dependence with its band, and accumulated local "
            "effects; a point where the value is missing"
        )
    return Chart(
        svg=drawn,
        alt=say(alt),
        width="half",
        data=_curve_table(one),
    )


def _curve(series: Series) -> effect_charts.Curve:
    values = series.column("value")
    mean, low, high = (known(numbers(series, c)) for c in ("mean", "low", "high"))
    inner = [i for i, v in enumerate(values) if not isinstance(v, str)]
    gap = next((i for i, v in enumerate(values) if isinstance(v, str)), None)
    return effect_charts.Curve(
        x=known(numbers(series, "value")),
        mean=[mean[i] for i in inner],
        low=[low[i] for i in inner],
        high=[high[i] for i in inner],
        gap=None if gap is None else (mean[gap], low[gap], high[gap]),
    )


def _levels_chart(reader: Reader, series: Series, ends: tuple[float, float] | None) -> Chart:
    rows = [
        draw.Interval(
            name=draw.shortened(given(str(value)).text, effect_charts.LONGEST),
            value=mean,
            text=point_text(series, "mean", i),
            low=low,
            high=high,
        )
        for i, (value, mean, low, high) in enumerate(
            zip(series.column("value"), *(numbers(series, c) for c in ("mean", "low", "high")), strict=True)
        )
    ]
    return Chart(
        svg=draw.intervals(rows, holds=ends, axis=_answer_with_band(reader)),
        alt=say("Mean answer with the input set to each of its values, with the band of single rows"),
        width="half",
        data=data_table(series, (("value", noted("Value")), ("n", noted("n")), *_BAND)),
    )


def _curve_table(one: _Input) -> Table:
    """Both curves, value by value: accumulated effects stand at values of the other curve's grid."""
    series = one.pdp if one.pdp is not None else one.ale
    columns = [("value", noted("Value"))]
    if one.pdp is not None:
        columns += [*([("n", noted("Rows"))] if "n" in dict(one.pdp.columns) else []), *_BAND]
    places: dict[object, int] = {}
    more: list[tuple[str, str]] = []
    if one.ale is not None:
        places = {v: i for i, v in enumerate(one.ale.column("value"))}
        ends = [("low", noted("Low")), ("high", noted("High"))] if "low" in dict(one.ale.columns) else []
        more = [("effect", noted("Effect")), *ends, ("n", noted("Bin"))]
    rows = []
    for i, value in enumerate(series.column("value") if series is not None else ()):
        cells = [_cell(one.pdp or one.ale, column, i) for column, _ in columns]
        cells += [_cell(one.ale, column, places[value]) if value in places else () for column, _ in more]
        rows.append(Row(cells=tuple(cells)))
    ids = [(code(s.id),) for s in (one.pdp, one.ale) if s is not None]
    return Table(
        columns=tuple(Column(title=words(text), align="right") for _, text in (*columns, *more)),
        rows=tuple(rows),
        source=words(
            "Mean and band: partial dependence. Effect, its interval and the rows of the bin that ends there: "
            "accumulated local effects. Series {series}",
            series=listed(ids),
        ),
        screen_rows=_ROWS,
    )


def _cell(series: Series | None, column: str, row: int) -> Parts:
    point = None if series is None else series.column(column)[row]
    if point is None or series is None:
        return ()
    return (given(point),) if isinstance(point, str) else (Point(series, column, row),)


def _shap_chart(reader: Reader, one: _Input, shap: str) -> Chart | None:
    series = one.points
    if series is None:
        return None
    other = None if one.partner is None else reader.feature(one.partner, "with")
    caption = words("No other input stands out")
    alt = noted("SHAP values of single rows over the value of the input")
    if other is not None:
        caption = words("Interacts most with {input}", input=name(other, strong=True))
        alt = noted(
            "SHAP values of single rows over the value of the input, shaded by the input that it interacts with most"
        )
    more = [column for column, _ in series.columns if column in ("position", "group")]
    return Chart(
        svg=_points(one, series, _colors(series, other), shap),
        alt=say(alt),
        width="half",
        caption=caption,
        data=data_table(
            series, (("value", noted("Value")), ("shap", noted("SHAP value")), *((c, _MARKS[c]) for c in more))
        ),
    )


@dataclass(frozen=True, slots=True)
class _Colors:
    """How points are told apart."""

    marks: tuple[float | None, ...]
    """Rank of each point, or number of its group; None where there is neither."""
    palette: tuple[str, ...]
    """Colours of groups; empty for ranks."""
    words: tuple[tuple[str, str], ...]

    def color(self, mark: float | None) -> str:
        """Colour of one point."""
        if not self.words:
            return effect_charts.PLAIN
        if not self.palette:
            return draw.rank_shade(mark)
        return effect_charts.OTHER if mark is None else self.palette[int(mark)]


def _colors(series: Series, other: str | None) -> _Colors:
    columns = dict(series.columns)
    if other is None or not {"position", "group"} & set(columns):
        return _Colors((None,) * len(columns["value"]), (), ())
    if "position" in columns:
        ranks = numbers(series, "position")
        legend = effect_charts.by_rank(other)
        return _Colors(ranks, (), (*legend, (effect_charts.OTHER, say(MISSING))) if None in ranks else legend)
    groups = [str(g) for g in columns["group"]]
    top = [g for g, _ in sorted(Counter(groups).items(), key=lambda item: (-item[1], item[0]))]
    palette = effect_charts.GROUPS[: len(top)]
    words = [(color, draw.shortened(given(group).text, 12)) for color, group in zip(palette, top, strict=False)]
    if len(top) > len(palette):
        words.append((effect_charts.OTHER, say("other")))
    place = {group: float(i) for i, group in enumerate(top[: len(palette)])}
    return _Colors(tuple(place.get(g) for g in groups), palette, tuple(words))


def _points(one: _Input, series: Series, colors: _Colors, shap: str) -> bytes:
    values, heights = series.column("value"), known(numbers(series, "shap"))
    if any(isinstance(v, float | int) for v in values):
        return effect_charts.scatter(
            [
                (float(x), y, colors.color(mark))
                for x, y, mark in zip(values, heights, colors.marks, strict=True)
                if isinstance(x, float | int)
            ],
            words=colors.words,
            axis=one.shown,
            vertical=shap,
        )
    rows: dict[str, list[tuple[float, float | None]]] = {}
    for value in one.pdp.column("value") if one.pdp is not None else ():
        rows[str(value)] = []
    for value, y, mark in zip(values, heights, colors.marks, strict=True):
        rows.setdefault(str(value), []).append((y, mark))
    levels = [(given(value).text, points) for value, points in rows.items()][:_LEVELS]
    return effect_charts.strips(levels, color=colors.color, words=colors.words, axis=shap)


_LEVELS = 11  # the most frequent values, and missing


def _table(reader: Reader, inputs: list[_Input], spans: list[Figure]) -> Table:
    """How far each curve reaches, and what each input interacts with most."""
    keyed = {(f.name, f.keys["feature"], f.keys.get("output")): f for f in spans}
    pairs = dict.fromkeys((one.feature, one.output) for one in inputs)
    pairs |= dict.fromkeys((f.keys["feature"], f.keys.get("output")) for f in spans if f.status == "measured")
    rows, used = [], []
    for feature, output in pairs:
        reach = [
            keyed.get((f"explanation.{key}.span", feature, output))
            or keyed.get((f"explanation.{key}.span", feature, None))
            for key in ("pdp", "ale")
        ]
        partner = next((o.partner for o in inputs if (o.feature, o.output) == (feature, output)), None)
        head: Parts = (name(reader.feature(feature)),)
        if output is not None:
            head += (Words(" · "), name(output))
        other: Parts = words("none found")
        if partner is not None:
            other = (name(reader.feature(partner, "with")),)
        rows.append(Row(cells=(head, other, number(partner), number(reach[0]), number(reach[1]))))
        used += [*reach, partner]
    rows += [
        Row(cells=((name(reader.feature(f)),), (), (), number(f), number(f)))
        for f in spans
        if f.status != "measured" and f.name == "explanation.pdp.span" and not rows
    ]
    return Table(
        columns=(
            Column(title=words("Input"), share=28),
            Column(title=words("Interacts most with"), share=24),
            Column(title=words("Strength"), align="right", share=12),
            Column(title=words("Reach of partial dependence"), align="right", share=18),
            Column(title=words("Reach of accumulated effects"), align="right", share=18),
        ),
        rows=tuple(rows),
        source=source([f for f in used if f is not None]),
        print_rows=12,
    )
