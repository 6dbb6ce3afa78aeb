"""Which explainer fits a model: chosen by what it is, and kept only if a trial on some rows adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import MissingExtraError
from explainkit.evidence import LedgerEntry
from explainkit.explain import shap_library
from explainkit.explain.boosters import contributions
from explainkit.explain.inside import Family, Inside, Opaque, look_inside
from explainkit.explain.linear import linear_values
from explainkit.explain.margins import agrees, margin, space_of, tolerance
from explainkit.explain.target import Target
from explainkit.explanation import OutputSpace
from explainkit.load.subject import Model

FloatArray = npt.NDArray[np.float64]

EXACT_COLUMNS = 10
"""Up to this many raw columns all coalitions are enumerated."""
_TRIAL_ROWS = 25
_ROUNDING = 1e-15  # where base and contributions are nothing but rounding themselves
_EVALUATIONS = 2_000_000  # rows given to an opaque model for the global picture
_FEWEST_ROWS, _MOST_ROWS = 10, 50  # of the global picture of an opaque model
_ENUMERATED = 200_000  # coalitions × background rows held in memory at once
_CELLS = 20_000_000  # numbers held in memory by one call of the permutation explainer
_LEAF_VISITS = 20_000_000_000  # leaves × squared depth × rows: about half a minute of shap's own TreeSHAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a model is explained."""

    inside: Inside | None
    """What was read; None when the model is explained as one function of its raw columns."""
    space: OutputSpace
    notes: tuple[LedgerEntry, ...] = ()
    """Why the inside was not used, where it was asked for."""

    def exact(self, columns: int, background: int) -> bool:
        """Whether an opaque model is explained by enumeration of all coalitions."""
        return columns <= EXACT_COLUMNS and 2**columns * background <= _ENUMERATED

    def background_rows(self, columns: int, asked: int) -> int:
        """Background rows used for an opaque model: as asked, unless memory forbids."""
        return max(1, min(asked, _CELLS // ((2 * columns + 1) * columns)))

    def rows(self, columns: int, background: int, asked: int) -> int:
        """Rows explained for the global picture: as asked, unless the work would take minutes."""
        if self.inside is None:
            runs = shap_library.PERMUTATION_RUNS * (2 * columns + 1)
            each = background * (2**columns if self.exact(columns, background) else runs)
            return min(asked, _MOST_ROWS, max(_FEWEST_ROWS, _EVALUATIONS // each))
        visits = _visits(self.inside)
        return asked if visits == 0 else min(asked, max(_MOST_ROWS, _LEAF_VISITS // visits))


def choose(model: Model, rows: pd.DataFrame, *, target: Target, output: Literal["margin", "probability"]) -> Strategy:
    """Choose the explainer.

    The inside of a model is used when it can be read, when its score is the score of the answers that are audited (its
    logistic function or softmax gives them), and when contributions add up to that score on a trial of some rows.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame
        Rows to explain; the first are tried.
    target : Target
        What is explained.
    output : {"margin", "probability"}
        The space asked for; a regression has one only.
    """
    opaque_space: OutputSpace = "raw" if target.task == "regression" else "probability"
    # All rows are adapted, as the type of a column may be told from values that the first rows do not hold.
    trial = model.adapt(rows)[0].iloc[:_TRIAL_ROWS]
    found = look_inside(model.native, trial)
    if isinstance(found, Opaque):
        notes = () if output == "probability" or target.task == "regression" else (_no_margin(found.reason),)
        return Strategy(inside=None, space=opaque_space, notes=notes)
    space: OutputSpace = space_of(found, target.task)
    if output == "probability" and space == "margin":
        return Strategy(inside=None, space=opaque_space)
    problem = _problem(found, model, trial, target, space)
    if problem is not None:
        return Strategy(inside=None, space=opaque_space, notes=(problem,))
    return Strategy(inside=found, space=space)


def _no_margin(reason: str) -> LedgerEntry:
    return LedgerEntry(
        kind="not_tested",
        what="SHAP values in margin space",
        reason=f"the model is explained in probability space, as one function of its raw columns, because {reason}",
    )


def _problem(
    found: Inside, model: Model, trial: pd.DataFrame, target: Target, space: OutputSpace
) -> LedgerEntry | None:
    """Why the inside of the model cannot be used after all."""
    refusals: tuple[type[Exception], ...] = (
        ValueError,
        TypeError,
        AttributeError,
        NotImplementedError,
        IndexError,
        *_refusals(found.family),
    )
    try:
        matrix = found.prepare(trial)
        scores = margin(found, matrix)
        if not agrees(scores, model.predict(trial), target.task, space):
            reason = "its inner score does not give its answers by a logistic function, softmax or identity"
            return _instead(found, "not_tested", reason)
        values, base = raw_contributions(found, trial, trial, outputs=scores.shape[1])
    except refusals as error:
        return _instead(found, "failed", f"it cannot be read ({type(error).__name__}: {_first_line(error)})")
    if excess(values, base[None], scores, relative=tolerance(found)).any():
        if found.kind == "linear":
            return _instead(found, "not_tested", "its answers are not the linear sum of its coefficients")
        return _instead(found, "failed", "contributions of its trees do not add up to its own score on a trial")
    return None


def _instead(found: Inside, kind: Literal["not_tested", "failed"], reason: str) -> LedgerEntry:
    return LedgerEntry(
        kind=kind,
        what=f"SHAP values from the inside of the {found.name}",
        reason=f"explained as one function of its raw columns instead: {reason}",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no message"


def _refusals(family: Family) -> tuple[type[Exception], ...]:
    """What a library raises for a model whose contributions it cannot compute."""
    try:
        if family == "lightgbm":
            from lightgbm.basic import LightGBMError

            return (LightGBMError,)
        if family == "catboost":
            from catboost import CatBoostError

            return (CatBoostError,)
    except ImportError:
        raise MissingExtraError(family, extra=family, needed_for="this model") from None
    return shap_library.refusals() if family == "scikit-learn" else ()


def raw_contributions(
    inside: Inside, rows: pd.DataFrame, background: pd.DataFrame, *, outputs: int
) -> tuple[FloatArray, FloatArray]:
    """Contributions of engineered columns, shape (n_rows, n_engineered, k), and base of shape (k,).

    Parameters
    ----------
    inside : Inside
        A model that can be read.
    rows, background : pandas.DataFrame
        As `Model.adapt` gives them; trees need no background.
    outputs : int
        Number of margins, k.
    """
    if inside.kind == "linear":
        return linear_values(inside, rows, background, outputs=outputs)
    matrix = inside.prepare(rows)
    return (
        shap_library.tree_values(inside, matrix) if inside.family == "scikit-learn" else contributions(inside, matrix)
    )


def excess(values: FloatArray, base: FloatArray, scores: FloatArray, *, relative: float) -> npt.NDArray[np.bool_]:
    """Which outputs of which rows miss additivity by more than `relative` · (|base| + Σ|φ|); shape (n_rows, k)."""
    scale = np.abs(base) + np.abs(values).sum(axis=1)
    missed = np.abs(base + values.sum(axis=1) - scores)
    beyond: npt.NDArray[np.bool_] = missed > relative * scale + _ROUNDING
    return beyond


def _visits(inside: Inside) -> int:
    """Work of shap's TreeSHAP on one row, in leaves × squared depth; 0 where it is small or another library's."""
    estimator: Any = inside.estimator
    if inside.kind != "tree" or inside.family != "scikit-learn" or hasattr(estimator, "_predictors"):
        return 0
    members = np.ravel(getattr(estimator, "estimators_", [estimator]))
    return int(sum(int(m.tree_.n_leaves) * int(m.tree_.max_depth) ** 2 for m in members))
