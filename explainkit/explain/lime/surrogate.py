"""LIME weights of rows: draw, ask the model, fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError
from explainkit.explain.lime.fit import local_fit
from explainkit.explain.lime.perturbable import Perturbable, perturbable
from explainkit.explain.lime.sampling import Draws, sampler
from explainkit.explain.lime.stability import Stability, stability
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.steady import one_order
from explainkit.load.subject import Model
from explainkit.load.tables import read_frame
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

METHOD = (
    "LIME as the lime library has it by default: quartile bins, exponential kernel, weighted ridge regression on all "
    "columns (closed form); all rows share the draws of the seed; columns of whole numbers are perturbed to whole "
    "numbers"
)
_CELLS = 2**20  # values of perturbed rows that are in memory at a time


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

    The draws depend on `seed` and on the reference set alone, so the weights of a row do not depend on which other rows
    are explained, and rows that share what cannot be perturbed share the model's answers: it is asked once for all.
    They are the weights that lime gives with ``random_state=seed`` and ``feature_selection="none"``.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain: the model's inputs, in its order.
    reference : pandas.DataFrame, shape (n_reference, n_features)
        Rows whose distribution is sampled, at least one.
    task : {"binary", "multiclass", "regression"}
        What the model does.
    classes : tuple of str
        Names of the classes in the order of the model's columns; ``("prediction",)`` for a regression.
    positive : int, optional
        Binary: index of the class explained; the second where left out.
    samples : int
        Rows behind each fit, at least 2: the row itself and perturbed ones.
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
        If no column can be perturbed, there is no reference row, or fewer than two samples are asked for.

    References
    ----------
    Ribeiro, Singh and Guestrin, "Why should I trust you?", KDD 2016, doi:10.1145/2939672.2939778.
    """
    if samples < 2:
        raise DataError("too few samples", where="samples", found=str(samples), allowed="2 or more")
    if len(reference) == 0:
        raise DataError("no rows to draw perturbations from", where="reference", remedy="give the rows of the training")
    target = Target(task=task, classes=classes, positive=positive)
    space = perturbable(reference, rows)
    if not space.names:
        raise DataError("LIME can perturb none of the columns", where="data", found=f"{rows.shape[1]} dates or empty")
    digest = read_frame(reference, role="reference")[0].identity.digest
    return surrogates(model, rows, space, target=target, samples=samples, seeds=(seed,), digest=digest)[0]


def surrogates(
    model: Model,
    rows: pd.DataFrame,
    space: Perturbable,
    *,
    target: Target,
    samples: int,
    seeds: tuple[int, ...],
    digest: str,
) -> tuple[Explanation, Stability | None]:
    """What `explain_lime` gives, for rows and a reference set (with its digest) that are numbers already.

    Returns
    -------
    Explanation
        Of the first seed. With more than one, `Explanation.error` is the standard deviation over all.
    Stability or None
        How it agrees with the fits of the other seeds; None where there are none.
    """
    with one_order():
        found = _fits(model, space, target, samples, seeds)
        predictions = target.answers(model.predict(model.adapt(rows)[0]))
    stable = stability(found.weights, seeds[1:]) if len(seeds) > 1 else None
    explanation = Explanation(
        values=np.ascontiguousarray(found.weights[0]),
        base_values=found.intercepts,
        predictions=np.ascontiguousarray(predictions),
        features=space.names,
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space="raw" if target.task == "regression" else "probability",
        method=METHOD,
        exactness="estimated",
        players="raw columns",
        background="perturbations drawn column by column from the reference rows",
        background_rows=len(space.reference),
        background_digest=digest,
        seed=seeds[0],
        error=None if stable is None else stable.spread,
        fidelity=found.fidelity,
    )
    return explanation, stable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    weights: FloatArray
    """Shape (n_seeds, n_rows, n_columns, n_outputs)."""
    intercepts: FloatArray
    """Of the first seed, shape (n_rows, n_outputs)."""
    fidelity: FloatArray
    """Of the first seed, shape (n_rows, n_outputs)."""


def _fits(model: Model, space: Perturbable, target: Target, samples: int, seeds: Sequence[int]) -> _Fits:
    """Fit every row for every seed; the draws of one seed at a time are in memory."""
    made = sampler(space)
    count, outputs = len(space.rows), len(target.outputs)
    own_codes = made.codes(space.rows)
    own = _answers(model, space, target, space.rows, np.arange(count))
    weights = np.zeros((len(seeds), count, len(space.names), outputs))
    intercepts, fidelity = np.zeros((count, outputs)), np.zeros((count, outputs))
    for s, seed in enumerate(seeds):
        draws = made.draw(samples, seed)
        for rows, answers in _asked(model, space, target, draws):
            for row in rows:
                fit = local_fit(draws.codes == own_codes[:, row, None], answers, own[row])
                weights[s, row] = fit.weights
                if s == 0:
                    intercepts[row], fidelity[row] = fit.intercepts, fit.fidelity
    return _Fits(weights=weights, intercepts=intercepts, fidelity=fidelity)


def _asked(model: Model, space: Perturbable, target: Target, draws: Draws) -> Iterator[tuple[IntArray, FloatArray]]:
    """Rows to explain, with the model's answers (n_outputs, n_draws) on the perturbed rows that they share.

    As many groups of rows go to the model in one call as memory is set aside for.
    """
    group, first = space.held()
    count = len(draws.values)
    at_once = max(1, _CELLS // max(1, draws.values.size))
    for start in range(0, len(first), at_once):
        some = first[start : start + at_once]
        matrix = draws.values if len(some) == 1 else np.tile(draws.values, (len(some), 1))
        answers = _answers(model, space, target, matrix, np.repeat(some, count))
        for i in range(len(some)):
            rows = np.flatnonzero(group == start + i)
            yield rows, np.ascontiguousarray(answers[i * count : (i + 1) * count].T)


def _answers(model: Model, space: Perturbable, target: Target, matrix: FloatArray, which: IntArray) -> FloatArray:
    """The model's answers on perturbed rows, shape (n_samples, n_outputs)."""
    size = max(1, _CELLS // max(1, len(space.order)))
    parts = []
    for start in range(0, len(matrix), size):
        part = slice(start, start + size)
        parts.append(target.answers(model.predict(model.adapt(space.decode(matrix[part], which[part]))[0])))
    return np.concatenate(parts) if parts else np.empty((0, len(target.outputs)))
