"""From evidence to card: which sections there are, and in which order."""

from __future__ import annotations

from collections.abc import Callable

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.card import Card, Section
from explainkit.report.language import language_of, say, speaking
from explainkit.report.look import look_of
from explainkit.report.own_sections import own_sections
from explainkit.report.sections import (
    cases,
    clauses,
    data,
    design,
    explanation,
    fairness,
    front,
    groups,
    identity,
    ledger,
    performance,
    reproduce,
    robustness,
    stated,
    summary,
)

SECTIONS: tuple[Callable[[Evidence], Section], ...] = (
    summary.section,
    identity.section,
    stated.use,
    stated.governance,
    design.section,
    data.section,
    performance.section,
    groups.section,
    fairness.section,
    explanation.section,
    cases.section,
    robustness.section,
    stated.oversight,
    stated.risks,
    stated.monitoring,
    stated.validation,
    reproduce.section,
    ledger.section,
)
"""Sections 1 to 16, 18 and 19; page one is section 0, and section 17 says where in the others a clause has
evidence. Those that the plan takes from other packages (``look.sections``) come last."""


def build(evidence: Evidence, *, catalogue: bytes | None = None) -> Card:
    """Make the card of an evidence.

    Parameters
    ----------
    evidence : Evidence
        The only source of what is said.
    catalogue : bytes, optional
        Catalogue of the language, where the plan names one of its own.
    """
    language = language_of(evidence.plan, catalogue)
    with speaking(language):
        sections = [section(evidence) for section in SECTIONS]
        sections.append(clauses.section(evidence, sections))
        sections.extend(own_sections(evidence, sections))
        return Card(
            title=f"{evidence.name} {evidence.version}",
            subtitle=say("Model card · full file · draft") if evidence.draft else say("Model card · full file"),
            name=evidence.name,
            version=evidence.version,
            digest=sha256_of(evidence.to_json()),
            date=evidence.date,
            document=say("Model card"),
            look=look_of(evidence.plan, evidence.house),
            language=language,
            front=front.blocks(evidence),
            sections=tuple(sorted(sections, key=lambda section: section.number)),
        )
