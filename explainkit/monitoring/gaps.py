"""What is not monitored, and why, in the words of a ledger."""

from __future__ import annotations

from collections.abc import Iterator

from explainkit.assess.monitoring.bins import Baseline
from explainkit.assess.monitoring.tally import Tally
from explainkit.evidence import LedgerEntry
from explainkit.verified import VerifiedCard


def not_monitored(card: VerifiedCard, baseline: Baseline, new: Tally) -> Iterator[LedgerEntry]:
    """One entry for each thing that new data could not be held against.

    Parameters
    ----------
    card : VerifiedCard
        With what its ledger says of the baseline.
    baseline : Baseline
        Of the card.
    new : Tally
        Of the new rows.
    """
    evidence = card.evidence
    if card.found.withdrawal is not None:
        yield _entry("the card was withdrawn", card.found.withdrawal.reason)
    yield from (entry for entry in evidence.ledger if entry.what.startswith("baseline for monitoring: "))
    if baseline.score is not None and new.score is None:
        yield _entry("scores of new data", "none in the data; name their column, or the model of the card")
    elif evidence.task == "binary" and new.score is not None and not sum(new.score.labelled):
        yield _entry(
            "outcomes of new data", "none in the data; AUC and observed/expected are measured once they come in"
        )
    if evidence.task != "binary":
        yield _entry("outcomes of new data", "only those of two classes are monitored")
    if evidence.plan.get("data", {}).get("weight"):
        yield _entry("weights of new data", "the baseline counts rows")


def _entry(what: str, reason: str) -> LedgerEntry:
    return LedgerEntry(kind="not_tested", what=what, reason=reason)
