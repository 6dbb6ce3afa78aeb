"""Section 9: who is selected, how often, against which reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import (
    Beside,
    Block,
    Chart,
    Column,
    Group,
    Label,
    Paragraph,
    Parts,
    Row,
    Section,
    Table,
    Words,
)
from explainkit.report.language import noted, say, spoken
from explainkit.report.measures import measure
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import (
    clause,
    group_name,
    interval,
    is_reference,
    level,
    listed,
    name,
    number,
    source,
    stated,
    words,
)
from explainkit.report.reader import Reader
from explainkit.report.sections import (
    actual,
    fairness_curves,
    gap,
    gap_evidence,
    local_law,
    parity,
    preconditions,
    proxies,
)
from explainkit.report.sections.groups import EACH_GROUP, MOST_DRAWN, absent, head, rows_of

SCREEN = 0.8
"""The four-fifths line of 29 CFR 1607.4(D): a screening statistic, never a verdict."""
_AXES = {
    "fairness.impact_ratio": noted("impact ratio"),
    "fairness.selection_rate": noted("selection rate"),
    "fairness.mean_prediction": noted("mean prediction"),
}


def section(evidence: Evidence) -> Section:
    """Selection rates and impact ratios by group and by intersection."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    if not reader.named("fairness.count"):
        blocks.append(Paragraph(parts=absent(reader)))
    else:
        blocks.append(Paragraph(parts=basis(reader), style="text"))
        rate = "fairness.mean_prediction" if evidence.task == "regression" else "fairness.selection_rate"
        blocks.extend(_measured(reader, rate) if _any(reader, rate) else _untested(reader, rate))
        blocks.extend(_unknown(reader))
        blocks.extend(gap_evidence.blocks(reader))
        blocks.extend(parity.blocks(reader))
        blocks.extend(fairness_curves.blocks(reader))
        blocks.extend(gap.blocks(reader))
        blocks.extend(local_law.blocks(reader))
    blocks.extend(proxies.blocks(reader))
    blocks.extend(actual.blocks(reader))
    blocks.extend(stated(reader, "fairness"))
    heading = say("Fairness: selection by group")
    if evidence.task == "regression":
        heading = say("Fairness: predictions by group")
    return Section(number=9, id="fairness", title=heading, blocks=tuple(blocks))


def smallest(reader: Reader) -> Figure | None:
    """The smallest impact ratio of a single column's group, as a figure of that group."""
    found = [
        f
        for column in reader.sensitive
        for group, f in reader.keyed("fairness.impact_ratio", column)
        if f.status == "measured" and not is_reference(f, [group])
    ]
    return min(found, key=lambda f: (f.value if f.value is not None else 0.0, f.id), default=None)


def chosen(reader: Reader, figure: Figure) -> Figure | None:
    """The smallest ratio of the column of a group's, whose interval allows for having been chosen."""
    found = reader.measured("fairness.smallest_impact_ratio", column=next(iter(figure.keys)))
    return found if found is not None and found.value == figure.value else None


def basis(reader: Reader) -> Parts:
    """What the favourable outcome and the population are, since the sign of all that follows hangs on them."""
    evidence = reader.evidence
    if evidence.task == "regression":
        return words("Mean predictions are compared; which direction is favourable is not stated for a regression.")
    if evidence.favourable is None:
        return words("No favourable outcome is stated, so nothing can be said about selection.")
    said: Parts = (name(evidence.favourable, strong=True),)
    if evidence.threshold is not None and evidence.positive is not None:
        said = words(
            "{favourable}; decided {outcome} where the score is {threshold}",
            favourable=said,
            outcome=name(evidence.positive),
            threshold=preconditions.limit(evidence),
        )
    if evidence.population:
        said = words("{said}; population: {population}", said=said, population=preconditions.population(evidence))
    sentences = [words("Favourable outcome: {said}.", said=said)]
    if "accepted only" in evidence.population:
        sentences.append(
            words(
                "Rows are cases that an earlier decision accepted: rates are among accepted cases, and about selection "
                "among applicants there is insufficient evidence."
            )
        )
    if not evidence.population:
        sentences.append(words("Whom the rows stand for is not stated: rates are those of these rows."))
    law = clause("29 CFR 1607.4(D)")
    sentences.append(
        words("A ratio below the line of four fifths is a screening statistic ({law}), no verdict.", law=law)
    )
    return listed(sentences, " ")


def _any(reader: Reader, kind: str) -> bool:
    return any(f.status == "measured" for f in reader.named(kind))


def _untested(reader: Reader, kind: str) -> tuple[Block, ...]:
    """Reasons why nothing was measured, and the sizes of the groups all the same."""
    why = source(reader.named(kind))
    blocks: list[Block] = [Paragraph(parts=why or words("Not tested."), style="alert")]
    for column in reader.sensitive:
        rows = tuple(Row(cells=head(group_name([g]), count)) for g, count in rows_of(reader, column))
        if rows:
            columns = (Column(title=words("Group"), share=3), Column(title=words("n"), align="right", share=1))
            blocks.append(
                Group(title=words("By {column}", column=name(column)), blocks=(Table(columns=columns, rows=rows),))
            )
    return tuple(blocks)


def _measured(reader: Reader, rate: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    lowest = smallest(reader)
    if lowest is not None:
        blocks.append(Paragraph(parts=_reading(lowest, chosen(reader, lowest)), style="read"))
    ratios = _chart(reader, "fairness.impact_ratio", draw.HALF)
    rates = _chart(reader, rate, draw.FULL if ratios is None else draw.HALF)
    if ratios is not None and rates is not None:
        blocks.append(Beside(left=(rates,), right=(ratios,)))
    elif rates is not None:
        blocks.append(rates)
    for column in reader.sensitive:
        groups = [((g,), count) for g, count in rows_of(reader, column)]
        if groups:
            table = _table(reader, (column,), groups, rate)
            blocks.append(Group(title=words("By {column}", column=name(column)), blocks=(table,)))
    for pair in reader.pairs():
        crossed = [
            (tuple(f.keys[c] for c in pair), f) for f in reader.named("fairness.count") if set(f.keys) == set(pair)
        ]
        table = _table(reader, pair, crossed, rate)
        blocks.append(Group(title=words("By {column}", column=group_name(pair)), blocks=(table,)))
    return tuple(blocks)


def _reading(figure: Figure, overall: Figure | None) -> Parts:
    """The sentence on the smallest ratio, with the interval of the smallest rather than of that group."""
    column, group = next(iter(figure.keys.items()))
    ratio = number(figure, strong=True)
    if figure.reference is not None:
        ratio = words("{ratio} against {reference}", ratio=ratio, reference=reference_label(figure.reference))
    ends = () if overall is None else interval(overall)
    if overall is None or not ends:
        return words(
            "The smallest impact ratio is that of {group} ({column}), {ratio}.",
            group=name(group, strong=True),
            column=name(column),
            ratio=ratio,
        )
    return words(
        "The smallest impact ratio is that of {group} ({column}), {ratio}; with its choice allowed for, {level} "
        "{interval}.",
        group=name(group, strong=True),
        column=name(column),
        ratio=ratio,
        level=Label(level([overall]), "clause"),
        interval=ends,
    )


def reference_label(reference: str) -> Label:
    """The group that a figure is taken against and how it was chosen; a very long name is cut."""
    return name(spoken().recorded(reference) or reference)


def _table(
    reader: Reader, columns: tuple[str, ...], groups: Sequence[tuple[tuple[str, ...], Figure]], rate: str
) -> Table:
    difference = "fairness.mean_prediction_difference" if rate == "fairness.mean_prediction" else (
        "fairness.selection_difference"
    )  # fmt: skip
    kinds = [k for k in (rate, "fairness.impact_ratio", difference) if _of(reader, k, columns)]
    figures = [f for k in kinds for f in _of(reader, k, columns)]
    rows, against = [], dict[str, None]()
    counted = rate != "fairness.mean_prediction"  # a mean counts no rows
    for levels, count in groups:
        if count.status != "measured":
            blank: list[Parts] = [() for _ in range(counted + 2 * len(kinds))]
            rows.append(Row(cells=(*head(group_name(levels), count), *blank), tone="quiet"))
            continue
        keys = dict(zip(columns, levels, strict=True))
        first = reader.figure(kinds[0], keys) if kinds else None
        cells: list[Parts] = [*head(group_name(levels), count), *([number(first, "events")] if counted else [])]
        for kind in kinds:
            figure = reader.figure(kind, keys)
            reference = figure is not None and kind != rate and is_reference(figure, levels)
            cells += [number(figure), words("reference") if reference else interval(figure)]
            against.update({figure.reference: None} if figure is not None and figure.reference is not None else {})
        rows.append(Row(cells=tuple(cells)))
    ends = level(figures)
    titles = {
        "fairness.mean_prediction": noted("Mean"),
        "fairness.selection_rate": noted("Rate"),
        "fairness.impact_ratio": noted("Impact ratio"),
        difference: noted("Difference"),
    }
    pairs = [
        column
        for kind in kinds
        for column in (
            Column(title=words(titles[kind]), align="right", share=10),
            Column(title=(Label(ends, "clause"),), align="right", share=16 if kind == difference else 14),
        )
    ]
    return Table(
        columns=(
            Column(title=words("Group"), share=18),
            Column(title=words("n"), align="right", share=8),
            *([Column(title=words("Selected"), align="right", share=9)] if counted else []),
            *pairs,
        ),
        rows=tuple(rows),
        source=listed([*_against(against, len(rows)), source([*figures, *(count for _, count in groups)])], " "),
    )


def _against(references: Iterable[str], groups: int) -> Iterator[Parts]:
    """What ratios and differences are taken against, and how it was chosen."""
    found = list(references)
    if found:
        yield words("Reference: {references}.", references=listed([(reference_label(text),) for text in found]))
        if groups > 2 and not all(text.endswith("(stated in the plan)") for text in found):
            yield words("It was chosen after looking, and intervals do not allow for it.")


def _of(reader: Reader, kind: str, columns: tuple[str, ...]) -> list[Figure]:
    return [f for f in reader.named(kind) if set(f.keys) == set(columns)]


def _chart(reader: Reader, kind: str, width: float) -> Chart | None:
    """One measure over all groups, column by column; the reference is hollow."""
    rows: list[draw.Interval] = []
    figures: list[Figure] = []
    for column in reader.sensitive:
        before = len(rows)
        for group, figure in reader.keyed(kind, column):
            if figure.value is None:
                continue
            rows.append(_drawn(figure, group, kind, opens=len(rows) == before))
            figures.append(figure)
    if not rows:
        return None
    ratio = kind == "fairness.impact_ratio"
    axis = say(_AXES[kind])
    if any(f.low is not None for f in figures):
        axis = say("{measure} with {interval}", measure=axis, interval=level(figures))
    drawn = draw.intervals(
        rows[:MOST_DRAWN],
        line=1.0 if ratio else None,
        mark=SCREEN if ratio else None,
        width=width,
        axis=axis,
    )
    caption: Parts = words("Share given the favourable decision, by group.")
    if kind == "fairness.mean_prediction":
        caption = words("Mean prediction, by group.")
    if ratio:
        caption = words("Ratio to the reference of the same column. Shaded: at or above four fifths; bold: below it.")
    return Chart(
        svg=drawn,
        alt=say(EACH_GROUP, measure=measure(kind).title),
        width="half" if width == draw.HALF else "full",
        caption=caption,
    )


def _drawn(figure: Figure, group: str, kind: str, *, opens: bool) -> draw.Interval:
    ratio = kind == "fairness.impact_ratio"
    reference = ratio and is_reference(figure, [group])
    value = float(figure.value or 0.0)
    low = ratio and not reference and value < SCREEN
    return draw.Interval(
        name=group,
        value=value,
        text=say("reference") if reference else figure_text(figure),
        low=figure.low,
        high=figure.high,
        tone="quiet" if reference else "attention" if low else "plain",
        opens=opens,
    )


def _unknown(reader: Reader) -> tuple[Block, ...]:
    """Rows whose group is not known: counted, and left out of all ratios."""
    found = [(c, f) for c, f in reader.keyed("fairness.unknown", "column")]
    if not found:
        return ()
    counts = listed([(name(column), Words(" "), *number(figure)) for column, figure in found], "; ")
    said = words("Rows whose group is unknown are counted and left out of ratios: {counts}.", counts=counts)
    return (Paragraph(parts=said, style="note"),)
