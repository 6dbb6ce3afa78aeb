"""Whether the ranks of the inputs stay when rows or the background are others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explainkit.evidence import Measured
from explainkit.explain.background import Background
from explainkit.explain.reliability.agreement import rank_correlation
from explainkit.explain.reliability.figures import measured, untested
from explainkit.explain.reliability.setting import Setting
from explainkit.explain.shapley import attribute

FloatArray = npt.NDArray[np.float64]

_PARTS = 5
_ROWS = 500
_BEHIND = 100


def over_rows(setting: Setting) -> Measured:
    """Ranks of mean |SHAP| in disjoint parts of the rows explained, against all of them."""
    order = np.random.default_rng([setting.seed, 23]).permutation(setting.sample)
    parts = [part for part in np.array_split(order, _PARTS) if len(part)]
    whole = setting.importance.ravel()
    found = [rank_correlation(np.abs(setting.explanation.values[part]).mean(axis=0).ravel(), whole) for part in parts]
    how = f"smallest Spearman correlation of mean |SHAP| with that of all rows, over {len(parts)} random disjoint parts"
    return Measured(figures=(measured("stability.rows", _smallest(found), len(order), how),))


def over_backgrounds(setting: Setting) -> Measured:
    """Ranks of mean |SHAP| with small backgrounds drawn from the reference rows, against all of them."""
    inside = setting.strategy.inside
    if inside is None or (inside.ensemble is None and inside.kind == "tree"):
        reason = "every background would take as many calls of the model as the explanation itself"
        return untested("stability.backgrounds", "stability of ranks over backgrounds", reason)
    some = setting.sample[setting.draw(len(setting.sample), _ROWS, 24)]
    rows, predictions = setting.rows.iloc[some], setting.explanation.predictions[some]
    strategy = replace(setting.strategy, kind="interventional")

    def importance(behind: Background) -> FloatArray:
        values = attribute(
            strategy, setting.model, rows, behind, setting.target, setting.seed, predictions=predictions
        ).values
        found: FloatArray = np.abs(values).mean(axis=0).ravel()
        return found

    count = len(setting.reference)
    parts = [setting.reference.iloc[setting.draw(count, _BEHIND, 30 + k)] for k in range(_PARTS)]
    drawn = [importance(Background(rows=part)) for part in parts]
    whole = importance(setting.background)  # last: its tables are kept for others, and would stand beside those above
    found = [rank_correlation(one, whole) for one in drawn]
    how = (
        f"smallest Spearman correlation of mean |SHAP| with that against all reference rows, over {_PARTS} seeded "
        f"backgrounds of {min(_BEHIND, count)} rows; interventional"
    )
    return Measured(figures=(measured("stability.backgrounds", _smallest(found), len(rows), how),))


def _smallest(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return min(known) if known else None
