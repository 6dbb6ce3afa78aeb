"""Part of section 12: what becomes of answers when inputs are missing, shifted, noisy, extreme, unseen or unusual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explainkit.figures import Figure, as_in_ids
from explainkit.report.card import Block, Column, Group, Label, Link, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.numbers import figure_number
from explainkit.report.phrases import (
    clause,
    interval,
    listed,
    methods,
    name,
    number,
    reasons,
    source,
    stacked,
    title,
    words,
)
from explainkit.report.reader import Reader

CHANGES: Mapping[str, str] = {
    "missing": noted("missing"),
    "up": noted("raised"),
    "down": noted("lowered"),
    "noise": noted("noise"),
    "lowest": noted("lowest"),
    "highest": noted("highest"),
    "other": noted("other value"),
    "unseen": noted("new category"),
}
_MEASURES = {"roc_auc": noted("area under the ROC curve"), "accuracy": noted("accuracy")}
_STRONGEST = 10


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Single inputs, the worst small changes, scenarios, wrong labels, and rows off the data."""
    groups = (_inputs(reader), _worst(reader), _scenarios(reader), _unusual(reader), _labels(reader))
    return tuple(group for group in groups if group is not None)


def _shown(reader: Reader) -> str:
    """The figure that tells most of a change: flips where something is decided."""
    flips = reader.named("robustness.flips")
    return "robustness.flips" if any(f.status == "measured" for f in flips) else "robustness.score_change"


def _inputs(reader: Reader) -> Group | None:
    every = reader.named("robustness.score_change")
    if not every:
        return None
    shown = _shown(reader)
    found = [f for f in reader.named(shown) if f.status == "measured"]
    blocks: list[Block] = []
    if found:
        blocks.append(Paragraph(parts=_reading(reader, shown, found), style="read"))
        blocks += [_by_input(reader, shown), _strongest(reader, shown, found)]
    refused = [f for f in every if f.status == "not_tested"]
    if refused:
        told = [
            words(
                "{feature} ({change}): {reason}",
                feature=_of(reader, f),
                change=words(CHANGES[f.keys["change"]]),
                reason=clause(f.reason or ""),
            )
            for f in refused[:_STRONGEST]
        ]
        blocks.append(Paragraph(parts=words("Not answered: {changes}.", changes=listed(told, "; ")), style="note"))
    return Group(title=words("When inputs change"), blocks=tuple(blocks), id="changed-inputs")


def _of(reader: Reader, figure: Figure) -> Parts:
    return (name(reader.feature(figure)),) if "feature" in figure.keys else words("all numbers at once")


def _reading(reader: Reader, shown: str, found: Sequence[Figure]) -> Parts:
    worst = max(found, key=_size)
    noise = reader.measured(shown, change="noise")
    parts = words(
        "Each input was changed by itself, in {rows} evaluation rows. {feature} moves most ({change}): {value}.",
        rows=number(worst, "n"),
        feature=_of(reader, worst),
        change=words(CHANGES[worst.keys["change"]]),
        value=_said(shown, worst),
    )
    if noise is None:
        return parts
    return (*parts, Words(" "), *words("Noise in all numbers at once: {value}.", value=_said(shown, noise)))


def _said(shown: str, figure: Figure) -> Parts:
    if shown == "robustness.flips":
        return words("{share} of the decisions flip", share=number(figure, strong=True))
    return words("the answer moves by {amount} in the mean", amount=number(figure, strong=True))


def _size(figure: Figure) -> float:
    return figure_number(figure) or 0.0


def _by_input(reader: Reader, shown: str) -> Table:
    """A row for each input, a column for each change."""
    figures = {(f.keys["feature"], f.keys["change"]): f for f in reader.named(shown) if "feature" in f.keys}
    absent = {
        (f.keys["feature"], f.keys["change"]): f
        for f in reader.named("robustness.score_change")
        if f.status != "measured" and "feature" in f.keys
    }
    both = figures | {key: f for key, f in absent.items() if key not in figures}
    used = [change for change in CHANGES if any(key[1] == change for key in both)]
    features = list(dict.fromkeys(feature for feature, _ in both))
    largest = {
        feature: max((_size(figures[feature, c]) for c in used if (feature, c) in figures), default=0.0)
        for feature in features
    }
    features.sort(key=lambda feature: -largest[feature])
    share = 72 // max(1, len(used))
    flips = shown == "robustness.flips"
    return Table(
        columns=(
            Column(title=words("Input"), share=100 - share * len(used)),
            *(Column(title=words(CHANGES[change]), align="right", share=share) for change in used),
        ),
        rows=tuple(
            Row(cells=((name(reader.feature(feature)),), *(number(both.get((feature, c))) for c in used)))
            for feature in features
        ),
        caption=words("Share of decisions that flip") if flips else words("Mean change of the answer"),
        source=words(
            "Raised and lowered: {shift}; lowest and highest: of the reference data; other value: of a reference row "
            "drawn at random; new category: one that is in neither data. Empty: the change does not apply.",
            shift=_shift(reader),
        ),
        print_rows=20,
    )


def _shift(reader: Reader) -> Parts:
    stated = reader.evidence.plan.get("robustness", {}).get("shift", 1.0)
    return words("by {count} standard deviations of the reference data", count=_stated(f"{stated:g}"))


def _stated(text: str) -> Label:
    return Label(text.replace(".", spoken().decimal), "statement")


def _strongest(reader: Reader, shown: str, found: Sequence[Figure]) -> Table:
    """The changes that move most, with all that was measured of them."""
    chosen = sorted(found, key=lambda f: -_size(f))[:_STRONGEST]
    joint = reader.measured(shown, change="noise")
    if joint is not None and joint not in chosen:
        chosen.append(joint)
    flips = shown == "robustness.flips"
    rows, used = [], list[list[Figure | None]]()
    for figure in chosen:
        keys = figure.keys
        measured = [
            reader.figure(f"robustness.{kind}", keys)
            for kind in (*(("flips",) if flips else ()), "score_change", "score_change_p95", "performance_change")
        ]
        used.append(measured)
        cells = (_of(reader, figure), words(CHANGES[keys["change"]]), *(stacked(f) for f in measured))
        rows.append(Row(cells=cells))
    return Table(
        columns=(
            Column(title=words("Input"), share=22),
            Column(title=words("Change"), share=14),
            *((Column(title=words("Decisions flipped"), align="right", share=16),) if flips else ()),
            Column(title=words("Mean change of the answer"), align="right", share=16),
            Column(title=words("Exceeded by one in twenty"), align="right", share=12),
            Column(title=words("Change of performance"), align="right", share=20),
        ),
        rows=tuple(rows),
        caption=words("What moves most"),
        source=listed([parts for column in zip(*used, strict=True) if (parts := _in_common(column))], " · "),
    )


def _in_common(figures: Sequence[Figure | None]) -> Parts:
    """What the methods of several changes share, then why some have no value; each row names its change."""
    pieces = [figure.method.split("; ") for figure in figures if figure is not None and figure.method]
    shared = [piece for piece in pieces[0] if all(piece in other for other in pieces)] if pieces else []
    method = (clause("; ".join(shared)),) if shared else ()
    return listed([parts for parts in (method, reasons(figures)) if parts], " · ")


def _worst(reader: Reader) -> Group | None:
    moves = reader.measured("robustness.worst.score_change")
    if moves is None:
        return None
    flips = reader.measured("robustness.worst.flips")
    found = [_said("robustness.score_change", moves)]
    if flips is not None:
        share, ends = number(flips, strong=True), interval(flips)
        found = [words("{share} of the decisions flip ({ends})", share=share, ends=ends), *found]
    parts = words(
        "For {rows} rows the worst change of all numbers together, within their noise, was searched: {found}. The "
        "model itself answers so; there may be worse changes.",
        rows=number(moves, "n"),
        found=listed(found, "; "),
    )
    note = Paragraph(parts=methods([flips or moves]), style="note")
    return Group(title=words("Worst small changes, found by search"), blocks=(Paragraph(parts=parts), note))


def _scenarios(reader: Reader) -> Group | None:
    stated = {as_in_ids(str(s["name"])): s for s in reader.evidence.plan.get("scenarios", ())}
    if not stated:
        return None
    flips = any(f.status == "measured" for f in reader.named("robustness.scenario.flips"))
    kinds = (*(("flips",) if flips else ()), "score_shift", "score_change", "score_change_p95")
    titles = {
        "flips": words("Decisions flipped"),
        "score_shift": words("Shift of the mean answer"),
        "score_change": words("Mean change of the answer"),
        "score_change_p95": words("Exceeded by one in twenty"),
    }
    kinds = tuple(kind for kind in kinds if reader.named(f"robustness.scenario.{kind}"))
    rows, used = [], []
    for key, scenario in stated.items():
        measured = [reader.figure(f"robustness.scenario.{kind}", scenario=key) for kind in kinds]
        used += measured
        said = (name(key, strong=True), Words(": "), *_changes(scenario.get("changes", {})))
        rows.append(Row(cells=(said, *(stacked(f) for f in measured))))
    share = 64 // len(kinds)
    table = Table(
        columns=(
            Column(title=words("Scenario"), share=100 - share * len(kinds)),
            *(Column(title=titles[kind], align="right", share=share) for kind in kinds),
        ),
        rows=tuple(rows),
        source=source(used),
    )
    intro = words(
        "Every evaluation row, with all changes of a scenario together. What people would do then is not known."
    )
    groups = _by_group(reader, list(stated))
    return Group(title=words("Scenarios"), blocks=(Paragraph(parts=intro), table, *groups), id="scenarios")


def _changes(changes: Mapping[str, Any]) -> Parts:
    told = [(name(column), Words(" "), _stated(_amount(change))) for column, change in changes.items()]
    return listed(told)


def _amount(change: Any) -> str:
    return f"= {change:g}" if isinstance(change, int | float) else str(change)


def _by_group(reader: Reader, scenarios: Sequence[str]) -> tuple[Block, ...]:
    figures = reader.named("robustness.scenario.flips_by_group")
    groups = list(dict.fromkeys((f.keys["by"], f.keys["group"]) for f in figures if f.keys))
    if not groups:
        return (Paragraph(parts=reasons(figures), style="note"),) if figures else ()
    found = {(f.keys["scenario"], f.keys["by"], f.keys["group"]): f for f in figures if f.keys}
    share = 60 // len(scenarios)
    table = Table(
        columns=(
            Column(title=words("Group"), share=100 - share * len(scenarios)),
            *(Column(title=(name(s),), align="right", share=share) for s in scenarios),
        ),
        rows=tuple(
            Row(cells=((name(by), Words(": "), name(group)), *(stacked(found.get((s, by, group))) for s in scenarios)))
            for by, group in groups
        ),
        caption=words("Share of decisions that flip, by group"),
        source=source(figures),
    )
    return (table,)


def _unusual(reader: Reader) -> Group | None:
    share = reader.figure("robustness.off_data.rows")
    if share is None:
        return None
    heading = words("Unusual inputs")
    if share.status != "measured":
        mark: Parts = (Mark("open", say("not tested")), Words(" "), *reasons([share]))
        return Group(title=heading, blocks=(Paragraph(parts=mark),), id="off-data")
    level = reader.evidence.plan.get("robustness", {}).get("off_data", 0.99)
    parts = words(
        "{count} of {rows} rows are off the data ({share}; {ends}): no reference row is near. By the same measure "
        "{usual} % of the reference rows are off it.",
        count=number(share, "events", strong=True),
        rows=number(share, "n"),
        share=number(share),
        ends=interval(share),
        usual=_stated(f"{100 * (1 - level):.3g}"),
    )
    rows, used = [], [share]
    for kind, said in (("score", noted("Mean answer")), ("loss", noted("Mean error"))):
        measured = [reader.figure(f"robustness.off_data.{kind}", rows=side) for side in ("off", "on")]
        measured.append(reader.figure(f"robustness.off_data.{kind}_difference"))
        if any(f is not None for f in measured):
            rows.append(Row(cells=(words(said), *(stacked(f) for f in measured))))
            used += [f for f in measured if f is not None]
    table = Table(
        columns=(
            Column(title=(), share=28),
            *(
                Column(title=words(t), align="right", share=24)
                for t in (noted("Off the data"), noted("On the data"), noted("Difference"))
            ),
        ),
        rows=tuple(rows),
        source=source(used),
    )
    return Group(title=heading, blocks=(Paragraph(parts=parts), *((table,) if rows else ())), id="off-data")


def _labels(reader: Reader) -> Group | None:
    figures = [f for f in reader.named("robustness.label_noise") if f.keys]
    if not figures:
        return None
    kinds = list(dict.fromkeys(f.keys["measure"] for f in figures))
    shares = list(dict.fromkeys(f.keys["share"] for f in figures))
    rows = []
    for kind in kinds:
        card = reader.figure(f"performance.{kind}")
        cells = [stacked(reader.figure("robustness.label_noise", measure=kind, share=s)) for s in shares]
        rows.append(Row(cells=(words(_MEASURES.get(kind, kind)), number(card), *cells)))
    share = 54 // len(shares)
    percent = [f"{100 * float(s):g} %".replace(".", spoken().decimal) for s in shares]
    table = Table(
        columns=(
            Column(title=words("Measure"), share=84 - share * len(shares)),
            Column(title=words("As labelled"), align="right", share=16),
            *(Column(title=(title(p, "statement"),), align="right", share=share) for p in percent),
        ),
        rows=tuple(rows),
        caption=words("If so many of the outcomes were wrong, see {section}", section=Link("performance")),
        source=listed([words("Each outcome is flipped by the chance above the column"), _in_common(figures)], "; "),
    )
    return Group(title=words("Wrong labels"), blocks=(table,))
