"""Within section 6: in what the evaluation data differs from the reference data, and what that may mean."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.figures import Figure
from explainkit.plan import DriftPlan
from explainkit.report import charts as draw
from explainkit.report.card import Block, Chart, Column, Group, Items, Label, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import clause, interval, level, listed, name, number, source, words
from explainkit.report.reader import Reader
from explainkit.report.sections.findings import DRIFTS, items

_ON_PAPER = 25
_DRAWN = 20
_TOLD = 3
_CONCEPT = (
    ("drift.outcome_rate", noted("share of the outcome, less that expected from the reference data")),
    ("drift.concept_intercept", noted("log-odds of the outcome at an equal score")),
    ("drift.concept_slope", noted("slope of the outcome on the score")),
    ("drift.mean_error", noted("mean error, in standard deviations of the outcome")),
)
_ESTIMATES = (
    ("drift.estimated_roc_auc", noted("area under the ROC curve")),
    ("drift.estimated_base_rate", noted("share of the outcome")),
    ("drift.estimated_precision", noted("precision")),
    ("drift.estimated_recall", noted("recall")),
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Findings, the whole at a glance, columns one by one, outcomes, explanations, estimates."""
    psi = reader.named("drift.psi")
    if not psi and not reader.named("drift.score_psi"):
        return ()
    title = words("Drift: evaluation data against reference data")
    if len(psi) == 1 and not psi[0].keys:
        said = words("Not measured, because: {reason}.", reason=clause(psi[0].reason or ""))
        return (Group(title=title, blocks=(Paragraph(parts=(Mark("open", say("open")), Words(" "), *said)),)),)
    found: list[Block] = []
    told = tuple(items(reader, DRIFTS, linked=False))
    if told:
        found.append(Items(items=told))
    found += [*_apart(reader), *_columns(reader), *_concept(reader), *_estimates(reader), *_explanations(reader)]
    return (Group(title=title, blocks=tuple(found), id="drift"),)


def _apart(reader: Reader) -> tuple[Block, ...]:
    """How well a classifier tells the data sets apart, and by what."""
    figure = reader.figure("drift.told_apart")
    if figure is None:
        return ()
    if figure.status != "measured":
        said = words("A classifier that tells both data sets apart: {reason}.", reason=clause(figure.reason or ""))
        return (Paragraph(parts=said, style="note"),)
    said = words(
        "A classifier tells evaluation rows from reference rows with an area under the ROC curve of {area} "
        "({interval}; one half is chance; p {p}), taught and asked on {rows} rows.",
        area=number(figure, strong=True),
        interval=interval(figure),
        p=number(reader.figure("drift.told_apart_p")),
        rows=number(figure, "n"),
    )
    lost = [f for f in reader.named("drift.told_apart_lost") if (f.value or 0) > 0][:_TOLD]
    p_value = reader.measured("drift.told_apart_p")
    if lost and p_value is not None and (p_value.value or 0) <= _limits(reader).chance:
        columns = listed(
            [words("{column} ({lost})", column=name(reader.feature(f, "column")), lost=number(f)) for f in lost]
        )
        said = (*said, Words(" "), *words("Most telling, by the area lost without them: {columns}.", columns=columns))
    return (Paragraph(parts=said, style="read"),)


def _limits(reader: Reader) -> DriftPlan:
    return DriftPlan(**reader.evidence.plan.get("drift", {}))


def _columns(reader: Reader) -> tuple[Block, ...]:
    scores = [("drift.score_", f) for f in reader.named("drift.score_psi")]
    columns = sorted(
        (("drift.", f) for f in reader.named("drift.psi")), key=lambda pair: (-(pair[1].value or 0.0), pair[1].id)
    )
    tests = [*scores, *columns]
    if not tests:
        return ()
    shown: list[Figure | None] = []
    rows = [_row(reader, prefix, figure, shown) for prefix, figure in tests]
    table = Table(
        columns=(
            Column(title=words("Column"), share=24),
            Column(title=words("PSI"), align="right", share=9),
            Column(title=(Label(level([f for _, f in tests]), "clause"),), align="right", share=17),
            Column(title=words("Distance"), align="right", share=11),
            Column(title=words("Moved"), align="right", share=11),
            Column(title=words("Missing"), align="right", share=11),
            Column(title=words("p, all tests"), align="right", share=17),
        ),
        rows=tuple(rows),
        source=source(shown),
        print_rows=_ON_PAPER,
    )
    intro = words(
        "Distance: Kolmogorov–Smirnov for numbers, Jensen–Shannon for categories. Moved: by how many standard "
        "deviations of the reference data numbers moved on average. A small p says that chance does not explain the "
        "difference, not that it is large: with many rows even tiny ones are no chance. PSI says how large it is; the "
        "limits in use are customs."
    )
    inside: list[Block] = [Paragraph(parts=intro, style="text"), table]
    chart = _chart(reader, tests)
    if chart is not None:
        inside.append(chart)
    return (Group(title=words("Column by column"), blocks=tuple(inside)),)


def _row(reader: Reader, prefix: str, psi: Figure, shown: list[Figure | None]) -> Row:
    keys = psi.keys
    distance = reader.figure(f"{prefix}ks", keys) or reader.figure(f"{prefix}jensen_shannon", keys)
    moved, missing = reader.figure(f"{prefix}wasserstein", keys), reader.figure("drift.missing", keys)
    p_value = reader.figure(f"{prefix}p_value", keys)
    shown += [psi, distance, moved, missing if prefix == "drift." else None, p_value]
    return Row(
        cells=(
            _called(reader, psi),
            number(psi),
            interval(psi),
            number(distance),
            number(moved),
            number(missing) if "column" in keys else (),
            number(p_value),
        ),
        tone="plain" if "column" in keys else "strong",
    )


def _called(reader: Reader, psi: Figure) -> Parts:
    if "column" in psi.keys:
        return (name(reader.feature(psi, "column")),)
    if "class" in psi.keys:
        return words("score of {outcome}", outcome=name(psi.keys["class"]))
    return words("score")


def _chart(reader: Reader, tests: Sequence[tuple[str, Figure]]) -> Chart | None:
    """PSI with its intervals."""
    limit = _limits(reader).psi
    beyond = {finding.figure for finding in reader.evidence.findings if finding.limit == "drift.psi"}
    rows = [
        draw.Interval(
            name=say("score") if "column" not in f.keys else reader.feature(f, "column"),
            value=f.value,
            low=f.low,
            high=f.high,
            text=figure_text(f),
            tone="attention" if f.id in beyond else "plain",
        )
        for _, f in tests
        if f.status == "measured" and "class" not in f.keys
    ][:_DRAWN]
    if len(rows) < 2:
        return None
    largest = max((r.high if r.high is not None else r.value) or 0.0 for r in rows)
    return Chart(
        svg=draw.intervals(
            rows, mark=limit if largest > limit else None, line=0.0, axis=say("population stability index")
        ),
        alt=say("Population stability index of the score and of each column, with intervals, the largest first"),
        width="half",
        caption=words("How far each moved; the band begins at the limit of the plan (drift.psi), where one reaches it"),
    )


def _concept(reader: Reader) -> tuple[Block, ...]:
    """Whether outcomes depend on the score as before."""
    figures = [(label, f) for key, label in _CONCEPT if (f := reader.figure(key)) is not None]
    if not figures:
        return ()
    title = words("Outcomes at equal scores")
    measured = [(label, f) for label, f in figures if f.status == "measured"]
    if not measured:
        said = words("Not measured, because: {reason}.", reason=clause(figures[0][1].reason or ""))
        return (Group(title=title, blocks=(Paragraph(parts=said, style="note"),)),)
    table = Table(
        columns=(
            Column(title=words("Evaluation data less reference data"), share=52),
            Column(title=words("Difference"), align="right", share=14),
            Column(title=(Label(level([f for _, f in measured]), "clause"),), align="right", share=22),
            Column(title=words("n"), align="right", share=12),
        ),
        rows=tuple(Row(cells=(words(label), number(f), interval(f), number(f, "n"))) for label, f in measured),
        source=source([f for _, f in measured]),
    )
    warning = words(
        "If the reference data is what the model was trained on, it fits those rows better than any others: a lower "
        "slope, and errors that grew, are then to be expected without any drift (optimism). Against data that is new "
        "to the model, a difference says that the same score means something else than it did."
    )
    p_value = reader.measured("drift.concept_p_value")
    if p_value is not None:
        said = words("Chance of such differences if nothing had changed: p {p}.", p=number(p_value))
        warning = (*said, Words(" "), *warning)
    return (Group(title=title, blocks=(table, Paragraph(parts=warning, style="text"))),)


def _estimates(reader: Reader) -> tuple[Block, ...]:
    """What performance would be, where no outcome is known."""
    figures = [(label, f) for key, label in _ESTIMATES if (f := reader.figure(key)) is not None]
    if not figures:
        return ()
    table = Table(
        columns=(
            Column(title=words("Estimate, not measured"), share=70),
            Column(title=words("Estimate"), align="right", share=30),
        ),
        rows=tuple(
            Row(cells=((Mark("open", say("estimate")), Words(" "), *words(label)), number(f))) for label, f in figures
        ),
        source=source([f for _, f in figures]),
    )
    why = words(
        "No outcome is known. These are what performance would be if the same score still meant the same chance of "
        "the outcome; if that has changed, nothing here would show it."
    )
    return (Group(title=words("Performance, estimated"), blocks=(Paragraph(parts=why, style="text"), table)),)


def _explanations(reader: Reader) -> tuple[Block, ...]:
    """Whether the same inputs carry the answers."""
    ranks = reader.figure("explanation.drift.rank_correlation")
    if ranks is None:
        return ()
    title = words("Explanations")
    differences = sorted(reader.named("explanation.drift.difference"), key=lambda f: (-abs(f.value or 0.0), f.id))
    if not differences:
        said = words("Not measured, because: {reason}.", reason=clause(ranks.reason or ""))
        return (Group(title=title, blocks=(Paragraph(parts=said, style="note"),)),)
    others = [reader.figure("explanation.drift.reference", f.keys) for f in differences]
    table = Table(
        columns=(
            Column(title=words("Input"), share=40),
            Column(title=words("Importance in the reference data"), align="right", share=20),
            Column(title=words("Difference"), align="right", share=16),
            Column(title=(Label(level(differences), "clause"),), align="right", share=24),
        ),
        rows=tuple(
            Row(cells=((name(reader.feature(f)),), number(other), number(f), interval(f)))
            for f, other in zip(differences, others, strict=True)
        ),
        source=source([*differences, *others, ranks]),
        print_rows=10,
    )
    said = words(
        "Rank correlation of the importance of inputs in both data sets: {value} ({interval}).",
        value=number(ranks, strong=True),
        interval=interval(ranks),
    )
    return (Group(title=title, blocks=(Paragraph(parts=said, style="text"), table)),)
