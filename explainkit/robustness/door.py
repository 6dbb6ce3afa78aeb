"""The model, asked about made-up rows: answers as the card means them, and how many were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.evidence import LedgerEntry
from explainkit.explain.target import Target
from explainkit.load.subject import BATCH_ROWS, Subject

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_LONGEST = 160


@dataclass(slots=True, kw_only=True)
class Door:
    """The door of a subject's model."""

    subject: Subject
    asked: int = 0
    """Rows asked about so far."""
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        subject = self.subject
        positive = None if subject.positive is None else subject.classes.index(subject.positive)
        self.target = Target(task=subject.task, classes=subject.classes, positive=positive)

    def answers(self, rows: pd.DataFrame) -> FloatArray:
        """Answers to rows of the model's inputs, shape (n_rows, n_outputs): one column for two classes, or a number.

        Raises
        ------
        ModelError, DataError
            If the model refuses them.
        """
        return self.told(rows)[0]

    def told(self, rows: pd.DataFrame) -> tuple[FloatArray, tuple[LedgerEntry, ...]]:
        """As `answers`, with what had to be cast before the model took them."""
        model = self.subject.model
        assert model is not None
        self.asked += len(rows)
        found: list[FloatArray] = []
        ledger: list[LedgerEntry] = []
        for start in range(0, len(rows), BATCH_ROWS):
            adapted, cast = model.adapt(rows.iloc[start : start + BATCH_ROWS])
            found.append(self.target.answers(model.predict(adapted)))
            ledger += cast
        return np.concatenate(found), tuple(ledger)


def refusal(error: ModelError | DataError) -> str:
    """Why a model does not take some rows, in a clause."""
    said = (error.found or error.problem).rstrip(".")
    return said if len(said) <= _LONGEST else said[:_LONGEST].rsplit(" ", 1)[0] + " …"
