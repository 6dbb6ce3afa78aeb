"""LIME: a weighted linear model around one row. The one module that imports lime, and only when it is called."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError
from explainkit.explain.perturbable import Perturbable, perturbable
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.steady import one_order, quiet_library
from explainkit.load.subject import Model
from explainkit.load.tables import read_frame
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]


def explain_lime(
    model: Model,
    rows: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    task: Task,
    classes: tuple[str, ...],
    positive: int | None = None,
    samples: int = 5000,
    seed: int = 0,
) -> Explanation:
    """LIME weights of the raw columns of a model, one local linear model a row.

    Every row is perturbed by a random state of its own made from `seed`, so its weights do not depend on which other
    rows are explained.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain: the model's inputs, in its order.
    reference : pandas.DataFrame, shape (n_reference, n_features)
        Rows whose distribution is sampled.
    task : {"binary", "multiclass", "regression"}
        What the model does.
    classes : tuple of str
        Names of the classes in the order of the model's columns; ``("prediction",)`` for a regression.
    positive : int, optional
        Binary: index of the class explained; the second where left out.
    samples : int
        Perturbed rows for each row, predicted in one call.
    seed : int
        Of the perturbation.

    Returns
    -------
    Explanation
        Weights of shape (n_rows, n_features, n_outputs) with the intercepts as base values and the local R² as
        `fidelity` (NaN where all perturbed rows get the same answer). Columns that cannot be perturbed (dates) have no
        weight and are left out of `features`.

    Raises
    ------
    DataError
        If no column can be perturbed.

    References
    ----------
    Ribeiro, Singh and Guestrin, "Why should I trust you?", KDD 2016, doi:10.1145/2939672.2939778.
    """
    target = Target(task=task, classes=classes, positive=positive)
    space = perturbable(reference, rows)
    if not space.names:
        raise DataError("LIME can perturb none of the columns", where="data", found=f"{rows.shape[1]} dates or empty")
    digest = read_frame(reference, role="reference")[0].identity.digest
    return surrogates(model, rows, space, target=target, samples=samples, seed=seed, digest=digest)


def surrogates(
    model: Model, rows: pd.DataFrame, space: Perturbable, *, target: Target, samples: int, seed: int, digest: str
) -> Explanation:
    """What `explain_lime` gives, for rows and a reference set (with its digest) that are numbers already."""
    with one_order():
        fits = [_fit(model, space, row, target, samples, seed) for row in range(len(rows))]
        predictions = target.answers(model.predict(model.adapt(rows)[0]))
    weights, intercepts, fidelity = (np.stack(parts) for parts in zip(*fits, strict=True))
    return Explanation(
        values=weights,
        base_values=intercepts,
        predictions=np.ascontiguousarray(predictions),
        features=space.names,
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space="raw" if target.task == "regression" else "probability",
        method=(
            f"LIME (lime {version('lime')}): quartile bins, exponential kernel, weighted ridge regression on all "
            "columns; columns of whole numbers are perturbed to whole numbers"
        ),
        exactness="estimated",
        players="raw columns",
        background="perturbations drawn column by column from the reference rows",
        background_rows=len(space.reference),
        background_digest=digest,
        seed=seed,
        fidelity=fidelity,
    )


def _fit(
    model: Model, space: Perturbable, row: int, target: Target, samples: int, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (n_columns, n_outputs), intercepts (n_outputs,) and local R² (n_outputs,) of one row."""
    outputs = len(target.outputs)
    weights, intercepts, fidelity = np.zeros((len(space.names), outputs)), np.zeros(outputs), np.zeros(outputs)
    answers: FloatArray | None = None
    for output in range(outputs):

        def predict(matrix: FloatArray, output: int = output) -> FloatArray:
            nonlocal answers
            if answers is None:  # the same seed draws the same samples for every output
                answers = target.answers(model.predict(model.adapt(space.decode(matrix, row))[0]))
            return np.ascontiguousarray(answers[:, output])

        found = _explainer(space, seed).explain_instance(
            space.rows[row], predict, num_features=len(space.names), num_samples=samples
        )
        for column, weight in found.local_exp[1]:
            weights[column, output] = weight
        constant = answers is not None and np.ptp(answers[:, output]) == 0.0
        intercepts[output], fidelity[output] = found.intercept[1], np.nan if constant else found.score
    return weights, intercepts, fidelity


def _explainer(space: Perturbable, seed: int) -> Any:
    """A fresh explainer with a fresh random state.

    A probability is explained as the number it is (mode "regression"): the fit of a class is the same, and lime keeps
    the fidelity of one output only.
    """
    with quiet_library():
        from lime.lime_tabular import LimeTabularExplainer

    return LimeTabularExplainer(
        space.reference,
        mode="regression",
        feature_names=list(space.names),
        categorical_features=list(space.categorical),
        feature_selection="none",
        random_state=np.random.RandomState(seed),  # lime knows no Generator
    )
