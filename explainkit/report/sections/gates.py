"""Gates: limits set before, and what was found; for page one and section 1."""

from __future__ import annotations

import re

from explainkit.evidence import Evidence, GateOutcome
from explainkit.figures import Field, parse_figure_id
from explainkit.report.card import Block, Column, Label, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.measures import short_title
from explainkit.report.phrases import clause, in_words, name, number, title, words
from explainkit.report.reader import Reader

_ON_PAGE_ONE = 7
BOUNDS = {"low": noted("lower end"), "high": noted("upper end"), "value": noted("value")}
_WITHIN = re.compile(r"within \[(?P<low>.+), (?P<high>.+)\]")
_COMPARED = re.compile(r"(?P<side>[≥≤]) champion(?P<margin>.*)")


def short(evidence: Evidence) -> tuple[Block, ...]:
    """Gate, limit, found, outcome; failed ones first."""
    if not evidence.gates:
        return _none()
    reader = Reader(evidence)
    ordered = sorted(evidence.gates, key=lambda g: (g.outcome == "passed", g.severity != "block"))
    rows = tuple(
        Row(
            cells=(
                called(g),
                limit(g),
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
        return _none()
    reader = Reader(evidence)
    rows = tuple(
        Row(
            cells=(
                called(g),
                limit(g),
                words(BOUNDS[g.bound]),
                _found(reader, g),
                words("blocks") if g.severity == "block" else words("warns"),
                (outcome(g),),
                (clause(g.reason),),
            )
        )
        for g in evidence.gates
    )
    table = Table(
        columns=(
            Column(title=words("Gate"), share=22),
            Column(title=words("Limit"), align="right", share=10),
            Column(title=words("Decided by"), share=12),
            Column(title=words("Found"), align="right", share=11),
            Column(title=words("If failed"), share=11),
            Column(title=words("Outcome"), share=11),
            Column(title=words("Reason"), share=23),
        ),
        rows=rows,
        source=words(
            "A gate whose figure is absent or was not measured fails, unless the plan allows it to be missing."
        ),
    )
    return (table,)


def outcome(gate: GateOutcome) -> Mark:
    """Passed or failed, in a word with its sign."""
    return Mark("ok", say("passed")) if gate.outcome == "passed" else Mark("attention", say("failed"))


def _none() -> tuple[Block, ...]:
    said = words("**NO GATES DEFINED**: no limit was set that a figure could fail.")
    return (Paragraph(parts=said, style="alert"),)


def limit(gate: GateOutcome) -> Parts:
    """The limit with signs and decimal marks as a reader writes them."""
    text = gate.limit.replace(">=", "≥").replace("<=", "≤").replace(".", spoken().decimal)
    if within := _WITHIN.fullmatch(text):
        text = say("within [{low}, {high}]", low=within["low"], high=within["high"])
    elif compared := _COMPARED.fullmatch(text):
        text = f"{compared['side']} {say('champion')}{compared['margin']}"
    return (Label(text, "clause"),)


def called(gate: GateOutcome) -> Parts:
    """The gate by the title of its measure, and its group; a gate on a whole name names what decided."""
    kind, keys = parse_figure_id(gate.gate)
    head: Parts = (title(short_title(kind)),)
    if keys:
        return (*head, Words(", "), name(in_words(keys)))
    if gate.figure and (keys := _keys_of(gate.figure)):
        return words("{measure}, worst: {group}", measure=head, group=name(in_words(keys)))
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
