"""Section 1: what was decided beforehand, what asks for attention, and the gates in full."""

from __future__ import annotations

from collections.abc import Iterator

from explainkit.evidence import Evidence
from explainkit.report.card import Block, Group, Items, Link, Mark, Paragraph, Parts, Section, Words
from explainkit.report.measures import measure
from explainkit.report.phrases import clause, interval, listed, name, number, on_page, statements, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections import gates, preconditions
from explainkit.report.sections.fairness import SCREEN, chosen, smallest

_MOST = 12


def section(evidence: Evidence) -> Section:
    """Findings before details."""
    reader = Reader(evidence)
    findings = attention(reader)
    inside: tuple[Block, ...] = (
        (Items(items=findings),)
        if findings
        else (
            Paragraph(
                parts=words("Nothing that was measured crossed a limit. What was not measured stands in the ledger.")
            ),
        )
    )
    blocks: tuple[Block, ...] = (
        Group(title=words("Decided beforehand, never guessed"), blocks=(preconditions.table(evidence),)),
        Group(title=words("What asks for attention"), blocks=inside),
        Group(title=words("Gates"), blocks=(*gates.full(evidence), *statements(reader, "gates"))),
    )
    return Section(number=1, id="summary", title="Summary", blocks=blocks)


def attention(reader: Reader) -> tuple[Parts, ...]:
    """Findings by weight: draft, gates, blocked reasons, small ratios, protected inputs, additivity, blanks."""
    found = [
        *((_flag("draft"), Words(" "), clause(reason)) for reason in reader.evidence.draft),
        *_failed_gates(reader),
        *_blocked(reader),
        *_small_ratio(reader),
        *_inputs(reader),
        *_blanks(reader),
    ]
    return tuple(found[:_MOST])


def _failed_gates(reader: Reader) -> Iterator[Parts]:
    for gate in reader.evidence.gates:
        if gate.outcome == "failed":
            about = title(measure(gate.gate.partition("[")[0]).title)
            yield (_flag("gate failed"), Words(" "), about, Words(": "), clause(gate.reason))


def _blocked(reader: Reader) -> Iterator[Parts]:
    """Adverse decisions with a protected attribute among their principal reasons."""
    blocked = reader.measured("explanation.reasons.blocked")
    if blocked is None or not blocked.value:
        return
    inputs = dict.fromkeys(
        name_
        for case in reader.evidence.cases
        for name_ in (case.decision.protected if case.decision is not None else None) or ()
    )
    yield (
        _flag("blocked reasons"),
        Words(" in "),
        *number(blocked),
        Words(" of "),
        *number(blocked, "n"),
        Words(" decisions against a person a principal reason is a protected attribute"),
        *((Words(" (among those shown: "), *listed([(name(n),) for n in inputs]), Words(")")) if inputs else ()),
        Words(", see "),
        Link("cases"),
    )


def _small_ratio(reader: Reader) -> Iterator[Parts]:
    lowest = smallest(reader)
    if lowest is not None and lowest.value is not None and lowest.value < SCREEN:
        column, group = next(iter(lowest.keys.items()))
        overall = chosen(reader, lowest)
        ends = () if overall is None else interval(overall)
        yield (
            _flag("below four fifths"),
            Words(" impact ratio of "),
            name(group),
            Words(" ("),
            name(column),
            Words("): "),
            *number(lowest),
            *((Words(", interval "), *ends) if ends else ()),
            Words("; a screening statistic, see "),
            Link("fairness"),
        )


def _inputs(reader: Reader) -> Iterator[Parts]:
    """Inputs that are sensitive, and inputs of which nobody said when they are known."""
    seen = [c.name for c in reader.features if "sensitive" in c.roles]
    if seen:
        parts: Parts = (_flag("sensitive input"), Words(" the model sees "))
        for i, column in enumerate(seen):
            parts += (Words(", ") if i else Words(""), name(column))
        yield parts
    late = [c.name for c in reader.features if c.available is None]
    if late:
        yield (
            Mark("open", "open"),
            Words(" when the values of "),
            on_page(len(late)),
            Words(" inputs are known was not said: one known only after the decision would go unnoticed, see "),
            Link("data"),
        )


def _blanks(reader: Reader) -> Iterator[Parts]:
    blank = [s for s in reader.evidence.statements if s.required and s.answer is None]
    if blank:
        yield (
            Mark("open", "open"),
            Words(" "),
            on_page(len(blank)),
            Words(" required questions are not answered, see "),
            Link("ledger"),
        )


def _flag(text: str) -> Mark:
    return Mark("attention", text)
