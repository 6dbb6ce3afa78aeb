"""Section 17: what of this card serves as evidence for which clause, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import cast

from explainkit.evidence import Evidence
from explainkit.report.card import (
    Block,
    Column,
    Group,
    Label,
    Link,
    Mark,
    Paragraph,
    Parts,
    Row,
    Section,
    Table,
    Words,
)
from explainkit.report.clauses.mapping import Part, Regime, regimes
from explainkit.report.clauses.standing import Standing, State, standings
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import code, law, listed, name, on_page, words
from explainkit.report.places import places

_STATES: dict[State, str] = {
    "evidence": noted("evidence"),
    "partly": noted("partly"),
    "gap": noted("gap"),
    "outside": noted("outside a card"),
    "not applicable": noted("not applicable"),
    "unmapped": noted("text not read"),
}
_PARTS: dict[Part, str] = {
    "fingerprints": noted("fingerprints"),
    "environment": noted("environment"),
    "inputs": noted("inputs"),
    "parameters": noted("parameters"),
    "ledger": noted("ledger"),
    "cases": noted("cases"),
    "reasons": noted("reasons"),
    "changes": noted("changes"),
    "gates": noted("gates"),
    "verdicts": noted("verdicts"),
    "signature": noted("signature"),
    "opinion": noted("opinion"),
}


def section(evidence: Evidence, others: Sequence[Section]) -> Section:
    """One table over all regimes, then the clauses of each.

    Parameters
    ----------
    evidence : Evidence
        What the card says; its plan names the regimes that apply.
    others : sequence of Section
        The other sections of the card, in which the evidence stands.
    """
    printed, order = places(others), [other.id for other in sorted(others, key=lambda other: other.number)]
    named = evidence.plan.get("card", {}).get("regimes", ())
    found = [(regime, standings(evidence, regime, printed)) for regime in regimes()]
    found.sort(key=lambda pair: pair[0].key not in named)
    blocks: list[Block] = [
        Paragraph(
            parts=words(
                "Evidence for a clause is no finding that the clause is kept: that is for a person to judge. A clause "
                "whose own text was not read for this mapping counts as unmapped, whatever the card holds."
            ),
            style="read",
        ),
        _overview(found, named),
    ]
    for regime, standing in found:
        block = Group(
            title=(name(regime.name),), blocks=_clauses(regime, standing, order), screen_only=regime.key not in named
        )
        blocks.append(block)
    return Section(number=17, id="clauses", title=say("Clauses"), blocks=tuple(blocks))


def _overview(found: Sequence[tuple[Regime, tuple[Standing, ...]]], named: Sequence[str]) -> Table:
    rows = []
    for regime, standing in found:
        counts = Counter(s.state for s in standing)
        rows.append(
            Row(
                cells=(
                    (name(regime.name),),
                    (name(spoken().date(regime.state)),),
                    (name(spoken().date(regime.mapped)),),
                    *((on_page(counts[state]),) if counts[state] else words("–") for state in _STATES),
                ),
                tone="strong" if regime.key in named else "plain",
            )
        )
    source = (
        words(
            "Clauses by what the card holds of what they ask for. Those of the regimes in bold, which the plan says "
            "apply, are printed below; those of the others stand in card.html."
        )
        if named
        else words(
            "Clauses by what the card holds of what they ask for. The plan does not say which regimes apply "
            "(card.regimes): the clauses one by one stand in card.html."
        )
    )
    return Table(
        columns=(
            Column(title=words("Regime"), share=22),
            Column(title=words("Text of"), share=12),
            Column(title=words("Mapped"), share=12),
            *(Column(title=words(head), align="right", share=9) for head in _STATES.values()),
        ),
        rows=tuple(rows),
        source=source,
    )


def _clauses(regime: Regime, found: Sequence[Standing], order: Sequence[str]) -> tuple[Block, ...]:
    about: Parts = (law(regime.title),)
    if regime.applies:
        about += (Words("; "), law(regime.applies))
    table = Table(
        columns=(
            Column(title=words("Clause"), share=17),
            Column(title=words("Asks for"), share=37),
            Column(title=words("This card"), share=21),
            Column(title=words("Missing"), share=25),
        ),
        rows=tuple(_row(standing, order) for standing in found),
        source=_read_in(found),
        print_rows=200,
    )
    return Paragraph(parts=(*about, Words(".")), style="note"), table


def _read_in(found: Sequence[Standing]) -> Parts:
    """Where the texts were read."""
    sources = dict.fromkeys(s.clause.source for s in found if s.clause.read == "primary" and s.clause.source)
    if not sources:
        return words("None of these texts was read for this mapping.")
    return words("Read in: {sources}.", sources=listed([(law(source),) for source in sources], "; "))


def _row(standing: Standing, order: Sequence[str]) -> Row:
    asked = standing.clause
    return Row(
        cells=((law(asked.id),), (law(asked.asks),), _here(standing, order), _missing(standing)),
        tone="quiet" if standing.state in ("outside", "not applicable", "unmapped") else "plain",
    )


def _here(standing: Standing, order: Sequence[str]) -> Parts:
    """What the card holds."""
    where: Parts = listed([(Link(section),) for section in order if section in standing.sections]) or words("card.json")
    if standing.state == "evidence":
        return words("evidence in {sections}", sections=where)
    text = _STATES[standing.state]
    head = words(text)
    if standing.state in ("partly", "gap"):
        head = (Mark("open" if standing.state == "partly" else "attention", say(text)),)
    if standing.state == "partly" or (standing.state == "unmapped" and standing.sections):
        return (*head, Words(": "), *where)
    return head


def _missing(standing: Standing) -> Parts:
    """What the card lacks, or why it holds nothing."""
    if standing.reason is not None:
        # That a clause does not apply is the plan's to say, in the words of whoever wrote it.
        return (Label(standing.reason, "clause") if standing.state == "not applicable" else law(standing.reason),)
    parts = [_lacking(item) for item in standing.missing]
    if standing.clause.lacks is not None:
        parts.append((law(standing.clause.lacks),))
    return listed(parts, "; ")


def _lacking(item: str) -> Parts:
    kind, colon, rest = item.partition(":")
    if not colon:
        return words("not measured: {figures}", figures=code(kind))
    if kind == "statement":
        return words("not provided: {question}", question=code(rest))
    return words("not there: {part}", part=say(_PARTS[cast(Part, rest)]))
