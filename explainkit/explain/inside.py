"""Look inside a model: its last step, what stands before it, and which explainer can read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.elsewhere import Elsewhere, Prepared, told_of
from explainkit.explain.onnx_estimator import Estimator, estimator_of
from explainkit.explain.players import Players
from explainkit.explain.tree import readers
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.onnx import sources_of
from explainkit.load.confined.client import Confined
from explainkit.load.models.onnx.model import OnnxModel

FloatArray = npt.NDArray[np.float64]
Family = Literal["scikit-learn", "lightgbm", "xgboost", "catboost", "onnx"]
Kind = Literal["tree", "linear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A model that can be read: engineered columns, and the estimator that takes them."""

    kind: Kind
    family: Family
    estimator: Any
    """The last step; a booster for XGBoost and LightGBM; the deciding operator of an ONNX graph; an `Elsewhere` for a
    model in another process."""
    wrapper: Any
    """The last step as it stands in the pipeline (the ``XGBClassifier`` around a booster)."""
    prepare: Callable[[pd.DataFrame], Any]
    """Rows as `Model.adapt` gives them → what the estimator takes."""
    ensemble: Ensemble | None
    """The trees, where they can be read exactly."""
    refusal: str | None
    """Why the trees of a booster cannot be read, as a clause; its own library then explains them."""
    sources: tuple[int, ...]
    """Player behind each engineered column: a raw column, or a group of them."""
    players: int
    """Number of players."""
    rising: tuple[bool, ...]
    """Whether each engineered column, as the estimator compares it, never falls as its raw column, a number, rises."""

    @property
    def name(self) -> str:
        """Class of the estimator."""
        return self.estimator.name if isinstance(self.estimator, Elsewhere | Estimator) else type(self.wrapper).__name__

    @property
    def bare(self) -> bool:
        """Whether nothing stands before the estimator."""
        if isinstance(self.estimator, Elsewhere | Estimator):
            return self.estimator.bare
        return isinstance(self.prepare, _Prepare) and not self.prepare.steps

    @property
    def averages(self) -> bool:
        """Whether the estimator of scikit-learn or the operator of ONNX has no score but its probabilities."""
        if isinstance(self.estimator, Elsewhere | Estimator):
            return self.estimator.averages
        return not hasattr(self.estimator, "decision_function")

    @property
    def one_to_one(self) -> bool:
        """Whether each player has one engineered column."""
        return len(set(self.sources)) == len(self.sources)

    def grouped(self, players: Players) -> Inside:
        """The same model with groups of raw columns as players."""
        return replace(self, sources=tuple(players.of[s] for s in self.sources), players=players.count)

    def to_players(self, values: FloatArray) -> FloatArray:
        """Sum attributions of engineered columns over the player they derive from.

        Parameters
        ----------
        values : ndarray, shape (n_rows, n_engineered, n_outputs)

        Returns
        -------
        ndarray, shape (n_rows, n_players, n_outputs)
        """
        if self.sources == tuple(range(self.players)):
            return values
        summed = np.zeros((values.shape[0], self.players, values.shape[2]))
        for engineered, source in enumerate(self.sources):
            summed[:, source] += values[:, engineered]
        return summed


@dataclass(frozen=True, slots=True)
class Opaque:
    """A model that is explained as one function of its raw columns."""

    reason: str
    """Why, as a clause."""


def look_inside(native: Any, rows: pd.DataFrame) -> Inside | Opaque:
    """Find the estimator, the transformers before it, and the lineage of its columns.

    Parameters
    ----------
    native : object
        The object of the model's own library, or None.
    rows : pandas.DataFrame
        A few rows as `Model.adapt` gives them.

    Returns
    -------
    Inside or Opaque
        Whether the estimator's own account is right is not known yet: see `explainkit.explain.margins`.
    """
    if native is None:
        return Opaque("it is a function without an inside")
    if isinstance(native, Confined):
        return _elsewhere(native, rows)
    if isinstance(native, OnnxModel):
        return _graph(native, rows)
    steps, last = _split(native)
    strange = [type(step).__name__ for step in steps if not hasattr(step, "transform")]
    if strange:
        return Opaque(f"its pipeline holds {strange[0]}, which does not transform rows")
    found = _family(last)
    if isinstance(found, Opaque):
        return found
    kind, family = found
    trees = _trees(_core(last, family), family) if kind == "tree" else None
    if isinstance(trees, Opaque):
        return trees
    ensemble, refusal = (None, trees) if isinstance(trees, str) else (trees, None)
    prepare = _Prepare(steps, named=_named(native, family))
    width, sparse = rows.shape[1], False
    origin: tuple[tuple[int, ...], tuple[bool, ...]] | None = (tuple(range(width)), (True,) * width)
    if steps:
        from explainkit.explain.lineage import traced  # late: the process of a booster does without scikit-learn

        made = prepare(rows)
        width, sparse = made.shape[1], hasattr(made, "tocsr")
        origin = traced(steps, [str(c) for c in rows.columns], width=width)
    if origin is None:
        return Opaque("its pipeline mixes raw columns, or holds a step whose columns cannot be traced")
    sources, rising = origin
    if family == "xgboost" and (sparse or not pd.isna(getattr(last, "missing", np.nan))):
        rising = (False,) * width  # a number that it takes for missing would leave a gap among the others
    return Inside(
        kind=kind,
        family=family,
        ensemble=ensemble,
        refusal=refusal,
        estimator=_core(last, family),
        wrapper=last,
        prepare=prepare,
        sources=sources,
        players=rows.shape[1],
        rising=rising,
    )


def _elsewhere(model: Confined, rows: pd.DataFrame) -> Inside | Opaque:
    """What the process that holds the model found, looking there."""
    found = told_of(model, rows)
    if isinstance(found, str):
        return Opaque(found)
    return Inside(
        kind=found.kind,
        family=found.family,
        ensemble=found.ensemble,
        refusal=found.refusal,
        estimator=found.estimator,
        wrapper=None,
        prepare=found.estimator.prepare,
        sources=found.sources,
        players=rows.shape[1],
        rising=found.rising,
    )


def _graph(model: OnnxModel, rows: pd.DataFrame) -> Inside | Opaque:
    """The operator of an ONNX graph that decides."""
    try:
        estimator = estimator_of(model, rows)
    except readers.Unreadable as refusal:
        return Opaque(refusal.reason)
    trees = _trees(estimator, "onnx") if estimator.kind == "tree" else None
    if isinstance(trees, Opaque):
        return trees
    assert not isinstance(trees, str)
    return Inside(
        kind=estimator.kind,
        family="onnx",
        ensemble=trees,
        refusal=None,
        estimator=estimator,
        wrapper=None,
        prepare=estimator.prepare,
        sources=estimator.sources if trees is None else sources_of(estimator),
        players=rows.shape[1],
        rising=(False,) * len(estimator.sources if trees is None else sources_of(estimator)),
    )


def dense(matrix: Any) -> FloatArray:
    """An engineered matrix (frame, array, sparse, or rows that another process prepares) as an array of doubles."""
    if isinstance(matrix, Prepared):
        return matrix.dense()
    if hasattr(matrix, "toarray"):
        matrix = matrix.toarray()
    return np.asarray(matrix, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Prepare:
    """The steps before the estimator, applied as the pipeline applies them."""

    steps: tuple[Any, ...]
    named: bool

    def __call__(self, rows: pd.DataFrame) -> Any:
        data: Any = rows if self.named else rows.to_numpy()
        for step in self.steps:
            data = step.transform(data)
        return data


def _trees(core: Any, family: Family) -> Ensemble | str | Opaque:
    """The trees; why they cannot be read, where the model's own library explains them; or neither."""
    try:
        return readers.read(family, core)
    except readers.Unreadable as refusal:
        explains = refusal.own and family not in ("scikit-learn", "onnx")
        return refusal.reason if explains else Opaque(refusal.reason)


def _split(native: Any) -> tuple[tuple[Any, ...], Any]:
    """Transformers before the estimator, in order, and the estimator; nested pipelines are opened."""
    steps: list[Any] = []
    last = native
    while True:
        if type(last).__name__ == "Pipeline" and hasattr(last, "steps"):
            steps += [step for _, step in last.steps[:-1] if step is not None and not isinstance(step, str)]
            last = last.steps[-1][1]
        elif hasattr(last, "best_estimator_"):
            last = last.best_estimator_  # a search answers with the best it found
        else:
            return tuple(steps), last


def _named(native: Any, family: Family) -> bool:
    """Whether the model was trained on named columns; scikit-learn warns when that changes."""
    if family == "scikit-learn" or hasattr(native, "steps"):
        return hasattr(native, "feature_names_in_")
    return family != "xgboost" or bool(_core(native, family).feature_names)


def _library(last: Any) -> str:
    homes = [c.__module__.partition(".")[0] for c in type(last).__mro__]
    return next((h for h in homes if h in ("lightgbm", "xgboost", "catboost", "sklearn")), homes[0])


def _core(last: Any, family: Family) -> Any:
    if family == "lightgbm":
        return last.booster_ if hasattr(last, "booster_") else last
    if family == "xgboost":
        return last.get_booster() if hasattr(last, "get_booster") else last
    return last


def _family(last: Any) -> tuple[Kind, Family] | Opaque:
    library = _library(last)
    if library == "lightgbm":
        if "is_linear=1" in _core(last, "lightgbm").model_to_string(num_iteration=1):
            return Opaque("its trees have linear leaves, which LightGBM does not attribute")
        return ("tree", "lightgbm")
    if library == "xgboost":
        return _xgboost(_core(last, "xgboost"))
    if library == "catboost":
        return ("tree", "catboost")
    return _sklearn(last) if library == "sklearn" else Opaque(f"{type(last).__name__} is of no family that can be read")


def _xgboost(booster: Any) -> tuple[Kind, Family] | Opaque:
    learner = json.loads(booster.save_config())["learner"]
    if learner["gradient_booster"]["name"] == "gblinear":
        return Opaque("XGBoost's linear booster keeps no background of its own")
    return ("tree", "xgboost")


def _sklearn(last: Any) -> tuple[Kind, Family] | Opaque:
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    hist = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    trees = (
        *(DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier, RandomForestRegressor),
        *(ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor),
    )
    if isinstance(last, (*trees, *hist)):
        return ("tree", "scikit-learn")
    if _has_coefficients(last):
        return ("linear", "scikit-learn")
    return Opaque(f"{type(last).__name__} is neither an ensemble of trees nor linear")


def _has_coefficients(last: Any) -> bool:
    try:
        coefficients, intercept = last.coef_, last.intercept_
    except AttributeError:
        return False
    return np.ndim(coefficients) in (1, 2) and np.ndim(intercept) in (0, 1)


def coefficients(estimator: Any) -> tuple[FloatArray, FloatArray]:
    """Coefficients of shape (n_outputs, n_engineered) and intercepts of shape (n_outputs,) of a linear model."""
    if isinstance(estimator, Elsewhere):
        return estimator.coefficients()
    weights = np.atleast_2d(dense(estimator.coef_))
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64).ravel(), (len(weights),))
    return weights, intercept
