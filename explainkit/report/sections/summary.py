"""Section 1: what was decided beforehand, what asks for attention, and the gates in full."""

from __future__ import annotations

from collections.abc import Iterator

from explainkit.evidence import Evidence
from explainkit.report.card import Block, Group, Items, Link, Mark, Paragraph, Parts, Section, Words
from explainkit.report.language import say
from explainkit.report.measures import measure
from explainkit.report.phrases import clause, interval, listed, name, number, on_page, statements, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections import findings, gates, preconditions
from explainkit.report.sections.fairness import SCREEN, chosen, smallest

_MOST = 12


def section(evidence: Evidence) -> Section:
    """Findings before details."""
    reader = Reader(evidence)
    found = attention(reader)
    inside: tuple[Block, ...] = (
        (Items(items=found),)
        if found
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
    return Section(number=1, id="summary", title=say("Summary"), blocks=blocks)


def attention(reader: Reader) -> tuple[Parts, ...]:
    """Findings by weight: draft, gates, chance, leakage, blocked reasons, changes and drift, ratios, inputs, blanks."""
    found = [
        *((_flag(say("draft")), Words(" "), clause(reason)) for reason in reader.evidence.draft),
        *_failed_gates(reader),
        *findings.items(reader, ["chance"]),
        *findings.items(reader, findings.LEAKS),
        *_blocked(reader),
        *findings.items(reader, findings.OF_TIME),
        *findings.items(reader, ["simple_model"]),
        *findings.items(reader, findings.DRIFTS),
        *_small_ratio(reader),
        *_inputs(reader),
        *findings.items(reader, findings.OF_ROBUSTNESS),
        *findings.items(reader, findings.OF_DATA),
        *_blanks(reader),
    ]
    return tuple(found[:_MOST])


def _failed_gates(reader: Reader) -> Iterator[Parts]:
    for gate in reader.evidence.gates:
        if gate.outcome == "failed":
            about = title(measure(gate.gate.partition("[")[0]).title)
            yield (_flag(say("gate failed")), Words(" "), about, Words(": "), clause(gate.reason))


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
    count, adverse, link = number(blocked), number(blocked, "n"), Link("cases")
    said = (
        words(
            "in {count} of {adverse} decisions against a person a principal reason is a protected attribute (among "
            "those shown: {inputs}), see {section}",
            count=count,
            adverse=adverse,
            inputs=listed([(name(n),) for n in inputs]),
            section=link,
        )
        if inputs
        else words(
            "in {count} of {adverse} decisions against a person a principal reason is a protected attribute, see "
            "{section}",
            count=count,
            adverse=adverse,
            section=link,
        )
    )
    yield (_flag(say("blocked reasons")), Words(" "), *said)


def _small_ratio(reader: Reader) -> Iterator[Parts]:
    lowest = smallest(reader)
    if lowest is not None and lowest.value is not None and lowest.value < SCREEN:
        column, group = next(iter(lowest.keys.items()))
        overall = chosen(reader, lowest)
        ends = () if overall is None else interval(overall)
        ratio = words("{ratio}, interval {interval}", ratio=number(lowest), interval=ends) if ends else number(lowest)
        said = words(
            "impact ratio of {group} ({column}): {ratio}; a screening statistic, see {section}",
            group=name(group),
            column=name(column),
            ratio=ratio,
            section=Link("fairness"),
        )
        yield (_flag(say("below four fifths")), Words(" "), *said)


def _inputs(reader: Reader) -> Iterator[Parts]:
    """Inputs that are sensitive, and inputs of which nobody said when they are known."""
    seen = [c.name for c in reader.features if "sensitive" in c.roles]
    if seen:
        said = words("the model sees {inputs}", inputs=listed([(name(column),) for column in seen]))
        yield (_flag(say("sensitive input")), Words(" "), *said)
    late = [c.name for c in reader.features if c.available is None]
    if late:
        said = words(
            "when the values of {count} inputs are known was not said: one known only after the decision would go "
            "unnoticed, see {section}",
            count=on_page(len(late)),
            section=Link("data"),
        )
        yield (Mark("open", say("open")), Words(" "), *said)
    elif reader.features and "decided_at" not in reader.evidence.plan.get("data", {}):
        said = words(
            "when the model is asked was not said (data.moments, data.decided_at): an input known only later would go "
            "unnoticed, see {section}",
            section=Link("data"),
        )
        yield (Mark("open", say("open")), Words(" "), *said)


def _blanks(reader: Reader) -> Iterator[Parts]:
    blank = [s for s in reader.evidence.statements if s.required and s.answer is None]
    if blank:
        said = words(
            "{count} required questions are not answered, see {section}",
            count=on_page(len(blank)),
            section=Link("ledger"),
        )
        yield (Mark("open", say("open")), Words(" "), *said)


def _flag(text: str) -> Mark:
    return Mark("attention", text)
