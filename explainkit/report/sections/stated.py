"""Sections 3, 4, 13, 14, 15 and 16: what only a person can state. Nothing in them is generated."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Block, Link, Paragraph, Section, Words
from explainkit.report.phrases import statements
from explainkit.report.reader import Reader


def use(evidence: Evidence) -> Section:
    """Section 3: intended use."""
    note = Paragraph(
        parts=(
            Words(
                "This card covers one step: from the columns of the data to the score. Values seen in the data are in "
            ),
            Link("data"),
            Words("."),
        ),
        style="note",
    )
    return _stated(evidence, 3, "use", "Intended use", note)


def governance(evidence: Evidence) -> Section:
    """Section 4: governance."""
    return _stated(evidence, 4, "governance", "Governance")


def oversight(evidence: Evidence) -> Section:
    """Section 13: human oversight."""
    note = Paragraph(
        parts=(
            Words("What supports it here: single cases with their contributions in "),
            Link("cases"),
            Words(", and the picture of all explained rows in "),
            Link("explanation"),
            Words("."),
        ),
        style="note",
    )
    explained = bool(evidence.cases)
    return _stated(evidence, 13, "oversight", "Human oversight", note if explained else None)


def risks(evidence: Evidence) -> Section:
    """Section 14: risks and limits."""
    note = Paragraph(
        parts=(
            Words("What was measured and asks for attention stands in "),
            Link("summary"),
            Words("; what is not known in "),
            Link("ledger"),
            Words("."),
        ),
        style="note",
    )
    return _stated(evidence, 14, "risks", "Risks and limits", note)


def monitoring(evidence: Evidence) -> Section:
    """Section 15: monitoring and change."""
    return _stated(evidence, 15, "monitoring", "Monitoring and change")


def validation(evidence: Evidence) -> Section:
    """Section 16: independent validation."""
    note = Paragraph(
        parts=(
            Words(
                "A validator's opinion is signed for itself and bound to this card by its digest; the signature panel "
                "and explainkit verify show it. Pages are fixed before signing."
            ),
        ),
        style="note",
    )
    return _stated(evidence, 16, "validation", "Independent validation", note)


def _stated(evidence: Evidence, number: int, key: str, title: str, note: Paragraph | None = None) -> Section:
    blocks: tuple[Block, ...] = statements(Reader(evidence), key)
    if note is not None:
        blocks += (note,)
    if not blocks:
        blocks = (Paragraph(parts=(Words("The catalogue asks no question here."),), style="note"),)
    return Section(number=number, id=key, title=title, blocks=blocks)
