"""A model asked about made-up rows: real ones, with the value of one column, or of some, taken from other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.draws import draw
from explainkit.explain.target import Target
from explainkit.load.subject import BATCH_ROWS, Model

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_CELLS = 8_000_000  # numbers in one batch of made-up rows: 64 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A model, and the rows that made-up ones are put together from.

    Every value of a made-up row is the value of a real row, so its type is one that the model knows: numbers, texts,
    categories, dates and missing values need no treatment of their own.
    """

    model: Model
    rows: pd.DataFrame
    """Rows as `Model.adapt` gives them."""
    target: Target

    @property
    def columns(self) -> int:
        """Number of inputs."""
        return int(self.rows.shape[1])

    def own(self, receivers: IntArray) -> FloatArray:
        """Answers to rows as they are, shape (n, n_outputs)."""
        return np.concatenate([self._answers(self.rows.take(part)) for part in self._batches(receivers)])

    def answers(self, names: Sequence[str], receivers: IntArray, donors: IntArray) -> FloatArray:
        """Answers to rows that have the values of another row in some columns.

        Parameters
        ----------
        names : sequence of str
            The columns.
        receivers : ndarray of int, shape (n,)
            Positions of the rows.
        donors : ndarray of int, shape (n,)
            Positions of the rows whose values of the columns are taken.

        Returns
        -------
        ndarray, shape (n, n_outputs)
            In the space of the model's answers: probabilities, or predictions.

        Raises
        ------
        ModelError
            If the model refuses such rows.
        """
        values = {name: self.rows[name].array for name in names}
        parts = []
        for part, given in zip(self._batches(receivers), self._batches(donors), strict=True):
            made = self.rows.take(part).reset_index(drop=True)
            for name, own in values.items():
                # Without the stated type pandas would infer one, and turn objects into texts.
                made[name] = pd.Series(own.take(given), dtype=own.dtype)
            parts.append(self._answers(made))
        return np.concatenate(parts)

    def _answers(self, rows: pd.DataFrame) -> FloatArray:
        return np.ascontiguousarray(self.target.answers(self.model.predict(rows)))

    def _batches(self, positions: IntArray) -> list[IntArray]:
        size = max(1, min(BATCH_ROWS, _CELLS // max(1, self.columns)))
        return [positions[start : start + size] for start in range(0, len(positions), size)]


def exchange(model: Model, rows: pd.DataFrame, target: Target) -> Exchange:
    """Make ready to ask a model about made-up rows.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Real rows: inputs of the model, at least one row. All of them are adapted at once, so that a column has one type
        whatever values it happens to hold in a batch.
    target : Target
        Which of the model's outputs are looked at.
    """
    return Exchange(model=model, rows=model.adapt(rows)[0].reset_index(drop=True), target=target)


def drawn(positions: IntArray, most: int, seed: int, stream: int) -> IntArray:
    """At most so many of some positions, without replacement, in ascending order."""
    return positions[draw(len(positions), most, seed, stream)]


def refusal(error: Any) -> str:
    """Why an analysis has no numbers, where the model raised on made-up rows.

    The model's own words may hold values of single rows, so only the kind of its error is told.
    """
    found = str(error.found or "").partition(":")[0].strip()
    kind = f" ({found})" if found.isidentifier() else ""
    return f"the model refuses rows that have another row's value in this column{kind}"
