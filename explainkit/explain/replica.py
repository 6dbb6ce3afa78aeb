"""Answers of a model added up from its trees: the same bits, in a fraction of the time.

Explaining asks a model about far more rows than the data has: perturbed ones, shuffled ones, points of curves. Where
its trees, added up here, give each of its answers to the evaluation rows to the last bit, such rows are answered here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from explainkit.errors import ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity
from explainkit.explain.attribution import matrix
from explainkit.explain.draws import draw
from explainkit.explain.inside import Inside, Opaque
from explainkit.explain.strategy import Strategy
from explainkit.explain.target import Target
from explainkit.explain.task import Task
from explainkit.explain.tree.sums import TreeSum
from explainkit.explanation import Explanation
from explainkit.load.subject import BATCH_ROWS, Model
from explainkit.plan import Task as Kind

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

FEWEST_ROWS = 1000
"""Of the data: fewer answers that agree prove too little."""
MOST_ROWS = 100_000
"""Of the data: more would take longer to compare than they save."""
MIXED_ROWS = 1000
"""Made-up rows that are put to the model: it may answer otherwise where there is no data."""
_FAMILIES = ("lightgbm", "scikit-learn")
"""Libraries that add 64-bit numbers, and can therefore be equalled to the last bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The evaluation rows, on which a replica was compared."""

    count: int
    """How many of them."""
    of: int
    """How many there are."""
    missing: BoolArray
    """Which columns of the matrix hold missing values; shape (n_engineered,)."""
    plain: bool
    """Whether the matrix is the rows themselves, as numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A model whose answers to further rows are added up here."""

    model: Model
    """The model itself, which is asked about rows of another kind than those that it was compared on."""
    inside: Inside = field(repr=False)
    trees: TreeSum = field(repr=False)
    link: Callable[[FloatArray], FloatArray] = field(repr=False)
    """Scores → answers."""
    seen: Seen = field(repr=False)

    @property
    def identity(self) -> ModelIdentity:
        """Of the model."""
        return self.model.identity

    @property
    def task(self) -> Kind | None:
        """Of the model."""
        return self.model.task

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """Of the model."""
        return self.model.classes

    @property
    def features(self) -> tuple[str, ...] | None:
        """Of the model."""
        return self.model.features

    @property
    def native(self) -> Any:
        """Of the model."""
        return self.model.native

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """That made-up rows are not put to the model itself."""
        reason = (
            "added up from the model's own trees, which gives to the last bit what it answered to "
            f"{self.seen.count} of {self.seen.of} evaluation rows and to {MIXED_ROWS} whose columns were shuffled"
        )
        return (LedgerEntry(kind="assumed", what="the model's answers to made-up rows", reason=reason),)

    def adapt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        """As the model does."""
        return self.model.adapt(rows)

    def predict(self, rows: pd.DataFrame) -> FloatArray:
        """What the model answers; see `explainkit.load.subject.Model.predict`."""
        scores = self.scores(rows)
        return self.model.predict(rows) if scores is None else self.link(scores)

    def scores(self, rows: pd.DataFrame) -> FloatArray | None:
        """The model's own score of rows as `adapt` gives them, shape (n_rows, k).

        None where one of them is of a kind that the model was not compared on: with an infinite value, or a missing one
        in a column that had none.
        """
        compared = _compared(self.inside, rows, plain=self.seen.plain)
        if not np.isfinite(compared).all():
            absent = np.isnan(compared)
            if np.isinf(compared).any() or (absent.any(axis=0) & ~self.seen.missing).any():
                return None
        return self.trees(compared)

    def explained(
        self, explanation: Explanation, strategy: Strategy, target: Target, rows: pd.DataFrame
    ) -> Replica | None:
        """The replica, unless its scores of the rows explained are not those that were explained."""
        if strategy.inside is None or strategy.rescaled:  # answers are explained, and were compared
            return self
        scores = self.scores(self.adapt(rows)[0])
        if scores is None or not np.array_equal(target.signed(scores), explanation.predictions):
            return None
        return self


def replica_of(task: Task) -> Replica | None:
    """A replica of a task's model, where it gives every answer to the evaluation rows to the last bit.

    Returns
    -------
    Replica or None
        None for fewer than `FEWEST_ROWS` rows, too, and for models that cannot be added up.
    """
    target, inside = task.target, task.trial.inside
    if isinstance(inside, Opaque) or inside.ensemble is None or inside.family not in _FAMILIES:
        return None
    if len(task.rows) < FEWEST_ROWS:
        return None
    drawn = draw(len(task.rows), MOST_ROWS, task.plan.seed, 42)
    rows = task.model.adapt(task.rows)[0].iloc[drawn]
    mixed = _mixed(rows, task.plan.seed)
    try:
        trees = TreeSum(inside.ensemble)
        told = task.model.predict(mixed)
    except (ValueError, ModelError):  # larger trees than it pays for; a model that refuses such rows
        return None
    others = trees(matrix(inside, inside.ensemble, mixed))
    link = next((link for link in _LINKS[target.task] if np.array_equal(link(others), told)), None)
    if link is None:
        return None

    def answers(part: slice, scores: FloatArray) -> bool:
        known = task.subject.rows.scores[drawn[part]]
        return np.array_equal(target.answers(link(scores)).reshape(known.shape), known)

    seen = _compared_on(inside, trees, rows, answers, of=len(task.rows))
    return None if seen is None else Replica(model=task.model, inside=inside, trees=trees, link=link, seen=seen)


def _compared_on(
    inside: Inside, trees: TreeSum, rows: pd.DataFrame, answers: Callable[[slice, FloatArray], bool], *, of: int
) -> Seen | None:
    """What rows look like to whose scores a model gives the right answers; None where it does not to all of them."""
    assert inside.ensemble is not None
    missing = np.zeros(inside.ensemble.columns, dtype=np.bool_)
    plain = inside.bare and inside.family == "lightgbm" and _numbers(rows)
    for start in range(0, len(rows), BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS)
        compared = matrix(inside, inside.ensemble, rows.iloc[part])
        if np.isinf(compared).any() or not answers(part, trees(compared)):
            return None
        missing |= np.isnan(compared).any(axis=0)
        plain = plain and np.array_equal(_as_numbers(rows.iloc[part]), compared, equal_nan=True)
    return Seen(count=len(rows), of=of, missing=missing, plain=plain)


def _mixed(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows with the value of another row in each column."""
    rng = np.random.default_rng([seed, 41])
    return pd.DataFrame({name: rows[name].array.take(rng.integers(len(rows), size=MIXED_ROWS)) for name in rows})


def _compared(inside: Inside, rows: pd.DataFrame, *, plain: bool) -> FloatArray:
    if plain and _numbers(rows):
        return _as_numbers(rows)
    assert inside.ensemble is not None
    return matrix(inside, inside.ensemble, rows)


def _numbers(rows: pd.DataFrame) -> bool:
    """Whether all columns are NumPy's own numbers."""
    return all(isinstance(dtype, np.dtype) and dtype.kind in "fiu" for dtype in rows.dtypes)


def _as_numbers(rows: pd.DataFrame) -> FloatArray:
    return rows.to_numpy(dtype=np.float64)


def _logistic(scores: FloatArray) -> FloatArray:
    second = expit(scores)
    return np.hstack([1.0 - second, second])


def _softmax(scores: FloatArray) -> FloatArray:
    """The exponential function is that of the C library, whose last bit NumPy's does not always share."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    raised = np.fromiter(map(math.exp, shifted.ravel().tolist()), dtype=np.float64, count=shifted.size)
    raised = raised.reshape(shifted.shape)
    total = np.zeros(len(scores))
    for column in raised.T:  # one after the other, as a loop adds them
        total += column
    found: FloatArray = raised / total[:, None]
    return found


def _identity(scores: FloatArray) -> FloatArray:
    return scores


_LINKS: dict[Kind, tuple[Callable[[FloatArray], FloatArray], ...]] = {
    "binary": (_logistic,),
    "multiclass": (_softmax, _identity),
    "regression": (_identity,),
}
"""What may stand between scores and answers."""
