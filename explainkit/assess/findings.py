"""Findings: what was measured of data, leakage, drift and robustness, held against limits of the plan.

A finding asks for attention. Whether a column gives the outcome away, or a row was copied, is for a person to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import get_args

from explainkit.assess.benchmarks.findings import worth_findings
from explainkit.assess.drift.findings import drift_findings
from explainkit.assess.over_time.findings import time_findings
from explainkit.evidence import Finding, FindingKind
from explainkit.figures import Figure, FigureSet, as_in_ids, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan

_WAYS = ("whole", "cases", "inputs", "near")
_ORDER: dict[str, int] = {kind: place for place, kind in enumerate(get_args(FindingKind))}


def findings(figures: FigureSet, plan: Plan, subject: Subject) -> tuple[Finding, ...]:
    """Everything that crossed a limit.

    Parameters
    ----------
    figures : FigureSet
        What was measured.
    plan : Plan
        With the limits, and the moments at which values are known.
    subject : Subject
        Whose columns the figures are about.

    Returns
    -------
    tuple of Finding
        The gravest kinds first; of one kind what the model sees first.
    """
    full = {as_in_ids(c.name): c.name for c in subject.columns}
    inputs = set(subject.features)
    found = [
        *_of_rows(figures, plan, subject),
        *_late(figures, plan, subject),
        *_of_columns(figures, plan, subject, full),
        *_encoded(subject),
        *worth_findings(figures),
        *drift_findings(figures, plan.drift, full),
        *time_findings(figures, plan.limits),
        *_robustness(figures, plan, full),
    ]
    seen = [f if not f.columns else _seen(f, inputs) for f in found]
    return tuple(sorted(seen, key=lambda f: (_ORDER[f.kind], not f.input)))


def _seen(finding: Finding, inputs: set[str]) -> Finding:
    return replace(finding, input=bool(set(finding.columns) & inputs))


def _of_rows(figures: FigureSet, plan: Plan, subject: Subject) -> Iterator[Finding]:
    """Rows in both data sets, and rows that repeat."""
    yield from _overlap(figures, plan, subject)
    for role in ("evaluation", "reference"):
        figure = figures.get(figure_id("data.duplicates", dataset=role))
        if figure is not None and (figure.low or 0.0) > plan.limits.duplicates:
            yield Finding(kind="duplicates", figure=figure.id, limit="limits.duplicates")


def _overlap(figures: FigureSet, plan: Plan, subject: Subject) -> Iterator[Finding]:
    digests = {d.identity.digest for d in (subject.evaluation, subject.reference) if d is not None}
    same = subject.reference is not None and len(digests) == 1
    for way in _WAYS:
        found = figures.get(figure_id("leakage.overlap", rows=way))
        excess = figures.get(figure_id("leakage.overlap_excess", rows=way))
        if found is None or excess is None or excess.low is None:
            continue
        beyond = excess.low > plan.limits.overlap
        if same or (beyond and way == "whole" and found.value == 1):
            yield Finding(kind="same_data", figure=found.id, limit=None if same else "limits.overlap")
            return
        if beyond:
            yield Finding(kind="overlap", figure=found.id, limit="limits.overlap")
            return


def _late(figures: FigureSet, plan: Plan, subject: Subject) -> Iterator[Finding]:
    """Columns whose values are known only after the moment at which the model is asked."""
    moments, decided_at = plan.data.moments, plan.data.decided_at
    if decided_at is None:
        return
    for column in subject.columns:
        candidate = set(column.roles) <= {"feature", "segment", "sensitive", "unused"}
        if candidate and column.available in moments[moments.index(decided_at) + 1 :]:
            names = ("leakage.auc", "leakage.rank_correlation")
            known = (figures.get(figure_id(name, column=column.name)) for name in names)
            shown = next((f.id for f in known if f is not None and f.status == "measured"), None)
            yield Finding(kind="late", columns=(column.name,), figure=shown, limit="data.decided_at")


def _of_columns(figures: FigureSet, plan: Plan, subject: Subject, full: dict[str, str]) -> Iterator[Finding]:
    limits = plan.limits
    determined: dict[str, Finding] = {}
    for figure in _measured(figures, "leakage.determined"):
        column = full[figure.keys["column"]]
        all_of_them = figures[figure_id("leakage.determined_rows", column=column)].value == 1
        if column not in determined and (all_of_them or _rare(figure)):
            kind: FindingKind = "copy" if all_of_them else "determined"
            determined[column] = Finding(kind=kind, columns=(column,), figure=figure.id, limit="limits.chance")
    yield from determined.values()
    rules: tuple[tuple[str, FindingKind, str, Callable[[Figure], bool]], ...] = (
        ("leakage.auc", "ranks", "limits.auc", lambda f: _at_least(f, limits.auc)),
        (
            "leakage.rank_correlation",
            "ranks",
            "limits.rank_correlation",
            lambda f: _at_least(f, limits.rank_correlation),
        ),
        ("data.personal", "personal", "limits.personal", lambda f: _at_least(f, limits.personal)),
        (
            "data.off_reference",
            "off_reference",
            "limits.off_reference",
            lambda f: not _is_time(f, subject) and _beyond(f, limits.off_reference + _outside_by_chance(figures, f)),
        ),
        (
            "data.missing_by_outcome",
            "missing_by_outcome",
            "limits.missing_difference",
            lambda f: _beyond(f, limits.missing_difference),
        ),
        (
            "data.missing_by_group",
            "missing_by_group",
            "limits.missing_difference",
            lambda f: _beyond(f, limits.missing_difference),
        ),
        ("data.share_difference", "share", "limits.share_difference", lambda f: _beyond(f, limits.share_difference)),
    )
    for name, kind, limit, crossed in rules:
        for figure in _measured(figures, name):
            column = full[figure.keys["column"]]
            if crossed(figure) and (kind != "ranks" or column not in determined):
                yield Finding(kind=kind, columns=(column,), figure=figure.id, limit=limit)
    for column in subject.features:
        distinct = figures.get(figure_id("data.distinct", column=column))
        missing = figures.get(figure_id("data.missing", column=column))
        if distinct is not None and missing is not None and distinct.value == 1 and not missing.value:
            yield Finding(kind="constant", columns=(column,), figure=distinct.id)


def _noise(figures: FigureSet) -> tuple[Figure, ...]:
    return tuple(f for f in figures.named("robustness.flips") if f.keys.get("change") == "noise")


def _robustness(figures: FigureSet, plan: Plan, full: dict[str, str]) -> Iterator[Finding]:
    """Decisions that small or stated changes of inputs flip, and rows unlike those of the reference data."""
    limits = plan.limits
    stated = {name for name, feature in plan.features.items() if feature.noise is not None}
    noisy = {f: (full[f.keys["feature"]],) if "feature" in f.keys else () for f in _noise(figures)}
    known = stated.issuperset(column for columns in noisy.values() for column in columns)
    for figure, columns in noisy.items():
        # Where noise is a convention, that it flips decisions says how near they are, and nothing of the data.
        if (stated.issuperset(columns) if columns else known) and (figure.low or 0.0) > limits.noise_flips:
            yield Finding(kind="fragile", columns=columns, figure=figure.id, limit="limits.noise_flips")
    for figure in figures.named("robustness.scenario.flips"):
        if (figure.low or 0.0) > limits.scenario_flips:
            yield Finding(kind="stress", figure=figure.id, limit="limits.scenario_flips")
    for figure in figures.named("robustness.off_data.rows"):
        if (figure.low or 0.0) > limits.off_data:
            yield Finding(kind="off_data", figure=figure.id, limit="limits.off_data")


def _encoded(subject: Subject) -> Iterator[Finding]:
    columns = tuple(name for name, _ in subject.identity.target_encoded if name)
    if subject.identity.target_encoded:
        yield Finding(kind="target_statistics", columns=tuple(c for c in columns if c in subject.features))


def _measured(figures: FigureSet, name: str) -> list[Figure]:
    """Figures of that name that have a value; one that was refused may name no column."""
    return [figure for figure in figures.named(name) if figure.status == "measured"]


def _rare(figure: Figure) -> bool:
    """Whether no more than half of the rows have the outcome: most rows have a frequent one anyway."""
    return figure.events is not None and figure.n is not None and 2 * figure.events <= figure.n


def _is_time(figure: Figure, subject: Subject) -> bool:
    """Whether the column tells when a row was: later rows have later times, and nothing else is to be said of it."""
    return any(as_in_ids(c.name) == figure.keys["column"] and c.roles == ("time",) for c in subject.columns)


def _outside_by_chance(figures: FigureSet, figure: Figure) -> float:
    """Share of rows that are expected beyond the least and the largest of so many reference numbers."""
    column = figure.keys["column"]
    missing = figures.get(figure_id("data.missing", column=column, dataset="reference"))
    if missing is None or missing.n is None or missing.value is None:
        return 0.0
    return 2 / (missing.n - int(missing.value) + 1)


def _at_least(figure: Figure, limit: float) -> bool:
    """Whether the lower end reaches the limit; of a figure without an interval, the value."""
    lowest = figure.value if figure.low is None else figure.low
    return lowest is not None and lowest >= limit


def _beyond(figure: Figure, limit: float) -> bool:
    """Whether the whole interval lies beyond the limit, on either side of zero."""
    return figure.low is not None and figure.high is not None and (figure.low > limit or figure.high < -limit)
