"""Gates: limits set before, and what was found; for page one and section 1."""

from __future__ import annotations

from explainkit.evidence import Evidence, GateOutcome
from explainkit.figures import Field, parse_figure_id
from explainkit.report.card import Block, Column, Label, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.measures import measure
from explainkit.report.phrases import clause, in_words, name, number, title, words
from explainkit.report.reader import Reader

NONE = (Words("NO GATES DEFINED", strong=True), Words(": no limit was set that a figure could fail."))
_ON_PAGE_ONE = 7


def short(evidence: Evidence) -> tuple[Block, ...]:
    """Gate, limit, found, outcome; failed ones first."""
    if not evidence.gates:
        return (Paragraph(parts=NONE, style="alert"),)
    reader = Reader(evidence)
    ordered = sorted(evidence.gates, key=lambda g: (g.outcome == "passed", g.severity != "block"))
    rows = tuple(
        Row(
            cells=(
                _gate(g),
                (Label(g.limit.replace(">=", "≥").replace("<=", "≤"), "clause"),),
                _found(reader, g),
                (outcome(g),),
            )
        )
        for g in ordered[:_ON_PAGE_ONE]
    )
    table = Table(
        columns=(
            Column(title=words("Gate"), share=42),
            Column(title=words("Limit"), align="right", share=16),
            Column(title=words("Found"), align="right", share=22),
            Column(title=words("Outcome"), share=20),
        ),
        rows=rows,
    )
    if len(ordered) > _ON_PAGE_ONE:
        return (table, Paragraph(parts=words("More gates stand in the summary."), style="note"))
    return (table,)


def full(evidence: Evidence) -> tuple[Block, ...]:
    """Every gate with its bound, severity and reason."""
    if not evidence.gates:
        return (Paragraph(parts=NONE, style="alert"),)
    reader = Reader(evidence)
    rows = tuple(
        Row(
            cells=(
                _gate(g),
                (Label(g.limit.replace(">=", "≥").replace("<=", "≤"), "clause"),),
                words({"low": "lower end", "high": "upper end"}.get(g.bound, "value")),
                _found(reader, g),
                words("blocks" if g.severity == "block" else "warns"),
                (outcome(g),),
                (clause(g.reason),),
            )
        )
        for g in evidence.gates
    )
    table = Table(
        columns=(
            Column(title=words("Gate"), share=23),
            Column(title=words("Limit"), align="right", share=10),
            Column(title=words("Decided by"), share=10),
            Column(title=words("Found"), align="right", share=12),
            Column(title=words("If failed"), share=9),
            Column(title=words("Outcome"), share=10),
            Column(title=words("Reason"), share=26),
        ),
        rows=rows,
        source=words(
            "A gate whose figure is absent or was not measured fails, unless the plan allows it to be missing."
        ),
    )
    return (table,)


def outcome(gate: GateOutcome) -> Mark:
    """Passed or failed, in a word with its sign."""
    return Mark("ok", "passed") if gate.outcome == "passed" else Mark("attention", "failed")


def _gate(gate: GateOutcome) -> Parts:
    """The gate by the title of its measure, and its group; a gate on a whole name names what decided."""
    kind, keys = parse_figure_id(gate.gate)
    head: Parts = (title(measure(kind).title.partition(" (")[0]),)
    if keys:
        return (*head, Words(", "), name(in_words(keys)))
    if gate.figure and (keys := _keys_of(gate.figure)):
        return (*head, Words(", worst: "), name(in_words(keys)))
    return head


def _keys_of(figure: str) -> dict[str, str]:
    """What tells a figure from others of its name; of a difference to the champion, that of the figure compared."""
    keys = parse_figure_id(figure)[1]
    compared = keys.get("figure")
    if compared is None:
        return keys
    # A very long id stands in the key by its digest.
    return keys if compared.startswith("sha256:") else parse_figure_id(compared)[1]


def _found(reader: Reader, gate: GateOutcome) -> Parts:
    figures = {f.id: f for f in reader.evidence.figures}
    figure = figures.get(gate.figure or "")
    if figure is None:
        return words("absent")
    field: Field = "low" if gate.bound == "low" else "high" if gate.bound == "high" else "value"
    return number(figure, field) or number(figure)
