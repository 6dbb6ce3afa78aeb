"""Read scikit-learn's trees, forests and gradient boosting (histogram boosting: see `hist`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.tree.ensemble import Ensemble
from explainkit.explain.tree.readers.assemble import Tree, assemble
from explainkit.explain.tree.readers.refusal import Unreadable

FloatArray = npt.NDArray[np.float64]


def read(estimator: Any) -> Ensemble:
    """Read a fitted tree, forest, extra trees or gradient boosting.

    Parameters
    ----------
    estimator : estimator
        Of scikit-learn, or a subclass.

    Returns
    -------
    Ensemble
        One output for a regression and for the boosting of two classes, else one a class. The sum is that of
        ``decision_function`` (boosting), ``predict_proba`` or ``predict``.

    Raises
    ------
    Unreadable
        If it has several targets, boosts the predictions of another model, or is of another kind.
    """
    from sklearn import ensemble, tree

    forests = (
        *(ensemble.RandomForestClassifier, ensemble.RandomForestRegressor),
        *(ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor),
    )
    if isinstance(estimator, ensemble.GradientBoostingClassifier | ensemble.GradientBoostingRegressor):
        return _boosting(estimator)
    if not isinstance(estimator, (tree.DecisionTreeClassifier, tree.DecisionTreeRegressor, *forests)):
        raise Unreadable(f"{type(estimator).__name__} is no tree, forest or gradient boosting of scikit-learn")
    if estimator.n_outputs_ != 1:
        raise Unreadable("it has several targets at once")
    members = estimator.estimators_ if isinstance(estimator, forests) else [estimator]
    outputs = int(estimator.n_classes_) if hasattr(estimator, "classes_") else 1
    trees = [_tree(m.tree_, m.tree_.value[:, 0, :outputs] / len(members)) for m in members]
    return assemble(trees, base=0.0, outputs=outputs, columns=estimator.n_features_in_, float32=True)


def matrix(estimator: Any, data: Any, wrapper: Any = None) -> FloatArray:
    """Rows as the trees compare them: rounded to 32 bits.

    Parameters
    ----------
    estimator : estimator
        As for `read`; not looked at.
    data : frame, array or sparse matrix, shape (n_rows, n_columns)
        What it takes.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        NaN where a value is missing.

    Raises
    ------
    ValueError
        If a value is infinite (beyond the range of 32 bits too), or no number, as when predicting.
    """
    from sklearn.utils import check_array

    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as such
        rows = check_array(
            data, dtype=np.float32, accept_sparse="csr", ensure_all_finite="allow-nan", ensure_min_samples=0
        )
    return np.ascontiguousarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)


def _tree(tree: Any, value: FloatArray, output: int = 0) -> Tree:
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        column=tree.feature,
        threshold=tree.threshold,
        value=value,
        cover=tree.weighted_n_node_samples,
        default_left=tree.missing_go_to_left.astype(np.bool_),
        output=output,
    )


def _boosting(estimator: Any) -> Ensemble:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    init = estimator.init_
    if not isinstance(init, str | DummyClassifier | DummyRegressor) or getattr(init, "strategy", "") == "stratified":
        raise Unreadable("its boosting starts from the predictions of another model")
    stages = estimator.estimators_
    trees = [
        _tree(member.tree_, estimator.learning_rate * member.tree_.value[:, 0, 0], output)
        for stage in stages
        for output, member in enumerate(stage)
    ]
    return assemble(
        trees, base=_start(estimator), outputs=stages.shape[1], columns=estimator.n_features_in_, float32=True
    )


def _start(estimator: Any) -> FloatArray:
    """The constant that boosting starts from: the first stage of a row's score less what its trees add."""
    row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    names = getattr(estimator, "feature_names_in_", None)
    named = row if names is None else pd.DataFrame(row, columns=names)  # scikit-learn warns where names are missing
    staged = estimator.staged_decision_function if hasattr(estimator, "classes_") else estimator.staged_predict
    first = np.asarray(next(iter(staged(named))), dtype=np.float64).reshape(-1)
    added = [estimator.learning_rate * member.tree_.predict(row)[0, 0] for member in estimator.estimators_[0]]
    return np.asarray(first - np.array(added), dtype=np.float64)
