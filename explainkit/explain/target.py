"""What is explained: which output of the model, in which space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.explanation import OutputSpace
from explainkit.figures import Unit
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]

UNITS: dict[OutputSpace, Unit] = {"margin": "log-odds", "probability": "probability", "raw": "target"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The outputs of a model that are explained."""

    task: Task
    classes: tuple[str, ...]
    """Names of the classes in the order of the model's columns."""
    positive: int | None
    """Binary: index of the class explained; the second class where None."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs explained: the positive class, every class, or ``prediction``."""
        if self.task == "regression":
            return ("prediction",)
        return (self.classes[self.index],) if self.task == "binary" else self.classes

    @property
    def index(self) -> int:
        """Binary: index of the class explained."""
        return 1 if self.positive is None else self.positive

    def answers(self, predicted: FloatArray) -> FloatArray:
        """Pick the outputs explained from what `Model.predict` returns.

        Parameters
        ----------
        predicted : ndarray, shape (n_rows, n_classes) or (n_rows, 1)
            Probabilities or predictions; one column of a binary model is that of its second class.

        Returns
        -------
        ndarray, shape (n_rows, n_outputs)
        """
        if self.task != "binary":
            return predicted
        if predicted.shape[1] == 1:
            return predicted if self.index == 1 else 1.0 - predicted
        return predicted[:, [self.index]]

    def signed(self, margin: FloatArray) -> FloatArray:
        """Log-odds of the class explained, from those of the second class of a binary model; last axis are outputs."""
        return -margin if self.task == "binary" and self.index == 0 else margin
