"""The card published before: which groups it hides, so that the new one hides them too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from explainkit.artifact import sha256_of
from explainkit.errors import DataError, PlanError, VerificationError
from explainkit.evidence import Evidence, LedgerEntry
from explainkit.figures import Figure
from explainkit.load.subject import GROUP, EarlierCard, Subject
from explainkit.plan import Plan

_WHERE = "fairness.earlier"
_TOGETHER = "what this card and the earlier one tell together"


def with_earlier_card(subject: Subject, plan: Plan, *, base: Path) -> Subject:
    """The subject with the card published before, where the plan names one; else as it is.

    Parameters
    ----------
    subject : Subject
        What is audited now.
    plan : Plan
        Whose ``fairness.earlier`` names the card.json, or the release that holds it.
    base : pathlib.Path
        Folder that relative paths start from.

    Raises
    ------
    PlanError
        If there is no such file.
    DataError
        If it is not a card.
    """
    if plan.fairness.earlier is None:
        return subject
    path = base / plan.fairness.earlier
    path = path / "card.json" if path.is_dir() else path
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PlanError("no such card", where=_WHERE, found=str(path), allowed="a card.json or a release") from None
    except OSError as error:
        raise PlanError("the card cannot be read", where=_WHERE, found=error.strerror or str(error)) from None
    try:
        evidence = Evidence.from_json(data)
    except VerificationError as error:
        raise DataError("not a card", where=f"{_WHERE}: {path.name}", found=error.found) from None
    earlier = earlier_card(evidence.figures)
    cell = evidence.plan.get("fairness", {}).get("min_cell", type(plan.fairness)().min_cell)
    ledger = (_assumed(evidence, data), *_uncovered(subject, evidence, earlier, lower=cell < plan.fairness.min_cell))
    return replace(subject, earlier=earlier, ledger=subject.ledger + ledger)


def earlier_card(figures: Iterable[Figure]) -> EarlierCard:
    """What the figures of a card tell, and hide, of groups."""
    by_group = [f for f in figures if f.name.startswith(("fairness.", "ll144.", "decisions.")) and f.keys]
    return EarlierCard(
        counts={f.id: None if f.value is None else int(f.value) for f in by_group if f.name == GROUP},
        unrated=frozenset(GROUP + f.id.removeprefix(f.name) for f in by_group if f.status == "suppressed"),
        told=frozenset(f.id for f in by_group if f.status != "not_tested"),
    )


def _assumed(evidence: Evidence, data: bytes) -> LedgerEntry:
    """What the protection of both cards together rests on."""
    reason = (
        f"whatever {evidence.name} {evidence.version} (card.json sha256:{sha256_of(data)}) hides of groups is hidden "
        "here too: both together tell no more of a group hidden there than it does alone, if since then rows were "
        "added and none changed, decided differently or taken away"
    )
    return LedgerEntry(kind="assumed", what=_TOGETHER, reason=reason)


def _uncovered(subject: Subject, evidence: Evidence, earlier: EarlierCard, *, lower: bool) -> tuple[LedgerEntry, ...]:
    """Where that is known not to hold, or not known to."""
    reasons: list[tuple[str, int | None]] = []
    threshold = None if subject.threshold is None else str(subject.threshold)
    now = (subject.identity.digest, threshold, subject.positive, subject.favourable)
    if now[0] is None or now != (evidence.model.digest, evidence.threshold, evidence.positive, evidence.favourable):
        same = "that model, threshold and favourable outcome are those of the earlier card is not known"
        reasons.append((f"{same}: whether hidden groups follow from both is then not checked", None))
    if lower:
        reasons.append(("the earlier card shows groups smaller than fairness.min_cell is now", None))
    fewer = appeared = 0
    for column in subject.rows.groups:
        sizes = np.bincount(column.codes + 1, minlength=len(column.levels) + 1)[1:].tolist()
        for level, size in zip(column.levels, sizes, strict=True):
            before = earlier.rows({column.name: level})
            fewer += before is not None and size < before
            appeared += before == 0 and size > 0
    if fewer:
        reasons.append(("groups have fewer rows than on the earlier card: rows were taken away or changed", fewer))
    if appeared:
        reasons.append(("groups are new since the earlier card: their rows follow from how many were added", appeared))
    return tuple(LedgerEntry(kind="not_tested", what=_TOGETHER, reason=r, count=n) for r, n in reasons)
