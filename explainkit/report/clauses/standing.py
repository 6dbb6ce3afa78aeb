"""What a card holds of what a clause asks for: a pure function of the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from explainkit.evidence import Evidence
from explainkit.report.clauses.mapping import Clause, Part, Regime
from explainkit.report.places import Places

State = Literal["evidence", "partly", "gap", "outside", "not applicable", "unmapped"]

_PARTS: Mapping[Part, str] = {
    "fingerprints": "identity",
    "environment": "reproduce",
    "inputs": "design",
    "parameters": "design",
    "ledger": "ledger",
    "cases": "cases",
    "reasons": "cases",
    "changes": "cases",
    "gates": "summary",
    "verdicts": "fairness",
    "signature": "reproduce",
    "opinion": "validation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One clause, held against one card."""

    clause: Clause
    state: State
    sections: frozenset[str] = frozenset()
    """Ids of the sections in which the evidence stands; measured figures that no section prints stand in card.json
    alone."""
    missing: tuple[str, ...] = ()
    """Figures not measured, questions not answered and parts not there, as the mapping names them."""
    reason: str | None = None
    """Why the clause does not apply, as the plan says, or why no card holds what it asks for."""


def standings(evidence: Evidence, regime: Regime, printed: Places) -> tuple[Standing, ...]:
    """Every clause of a regime, held against a card.

    A clause whose text was not read counts as unmapped, whatever the card holds. Else it is *evidence* where
    everything that serves as evidence is there, *partly* where some of it is, and a *gap* where nothing is.

    Parameters
    ----------
    evidence : Evidence
        What the card says; its plan says which clauses do not apply.
    regime : Regime
        The mapping.
    printed : mapping
        In which sections figures are printed.
    """
    left_out: Mapping[str, str] = evidence.plan.get("clauses", {}).get(regime.key, {})
    found = _Found(evidence, printed)
    return tuple(_standing(clause, found, left_out.get(clause.id)) for clause in regime.clauses)


def _standing(clause: Clause, found: _Found, left_out: str | None) -> Standing:
    if left_out is not None:
        return Standing(clause=clause, state="not applicable", reason=left_out)
    read = clause.read == "primary"
    if clause.outside is not None:
        return Standing(clause=clause, state="outside" if read else "unmapped", reason=clause.outside)
    places = {
        **{pattern: found.figures(pattern) for pattern in clause.figures},
        **{f"statement:{question}": found.statement(question) for question in clause.statements},
        **{f"part:{part}": (_PARTS[part],) if found.has(part) else None for part in clause.parts},
    }
    missing = tuple(name for name, place in places.items() if place is None)
    if not read:
        state: State = "unmapped"
    elif not missing and clause.lacks is None:
        state = "evidence"
    else:
        state = "partly" if len(missing) < len(places) else "gap"
    sections = {section for place in places.values() for section in place or ()}
    return Standing(clause=clause, state=state, sections=frozenset(sections), missing=missing)


class _Found:
    """What a card holds, looked up once for all clauses; None is what it does not hold."""

    def __init__(self, evidence: Evidence, printed: Places) -> None:
        self._evidence, self._printed = evidence, printed
        self._measured = sorted({figure.name for figure in evidence.figures if figure.status == "measured"})
        self._answered = {s.id: s.section for s in evidence.statements if s.answer is not None}

    def figures(self, pattern: str) -> tuple[str, ...] | None:
        """Sections with figures measured whose names match; empty where only card.json holds them."""
        names = [name for name in self._measured if fnmatchcase(name, pattern)]
        found = {section for name in names for section in self._printed.get(name, ())}
        # The summary repeats what stands elsewhere.
        return tuple(found - {"summary"} or found) if names else None

    def statement(self, question: str) -> tuple[str, ...] | None:
        """Section in which the answer stands."""
        section = self._answered.get(question)
        # The questions about gates stand in the summary.
        return None if section is None else ("summary" if section == "gates" else section,)

    def has(self, part: Part) -> bool:
        """Whether a part is there."""
        evidence = self._evidence
        decisions = [case.decision for case in evidence.cases if case.decision is not None]
        return {
            "fingerprints": evidence.model.digest is not None,
            "environment": bool(evidence.environment),
            "inputs": any("feature" in column.roles for column in evidence.columns),
            "parameters": bool(evidence.model.parameters),
            "ledger": True,
            "cases": bool(evidence.cases),
            "reasons": any(decision.reasons for decision in decisions),
            "changes": any(decision.changes for decision in decisions),
            "gates": bool(evidence.gates),
            "verdicts": bool(evidence.verdicts),
            "signature": True,
            "opinion": False,  # it is signed later, and stands beside the card
        }[part]
