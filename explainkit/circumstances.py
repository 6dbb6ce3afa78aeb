"""What surrounds the measurements: what was left open, what was not covered, and what computed them."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from explainkit.evidence import LedgerEntry
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.statements import Presupposed

_LIBRARIES = (
    *("explainkit", "jinja2", "matplotlib", "numba", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"),
    *("shap", "skops", "weasyprint"),
)


def draft_reasons(subject: Subject) -> tuple[str, ...]:
    """What was left open and is never guessed."""
    reasons = []
    if subject.task == "binary":
        if subject.threshold is None:
            reasons.append("no threshold stated (model.threshold)")
        if subject.positive is None:
            reasons.append("no direction of the score stated (model.positive)")
    if subject.task != "regression" and subject.favourable is None:
        reasons.append("no favourable outcome stated (fairness.favourable)")
    if not subject.population.stated:
        reasons.append("no population stated (statements.population)")
    return tuple(reasons)


def presupposed(subject: Subject, plan: Plan) -> tuple[Presupposed, ...]:
    """What holds of what questions to a person presuppose."""
    found: list[Presupposed] = []
    if plan.ll144.columns:
        found.append("ll144")
    if subject.favourable is not None:
        found.append("favourable")
    return tuple(found)


def not_covered(subject: Subject, plan: Plan) -> tuple[LedgerEntry, ...]:
    """What this version does not measure, or could not for want of data."""
    entries = [
        ("security: poisoned data, evasion", "this version of explainkit does not test it"),
    ]
    if plan.robustness is None and subject.model is not None:
        entries.append(("robustness to changed and unusual inputs", "the plan does not ask for it (robustness)"))
    if plan.load is None and subject.model is not None:
        entries.append(("load", "the plan does not ask for it (load), as timings differ from run to run"))
    if not subject.rows.groups:
        entries.append(("differences between groups", "no sensitive column was named (data.sensitive)"))
    if subject.reference is None and subject.model is not None:
        entries.append(("explanation against the training data", "no reference data given (data.reference)"))
    if subject.rows.periods is None:
        timed = any("time" in c.roles for c in subject.columns)
        missing = (
            "no periods are stated (time.period or time.cuts)" if timed else "no column of times is named (data.time)"
        )
        entries.append(("stability over time", missing))
    open_ = tuple(LedgerEntry(kind="not_tested", what=what, reason=reason) for what, reason in entries)
    return open_ + subject.shortfalls


def ledger_counts(ledger: tuple[LedgerEntry, ...]) -> tuple[Figure, ...]:
    """The counts of the ledger as figures ``ledger.count[entry=…]``, so that they are printed like all numbers."""
    return tuple(
        Figure(id=figure_id("ledger.count", entry=str(i)), value=entry.count, unit="count", method="count")
        for i, entry in enumerate(ledger, start=1)
        if entry.count is not None
    )


def environment(subject: Subject, plan: Plan) -> tuple[tuple[str, str], ...]:
    """Name and version of what computed the evidence, sorted by name; no host, no path."""
    from explainkit.report.own_sections import origins

    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    found |= versions()
    if subject.identity.library:
        name, _, number = subject.identity.library.rpartition(" ")
        found[name] = number
    found |= origins(plan.look.sections)
    return tuple(sorted(found.items()))


def versions() -> dict[str, str]:
    """Versions of the libraries that a card can depend on, by name; of those that are there."""
    found = {}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[library] = version(library)
    return found
