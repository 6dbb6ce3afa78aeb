"""What a trusted pickle imports, as the ledger says it."""

from __future__ import annotations

from typing import Any

from explainkit.evidence import LedgerEntry
from explainkit.load.pickle_scan import Scan

_MOST = 20
"""Names that the ledger lists."""


def told_scan(found: Scan) -> dict[str, Any]:
    """A scan as JSON; `scan_of` reads it."""
    return {"imports": list(found.imports), "complete": found.complete}


def scan_of(told: Any) -> Scan:
    """The scan that was told.

    Raises
    ------
    TypeError, KeyError
        If it is none.
    """
    imports, complete = told["imports"], told["complete"]
    if not (isinstance(imports, list) and all(isinstance(name, str) for name in imports) and type(complete) is bool):
        raise TypeError("a scan")
    return Scan(imports=tuple(imports), complete=complete)


def findings(found: Scan) -> LedgerEntry:
    """The entry for a pickle that was opened."""
    trusted = "the file is a pickle, which runs code when it is opened, and whoever loads it trusts its digest"
    names = ", ".join(sorted({name.partition(".")[0] for name in found.imports if name in found.known}))
    strange = ", ".join(found.strange[:_MOST])
    if len(found.strange) > _MOST:
        strange += f" + {len(found.strange) - _MOST}"
    parts = [trusted]
    if names:
        parts.append(f"it imports what pickles of models hold, from {names}")
    if strange:
        parts.append(f"it imports what pickles of models do not hold: {strange}")
    if not found.imports:
        parts.append("it imports nothing")
    if not found.complete:
        parts.append("the scan did not reach its end, and nothing but what it had found could be imported")
    return LedgerEntry(
        kind="assumed", what="code in the model's file", reason="; ".join(parts), count=len(found.imports) or None
    )
