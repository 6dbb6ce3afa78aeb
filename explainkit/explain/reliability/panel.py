"""The panel: every check, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from explainkit.evidence import Measured
from explainkit.explain.reliability import agreement, curves, stability, support
from explainkit.explain.reliability.figures import measured
from explainkit.explain.reliability.setting import Setting
from explainkit.explain.together import Part
from explainkit.explanation import Explanation

_QUANTILES = (0.5, 0.9, 0.99, 1.0)


def panel(
    setting: Setting,
    lime: Callable[[], Explanation | None],
    places: Sequence[tuple[int, int, int]],
    by_shap: Callable[[], agreement.Values | None],
) -> tuple[Part[Measured], ...]:
    """How far to trust an explanation: the checks, to be made in any order.

    Parameters
    ----------
    setting : Setting
        SHAP values with the model and the rows behind them.
    lime : callable
        Gives LIME weights of the cases, or None.
    places : sequence of (int, int, int)
        Row in SHAP, row in LIME and output of each case.
    by_shap : callable
        Gives what `agreement.by_shap` does; called last, as it may be at work in another process.
    """
    return (
        Part(lambda: _additivity(setting)),
        Part(lambda: agreement.independent(setting, by_shap), alone=True, waits=True),
        Part(lambda: stability.over_rows(setting)),
        Part(lambda: stability.over_backgrounds(setting), alone=True),
        Part(lambda: agreement.kinds(setting), alone=True),
        Part(lambda: agreement.with_lime(setting, lime(), places)),
        Part(lambda: curves.curves(setting)),
        Part(lambda: support.shared_credit(setting)),
        Part(lambda: support.off_the_data(setting), alone=True),
    )


def _additivity(setting: Setting) -> Measured:
    """Quantiles of the residual relative to the size of the row's values, over every row explained."""
    explanation = setting.explanation
    scale = np.abs(explanation.base_values) + np.abs(explanation.values).sum(axis=1)
    relative = (np.abs(explanation.residual) / np.maximum(scale, 1e-300)).max(axis=1)
    how = "quantile of |base + contributions − output| over |base| + Σ|φ|, over every row explained"
    figures = [
        # A residual is rounding error and differs between kinds of machines.
        measured("residual", float(np.quantile(relative, q)), len(relative), how, {"quantile": f"{q:g}"}, tolerance=1.0)
        for q in _QUANTILES
    ]
    return Measured(figures=tuple(figures))
