"""What the checks look at, and the model's score as a function of raw rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.background import Background
from explainkit.explain.codes import CodeBook, encode, stack
from explainkit.explain.draws import draw
from explainkit.explain.margins import margin
from explainkit.explain.replica import Replica
from explainkit.explain.strategy import Strategy
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.subject import Model

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An explanation with the model and the rows behind it."""

    strategy: Strategy
    model: Model
    replica: Replica | None = None
    """What answers for the model, where its scores are the model's own to the last bit."""
    target: Target
    rows: pd.DataFrame
    """The rows explained, in the order of `explanation`."""
    background: Background
    """Rows that stand for the data; the evaluation rows where there is no reference set."""
    explanation: Explanation
    sample: IntArray
    """Which of the rows were drawn for the global picture."""
    seed: int

    def draw(self, count: int, most: int, stream: int) -> IntArray:
        """Positions of at most `most` of `count` rows, without replacement, sorted."""
        return draw(count, most, self.seed, stream)

    @property
    def reference(self) -> pd.DataFrame:
        """The rows of the background."""
        return self.background.rows

    @cached_property
    def importance(self) -> FloatArray:
        """Mean |SHAP| over the sample, shape (n_features, n_outputs)."""
        found: FloatArray = np.abs(self.explanation.values[self.sample]).mean(axis=0)
        return found

    def scores(self, adapted: pd.DataFrame) -> FloatArray:
        """The output explained, of rows as `Model.adapt` gives them, shape (n_rows, n_outputs)."""
        return self._scores(self.model if self.replica is None else self.replica, adapted)

    def asked(self, adapted: pd.DataFrame) -> FloatArray:
        """The same, by the model itself."""
        return self._scores(self.model, adapted)

    def _scores(self, model: Model | Replica, adapted: pd.DataFrame) -> FloatArray:
        inside = self.strategy.inside
        if inside is None or self.strategy.rescaled:
            return np.ascontiguousarray(self.target.answers(model.predict(adapted)))
        scores = model.scores(adapted) if isinstance(model, Replica) else None
        if scores is None:
            scores = margin(inside, inside.prepare(adapted))
        if self.strategy.space == "margin":
            return self.target.signed(scores)
        binary = self.strategy.space == "probability" and self.target.task == "binary"
        return scores[:, [self.target.index]] if binary else scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixer:
    """Some rows and some background rows in numbers, so that their values can be mixed player by player."""

    book: CodeBook
    rows: IntArray
    """Codes of the rows, shape (n_rows, n_players)."""
    behind: IntArray
    """Codes of the background rows, shape (n_background, n_players)."""

    @classmethod
    def of(cls, setting: Setting, rows: IntArray, behind: IntArray) -> Mixer:
        """Number the rows and background rows at the given positions."""
        first = setting.rows.iloc[rows].reset_index(drop=True)
        second = setting.reference.iloc[behind].reset_index(drop=True)
        book, codes = encode(setting.model.adapt(stack(first, second))[0], setting.strategy.players)
        return cls(book=book, rows=codes[: len(rows)], behind=codes[len(rows) :])
