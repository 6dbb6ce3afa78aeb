"""Changes in the latest period, and losses on rows that are new to the model, that are beyond a limit of the plan.

Both need a small p-value, corrected for all measures compared, and an interval whose nearest end is beyond the limit:
with rows enough the smallest change is proven, and matters to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from explainkit.evidence import Finding
from explainkit.figures import Figure, FigureSet, figure_id
from explainkit.plan import LimitsPlan

_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "roc_auc": "change_discrimination",
        "accuracy": "change_discrimination",
        "observed_expected": "change_calibration",
        "selection_rate": "change_rates",
        "base_rate": "change_rates",
        "mae": "change_errors",
        "mean_error": "change_errors",
    }
)
_WORSE: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"roc_auc": (-1,), "accuracy": (-1,), "mae": (1,), "observed_expected": (-1, 1), "mean_error": (-1, 1)}
)
"""Which ways a measure that rates the model moves where it does worse on new rows; other rates are of the rows."""


def time_findings(figures: FigureSet, limits: LimitsPlan) -> Iterator[Finding]:
    """What crossed a limit.

    Parameters
    ----------
    figures : FigureSet
        What was measured.
    limits : LimitsPlan
        With the limits of changes.
    """
    for figure in figures.named("period.change"):
        if _proven(figures, figure, limits) and _beyond(figures, figure, limits, (-1, 1)):
            limit = _LIMITS[figure.keys["measure"]]
            yield Finding(kind="latest_period", figure=figure.id, limit=f"limits.{limit}")
    for figure in figures.named("sample.change"):
        ways = _WORSE.get(figure.keys["measure"], ())
        if _proven(figures, figure, limits) and _beyond(figures, figure, limits, ways):
            limit = _LIMITS[figure.keys["measure"]]
            yield Finding(kind="new_rows", figure=figure.id, limit=f"limits.{limit}")


def _proven(figures: FigureSet, figure: Figure, limits: LimitsPlan) -> bool:
    """Whether chance does not explain it."""
    p_value = figures.get(figure_id(f"{figure.name}_p", figure.keys))
    return p_value is not None and p_value.value is not None and p_value.value <= limits.change_chance


def _beyond(figures: FigureSet, figure: Figure, limits: LimitsPlan, ways: tuple[float, ...]) -> bool:
    """Whether the whole interval lies beyond the limit, one of these ways."""
    if figure.low is None or figure.high is None:
        return False
    limit = getattr(limits, _LIMITS[figure.keys["measure"]])
    if figure.unit == "target":
        before = _error_before(figures, figure)
        if before is None:
            return False
        limit *= before
    return (1 in ways and figure.low > limit) or (-1 in ways and figure.high < -limit)


def _error_before(figures: FigureSet, figure: Figure) -> float | None:
    """Of a regression, the mean absolute error of the rows that a change is measured from."""
    if figure.name == "sample.change":
        trained = figures.get(figure_id("sample.mae", rows="in_sample"))
        return None if trained is None else trained.value
    change = figures.get(figure_id("period.change", measure="mae"))
    now = [f.value for f in figures.named("period.mae") if f.value is not None]
    return None if change is None or change.value is None or not now else now[-1] - change.value
