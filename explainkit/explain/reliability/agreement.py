"""Agreement with what computes the same thing another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.evidence import Measured
from explainkit.explain import shap_library
from explainkit.explain.attribution import Kind
from explainkit.explain.background import Background
from explainkit.explain.reliability.figures import measured, untested
from explainkit.explain.reliability.setting import IntArray, Mixer, Setting
from explainkit.explain.shapley import attribute
from explainkit.explanation import Explanation

FloatArray = npt.NDArray[np.float64]

_ROWS, _BEHIND = 5, 10  # rows and background rows on which the model is asked as a function
_EVALUATIONS = 400_000
_COMPARED = 1000  # rows explained both path-dependently and interventionally


Values = tuple[FloatArray, FloatArray | None]
"""SHAP values of some rows, and their standard errors where there are any."""


def by_shap(setting: Setting) -> Values | None:
    """The values that `independent` compares, by shap; None where it compares none."""
    if _incomparable(setting) is not None:
        return None
    mixer = Mixer.of(setting, *_compared(setting))

    def answers(codes: FloatArray) -> FloatArray:
        return setting.asked(mixer.book.decode(codes))

    explained, absent = mixer.rows.astype(np.float64), mixer.behind.astype(np.float64)
    return shap_library.values(answers, explained, absent, seed=setting.seed)


def _compared(setting: Setting) -> tuple[IntArray, IntArray]:
    """Rows and background rows."""
    return setting.draw(len(setting.rows), _ROWS, 20), setting.draw(len(setting.reference), _BEHIND, 21)


def _incomparable(setting: Setting) -> str | None:
    """Why shap is not asked."""
    inside = setting.strategy.inside
    if inside is not None and inside.refusal is not None:
        return "a model's own library explains it, path-dependently; shap calls the same"
    players = setting.strategy.players.count
    rows, behind = _compared(setting)
    if shap_library.coalitions(players) * len(rows) * len(behind) > _EVALUATIONS:
        return f"{players} inputs would take too many calls of the model"
    return None


def independent(setting: Setting, asked: Callable[[], Values | None]) -> Measured:
    """The same values by shap, which asks the model as a function of its columns and reads none of its inside.

    Parameters
    ----------
    setting : Setting
        SHAP values with the model and the rows behind them.
    asked : callable
        Gives what `by_shap` does.
    """
    if (reason := _incomparable(setting)) is not None:
        what = "agreement of SHAP values with an independent implementation (shap)"
        return untested("difference", what, reason)
    rows, behind = _compared(setting)
    ours = _explained(setting, setting.rows.iloc[rows], setting.reference.iloc[behind])
    found = asked()
    assert found is not None
    theirs, error = found
    gap = np.abs(theirs - ours.values)
    scale = (np.abs(ours.base_values) + np.abs(ours.values).sum(axis=1))[:, None, :]
    how = (
        f"interventional SHAP values against {shap_library.version()} (KernelExplainer), which asks the model as a "
        f"function of its columns ({'all coalitions' if error is None else 'coalitions drawn'}), with {len(behind)} "
        "background rows"
        + ("; values rescaled from log-odds are no Shapley values, so they differ" if setting.strategy.rescaled else "")
    )
    figures = [
        measured(
            "difference",
            float((gap / np.maximum(scale, 1e-300)).max()),
            len(rows),
            f"largest |difference| over |base| + Σ|φ| of the row: {how}",
        )
    ]
    if error is not None:
        both = error if ours.error is None else np.hypot(error, ours.error)
        near = gap <= 3.0 * both + 1e-9 * scale
        share = float(near.mean())
        figures.append(
            measured(
                "within_error",
                share,
                int(near.size),
                f"share of values within three standard errors of the estimates: {how}",
            )
        )
    return Measured(figures=tuple(figures))


def _explained(setting: Setting, rows: pd.DataFrame, behind: pd.DataFrame) -> Explanation:
    """Interventional values of some rows."""
    strategy = replace(setting.strategy, kind="interventional")
    return attribute(strategy, setting.model, rows, Background(rows=behind), setting.target, setting.seed)


def kinds(setting: Setting) -> Measured:
    """Path-dependent against interventional values of the same rows: what the choice of the background changes."""
    inside = setting.strategy.inside
    if inside is None or inside.ensemble is None or not inside.ensemble.knows_cover:
        reason = "only trees that were read, and recorded their training rows, have both kinds of values"
        return untested("kinds", "path-dependent against interventional SHAP values", reason)
    some = setting.sample[setting.draw(len(setting.sample), _COMPARED, 22)]
    rows = setting.rows.iloc[some]
    mine = setting.explanation.values[some]
    other: Kind = "interventional" if setting.strategy.kind == "path-dependent" else "path-dependent"
    strategy = replace(setting.strategy, kind=other)
    predictions = setting.explanation.predictions[some]
    theirs = attribute(
        strategy, setting.model, rows, setting.background, setting.target, setting.seed, predictions=predictions
    ).values
    how = f"path-dependent against interventional values over all {len(setting.reference)} reference rows"
    total = float(np.abs(mine).sum())
    figures = [
        measured(
            "kinds.rank_correlation",
            rank_correlation(_means(mine), _means(theirs)),
            len(rows),
            f"Spearman correlation of mean |SHAP| of the inputs: {how}",
        ),
        measured(
            "kinds.sign_agreement",
            sign_agreement(mine, theirs),
            len(rows),
            f"share of |SHAP| whose sign agrees: {how}",
        ),
    ]
    if total > 0:
        moved = float(np.abs(mine - theirs).sum()) / total
        figures.append(measured("kinds.moved", moved, len(rows), f"Σ|difference| over Σ|SHAP|: {how}"))
    return Measured(figures=tuple(figures))


def _means(values: FloatArray) -> FloatArray:
    found: FloatArray = np.abs(values).mean(axis=0).ravel()
    return found


def rank_correlation(one: FloatArray, other: FloatArray) -> float | None:
    """Spearman's correlation; None where one of them has no ranks."""
    if len(one) < 3 or np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return None
    # The same bits as those of scipy.stats.spearmanr, which tests a hypothesis besides, and takes five times as long.
    both: FloatArray = np.asarray(np.corrcoef(np.column_stack([_ranks(one), _ranks(other)]), rowvar=False))
    return float(both[1, 0])


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 on, the mean of them among equal values; NaN where there is no value."""
    ordered = np.sort(values)
    ranks = 0.5 * (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1)
    found: FloatArray = np.where(np.isnan(values), np.nan, ranks)
    return found


def sign_agreement(one: FloatArray, other: FloatArray) -> float | None:
    """Share of the weight |one| at places where both have the same sign."""
    weight = np.abs(one)
    return float(weight[np.sign(one) == np.sign(other)].sum() / weight.sum()) if weight.any() else None


def with_lime(setting: Setting, lime: Explanation | None, places: Sequence[tuple[int, int, int]]) -> Measured:
    """SHAP against LIME on the cases; `places` are row in SHAP, row in LIME and output of each case."""
    what = "SHAP against LIME"
    if lime is None or not places:
        return untested("lime", what, "no case has both")
    shared = [name for name in setting.explanation.features if name in lime.features]
    left = [setting.explanation.features.index(name) for name in shared]
    right = [lime.features.index(name) for name in shared]
    ranks, signs = [], []
    for shap_row, lime_row, output in places:
        mine = setting.explanation.values[shap_row, left, output]
        theirs = lime.values[lime_row, right, output]
        ranks.append(rank_correlation(np.abs(mine), np.abs(theirs)))
        signs.append(sign_agreement(mine, theirs))
    how = f"median over the cases, {len(shared)} inputs"
    ranked = f"Spearman correlation of |SHAP| and |LIME weight|: {how}"
    signed = f"share of |SHAP| whose sign LIME shares: {how}"
    return Measured(
        figures=(
            measured("lime.rank_correlation", _median(ranks), len(places), ranked),
            measured("lime.sign_agreement", _median(signs), len(places), signed),
        )
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.median(known)) if known else None
