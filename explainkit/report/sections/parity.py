"""Within section 9: the gaps that parity criteria look at, and differences held against the stated tolerance."""

from __future__ import annotations

from explainkit.evidence import Verdict
from explainkit.figures import Figure, parse_figure_id
from explainkit.report.card import Block, Column, Group, Label, Mark, Paragraph, Parts, Row, Table, Tone, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.measures import measure
from explainkit.report.phrases import clause, group_name, interval, level, name, number, source, title, words
from explainkit.report.reader import Reader

_SELECTION = "fairness.selection_difference"
_GAPS = (
    "fairness.demographic_parity_difference",
    "fairness.equal_opportunity_difference",
    "fairness.false_positive_rate_gap",
    "fairness.equalized_odds_difference",
    "fairness.predictive_parity_difference",
    "fairness.accuracy_gap",
)
_ON_PAPER = 16
_TONES: dict[str, Tone] = {"within": "ok", "exceeds": "attention"}
_OUTCOMES = {
    "within": noted("within"),
    "exceeds": noted("exceeds"),
    "insufficient evidence": noted("insufficient evidence"),
}


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Gaps by column, then verdicts."""
    return (*_gaps(reader), *_verdicts(reader))


def _gaps(reader: Reader) -> tuple[Block, ...]:
    rows: list[Row] = []
    figures: list[Figure] = []
    for column in reader.sensitive:
        for kind in _GAPS:
            figure = reader.figure(kind, column=column)
            if figure is None:
                continue
            known = measure(kind)
            figures.append(figure)
            where: Parts = (clause(figure.reason),) if figure.status == "measured" and figure.reason else ()
            rows.append(
                Row(
                    cells=(
                        (name(column),),
                        (title(known.title), Words(": "), title(known.meaning)),
                        number(figure),
                        interval(figure),
                        where,
                        number(figure, "n"),
                    )
                )
            )
    if not rows:
        return ()
    table = Table(
        columns=(
            Column(title=words("By"), share=13),
            Column(title=words("Criterion"), share=31),
            Column(title=words("Gap"), align="right", share=9),
            Column(title=(Label(level(figures), "clause"),), align="right", share=14),
            Column(title=words("Between"), share=24),
            Column(title=words("Rows"), align="right", share=9),
        ),
        rows=tuple(rows),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    intro = words(
        "Each criterion compares one rate; where base rates differ, no model closes all gaps at once (Chouldechova). A "
        "gap is the largest rate minus the smallest among the groups shown, so that chance alone makes it larger than "
        "zero."
    )
    return (
        Group(title=words("Gaps that parity criteria look at"), blocks=(Paragraph(parts=intro, style="text"), table)),
    )


def _verdicts(reader: Reader) -> tuple[Block, ...]:
    judged = reader.evidence.verdicts
    heading = words("Differences against the stated tolerance")
    if not judged:
        if not reader.named(_SELECTION):
            return ()
        blank = say("no tolerance stated")
        none = words(
            "{mark} (fairness.tolerance): no difference was held against one, so there is no verdict.",
            mark=Mark("open", blank),
        )
        return (Group(title=heading, blocks=(Paragraph(parts=none, style="note"),)),)
    intro = words(
        "Tolerance stated in the plan: a difference of at most {tolerance} from the reference, in either direction. "
        "Within: the whole interval is tolerated. Exceeds: all of it lies beyond. Anything else is insufficient "
        "evidence, which is not a pass. Intervals are conditional on this fitted model.",
        tolerance=Label(f"{judged[0].tolerance:g}".replace(".", spoken().decimal), "clause"),
    )
    figures = [figure for v in judged if (figure := reader.evidence.figure_set.get(v.figure)) is not None]
    table = Table(
        columns=(
            Column(title=words("Group"), share=18),
            Column(title=words("Difference in"), share=16),
            Column(title=words("Found"), align="right", share=8),
            Column(title=(Label(level(figures), "clause"),), align="right", share=16),
            Column(title=words("Verdict"), share=21),
            Column(title=words("Because"), share=21),
        ),
        rows=tuple(_judged(reader, v) for v in judged),
        source=source(figures),
        print_rows=_ON_PAPER,
    )
    return (Group(title=heading, blocks=(Paragraph(parts=intro, style="text"), table)),)


def _judged(reader: Reader, verdict: Verdict) -> Row:
    figure = reader.evidence.figure_set.get(verdict.figure)
    kind, keys = parse_figure_id(verdict.figure)
    # Without the end of its name, a difference is the rate that it is one of.
    rate = "fairness.selection_rate" if kind == _SELECTION else kind.removesuffix("_difference")
    what: Parts = (title(measure(rate).title),)
    return Row(
        cells=(
            group_name(tuple(value for key, value in keys.items() if key != "class" or len(keys) == 1)),
            (*what, Words(", "), name(keys["class"])) if "class" in keys and len(keys) > 1 else what,
            number(figure),
            interval(figure),
            (Mark(_TONES.get(verdict.outcome, "open"), say(_OUTCOMES[verdict.outcome])),),
            (clause(verdict.reason),),
        )
    )
