"""Sections 3, 4, 13, 14, 15 and 16: what only a person can state. Nothing in them is generated, but the
findings that section 14 has to answer, and what section 15 keeps for monitoring."""

from __future__ import annotations

from dataclasses import replace

from explainkit.evidence import Evidence
from explainkit.report.card import Block, Group, Items, Link, Paragraph, Section
from explainkit.report.language import say
from explainkit.report.phrases import statements, words
from explainkit.report.reader import Reader
from explainkit.report.sections import findings
from explainkit.report.sections.monitoring import kept


def use(evidence: Evidence) -> Section:
    """Section 3: intended use."""
    note = words(
        "This card covers one step: from the columns of the data to the score. Values seen in the data are in {data}.",
        data=Link("data"),
    )
    return _stated(evidence, 3, "use", say("Intended use"), Paragraph(parts=note, style="note"))


def governance(evidence: Evidence) -> Section:
    """Section 4: governance."""
    return _stated(evidence, 4, "governance", say("Governance"))


def oversight(evidence: Evidence) -> Section:
    """Section 13: human oversight."""
    note = words(
        "What supports it here: single cases with their contributions in {cases}, and the picture of all explained "
        "rows in {explanation}.",
        cases=Link("cases"),
        explanation=Link("explanation"),
    )
    explained = Paragraph(parts=note, style="note") if evidence.cases else None
    return _stated(evidence, 13, "oversight", say("Human oversight"), explained)


def risks(evidence: Evidence) -> Section:
    """Section 14: risks and limits."""
    note = words(
        "What was measured and asks for attention stands in {summary}; what is not known in {ledger}.",
        summary=Link("summary"),
        ledger=Link("ledger"),
    )
    section = _stated(evidence, 14, "risks", say("Risks and limits"), Paragraph(parts=note, style="note"))
    found = tuple(findings.items(Reader(evidence)))
    if not found:
        return section
    title = words("Measured, and beyond a limit")
    why = words(
        "Each asks for an answer; none of them is a proof. The limits stand in the plan (limits), or are defaults."
    )
    block = Group(title=title, blocks=(Paragraph(parts=why, style="text"), Items(items=found)))
    return replace(section, blocks=(block, *section.blocks))


def monitoring(evidence: Evidence) -> Section:
    """Section 15: monitoring and change."""
    note = None
    if any(figure.name.startswith("drift.") and figure.status == "measured" for figure in evidence.figures):
        said = words(
            "How far the evaluation data already lies from the reference data stands in {data}.", data=Link("data")
        )
        note = Paragraph(parts=said, style="note")
    section = _stated(evidence, 15, "monitoring", say("Monitoring and change"), note)
    return replace(section, blocks=(*kept(evidence), *section.blocks))


def validation(evidence: Evidence) -> Section:
    """Section 16: independent validation."""
    note = words(
        "A validator's opinion is signed for itself and bound to this card by its digest; the signature panel and "
        "explainkit verify show it. Pages are fixed before signing."
    )
    return _stated(evidence, 16, "validation", say("Independent validation"), Paragraph(parts=note, style="note"))


def _stated(evidence: Evidence, number: int, key: str, title: str, note: Paragraph | None = None) -> Section:
    blocks: tuple[Block, ...] = statements(Reader(evidence), key)
    if note is not None:
        blocks += (note,)
    if not blocks:
        blocks = (Paragraph(parts=words("The catalogue asks no question here."), style="note"),)
    return Section(number=number, id=key, title=title, blocks=blocks)
