"""The model's own score before it becomes a probability, and whether the answers audited come from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from explainkit.explain.elsewhere import Prepared
from explainkit.explain.inside import Inside, dense
from explainkit.explanation import OutputSpace

if TYPE_CHECKING:
    from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]

# Largest difference between a probability (or a prediction, relative to the largest) and what the margin gives.
_AGREEMENT = 1e-5


def tolerance(inside: Inside | None) -> float:
    """Largest additivity residual of a row, relative to |base| + Σ|φ|.

    The contributions of trees add up to rounding, but XGBoost and ONNX Runtime add their own scores in 32-bit floating
    point.
    """
    if inside is not None and inside.family == "onnx":
        return 1e-5
    if inside is None or inside.ensemble is None:
        return 1e-6
    return 1e-5 if inside.family == "xgboost" else 1e-9


def space_of(inside: Inside, task: Task) -> OutputSpace:
    """In which space the inside of a model adds up: ``margin``, ``probability`` (averages of trees) or ``raw``."""
    if task == "regression":
        return "raw"
    averages = inside.kind == "tree" and inside.family in ("scikit-learn", "onnx") and inside.averages
    return "probability" if averages else "margin"


def margin(inside: Inside, matrix: Any) -> FloatArray:
    """The model's own score of each row.

    Parameters
    ----------
    inside : Inside
        The model.
    matrix : frame, array or sparse matrix, shape (n_rows, n_engineered)
        What its estimator takes.

    Returns
    -------
    ndarray, shape (n_rows, k)
        k = 1 for a regression, and for two classes where the score is that of the second; else one a class.
    """
    if isinstance(matrix, Prepared):
        return matrix.margin()
    scores = np.asarray(_MARGINS[inside.family](inside, matrix), dtype=np.float64)
    return scores.reshape(scores.shape[0], -1)


def agrees(scores: FloatArray, answers: FloatArray, task: Task, space: OutputSpace) -> bool:
    """Whether the model's answers are its margins passed through the logistic function, softmax or nothing.

    Parameters
    ----------
    scores : ndarray, shape (n_rows, k)
        Margins.
    answers : ndarray, shape (n_rows, n_classes) or (n_rows, 1)
        What `Model.predict` gives for the same rows.
    task : {"binary", "multiclass", "regression"}
        What the model does.
    space : {"margin", "probability", "raw"}
        Of `scores`.
    """
    from scipy.special import expit, softmax  # late: the process that holds a model does without them

    if task == "regression":
        return scores.shape == answers.shape and _near(scores, answers)
    if space == "probability":
        return scores.shape == answers.shape and _near(scores, answers)
    if task == "binary":
        return scores.shape[1] == 1 and _near(expit(scores[:, 0]), answers[:, -1])
    if scores.shape != answers.shape:
        return False
    single = expit(scores)
    shares = single / single.sum(axis=1, keepdims=True)
    return any(_near(link, answers) for link in (softmax(scores, axis=1), single, shares))


def _near(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.abs(one - other).max() <= _AGREEMENT * max(1.0, float(np.abs(other).max())))


def _sklearn(inside: Inside, matrix: Any) -> Any:
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(inside.estimator, name):
            return getattr(inside.estimator, name)(matrix)
    raise AttributeError("decision_function")


def _lightgbm(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.predict(frame_or_dense(matrix), raw_score=True) / averaged_over(inside.estimator)


def _xgboost(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.predict(
        xgboost_matrix(inside, matrix), output_margin=True, iteration_range=iterations(inside.estimator)
    )


def _catboost(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.predict(catboost_pool(inside.estimator, matrix), prediction_type="RawFormulaVal")


def _onnx(inside: Inside, matrix: Any) -> Any:
    return inside.estimator.scores(matrix)


_MARGINS = {
    "scikit-learn": _sklearn,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "onnx": _onnx,
}


def frame_or_dense(matrix: Any) -> Any:
    """Frames keep their categories; anything else becomes a dense array."""
    return matrix if hasattr(matrix, "columns") else dense(matrix)


_AVERAGE: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
"""Whether boosters of LightGBM average their trees: asked of each once, as it writes itself down to tell."""


def averaged_over(booster: Any) -> int:
    """Trees that LightGBM's random forest averages over, where its raw scores are sums; 1 for boosting."""
    if booster not in _AVERAGE:
        _AVERAGE[booster] = bool(booster.dump_model(num_iteration=1).get("average_output"))
    if not _AVERAGE[booster]:
        return 1
    # After early stopping it predicts with the trees up to the best iteration, and averages over these.
    every = int(booster.num_trees() // booster.num_model_per_iteration())
    return max(1, min(every, booster.best_iteration) if booster.best_iteration > 0 else every)


def iterations(booster: Any) -> tuple[int, int]:
    """Boosting rounds that XGBoost predicts with: up to the best one where training stopped early."""
    return (0, booster.best_iteration + 1) if "best_iteration" in booster.attributes() else (0, 0)


def xgboost_matrix(inside: Inside, matrix: Any) -> Any:
    """Rows as XGBoost takes them; in a sparse matrix what is absent is missing, as when predicting."""
    import xgboost

    missing = getattr(inside.wrapper, "missing", None)
    return xgboost.DMatrix(matrix, enable_categorical=True, missing=np.nan if missing is None else missing)


def catboost_pool(model: Any, matrix: Any) -> Any:
    """Rows as CatBoost takes them."""
    import catboost

    return catboost.Pool(
        matrix.toarray() if hasattr(matrix, "toarray") else matrix,  # texts in an array stay texts
        cat_features=model.get_cat_feature_indices(),
        text_features=model.get_text_feature_indices(),
        embedding_features=model.get_embedding_feature_indices(),
    )
