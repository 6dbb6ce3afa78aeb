"""The panel: every check, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explainkit.evidence import Measured
from explainkit.explain.reliability import agreement, curves, stability, support
from explainkit.explain.reliability.figures import measured
from explainkit.explain.reliability.setting import Setting
from explainkit.explanation import Explanation
from explainkit.figures import Figure

_QUANTILES = (0.5, 0.9, 0.99, 1.0)


def panel(setting: Setting, lime: Explanation | None, places: Sequence[tuple[int, int, int]]) -> Measured:
    """How far to trust an explanation.

    Parameters
    ----------
    setting : Setting
        SHAP values with the model and the rows behind them.
    lime : Explanation, optional
        LIME weights of the cases.
    places : sequence of (int, int, int)
        Row in SHAP, row in LIME and output of each case.
    """
    return (
        Measured(figures=tuple(_additivity(setting)))
        + agreement.independent(setting)
        + stability.over_rows(setting)
        + stability.over_backgrounds(setting)
        + agreement.kinds(setting)
        + agreement.with_lime(setting, lime, places)
        + curves.curves(setting)
        + support.shared_credit(setting)
        + support.off_the_data(setting)
    )


def _additivity(setting: Setting) -> list[Figure]:
    """Quantiles of the residual relative to the size of the row's values, over every row explained."""
    explanation = setting.explanation
    scale = np.abs(explanation.base_values) + np.abs(explanation.values).sum(axis=1)
    relative = (np.abs(explanation.residual) / np.maximum(scale, 1e-300)).max(axis=1)
    how = "quantile of |base + contributions − output| over |base| + Σ|φ|, over every row explained"
    return [
        # A residual is rounding error and differs between kinds of machines.
        measured("residual", float(np.quantile(relative, q)), len(relative), how, {"quantile": f"{q:g}"}, tolerance=1.0)
        for q in _QUANTILES
    ]
