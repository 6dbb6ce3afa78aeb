"""What the process of a model could not be kept from on this system, as the ledger says it."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.evidence import UNCONFINED, LedgerEntry
from explainkit.load.confined.confinement import MEASURES

_REASONS = {
    "privileges": "the process that opened the file could have gained rights: this system does not let it give them up",
    "memory": "the process that opened the file could have taken all memory: this system sets it no limit",
    "network": "the process that opened the file had the network of this machine: this system gives it no empty one",
    "files": "the process that opened the file could have read and changed files: this system does not shut it off",
    "ports": "the process that opened the file could have opened TCP connections as far as other measures let it",
    "signals": "the process that opened the file could have signalled others as far as other measures let it",
    "calls": "the process that opened the file could have asked the system for anything: its calls are not filtered",
}


def shortfalls(lacking: Sequence[str]) -> tuple[LedgerEntry, ...]:
    """One entry for each measure that did not take hold."""
    return tuple(
        LedgerEntry(kind="assumed", what=UNCONFINED, reason=_REASONS[name]) for name in MEASURES if name in lacking
    )
