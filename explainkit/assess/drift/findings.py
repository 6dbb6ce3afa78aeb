"""Drift that is beyond a limit of the plan: proven to be no chance, and large enough to matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from explainkit.evidence import Finding, FindingKind
from explainkit.figures import Figure, FigureSet, figure_id
from explainkit.plan import DriftPlan


def drift_findings(figures: FigureSet, plan: DriftPlan, full: Mapping[str, str]) -> Iterator[Finding]:
    """What crossed a limit.

    Parameters
    ----------
    figures : FigureSet
        What was measured.
    plan : DriftPlan
        With the limits.
    full : mapping of str to str
        Names of columns in full, by how they stand in ids.
    """
    for figure in figures.named("drift.psi"):
        column = figure.keys.get("column")
        if column is not None and _changed(figures, figure, plan) and _lowest(figure) > plan.psi:
            yield Finding(kind="drift", columns=(full[column],), figure=figure.id, limit="drift.psi")
    for figure in figures.named("drift.missing"):
        if _changed(figures, figure, plan) and _beyond(figure, plan.missing):
            column = full[figure.keys["column"]]
            yield Finding(kind="drift", columns=(column,), figure=figure.id, limit="drift.missing")
    for figure in figures.named("drift.score_psi"):
        if _changed(figures, figure, plan) and _lowest(figure) > plan.psi:
            yield Finding(kind="score_drift", figure=figure.id, limit="drift.psi")
            break
    rules: tuple[tuple[str, FindingKind, str], ...] = (
        ("drift.told_apart", "told_apart", "told_apart"),
        ("drift.outcome_rate", "outcome_drift", "outcome_rate"),
        ("drift.mean_error", "outcome_drift", "outcome_rate"),
    )
    for name, kind, limit in rules:
        found = figures.get(name)
        if (
            found is not None
            and found.status == "measured"
            and found.low is not None
            and _beyond(found, getattr(plan, limit))
        ):
            yield Finding(kind=kind, figure=found.id, limit=f"drift.{limit}")
    ranks = figures.get("explanation.drift.rank_correlation")
    if ranks is not None and ranks.high is not None and ranks.high < plan.rank_correlation:
        yield Finding(kind="explanation_drift", figure=ranks.id, limit="drift.rank_correlation")


def _changed(figures: FigureSet, figure: Figure, plan: DriftPlan) -> bool:
    """Whether chance does not explain it; of rows in clusters no p-value is known, and the size alone counts."""
    if figure.status != "measured":
        return False
    name = "drift.score_p_value" if figure.name.startswith("drift.score_") else "drift.p_value"
    p_value = figures.get(figure_id(name, figure.keys))
    return p_value is None or p_value.value is None or p_value.value <= plan.chance


def _lowest(figure: Figure) -> float:
    lowest = figure.value if figure.low is None else figure.low
    return 0.0 if lowest is None else float(lowest)


def _beyond(figure: Figure, limit: float) -> bool:
    """Whether the whole interval, or where there is none the value, lies beyond the limit on either side of zero."""
    value = figure.value or 0.0
    low, high = (value if end is None else end for end in (figure.low, figure.high))
    return low > limit or high < -limit
