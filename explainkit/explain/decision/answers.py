"""Scores of rows whose values are mixed from several rows, asked in a few calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from explainkit.explain.codes import CodeBook, encode, stack
from explainkit.explain.decision.setting import FloatArray, IntArray, Situation
from explainkit.explain.players import Players

_ROWS = 65_536
_CELLS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixable:
    """Some rows and some others in codes, with the model that scores mixtures of both."""

    setting: Situation
    book: CodeBook
    rows: IntArray
    """Codes of the rows, shape (n_rows, n_players)."""
    others: IntArray
    """Codes of the other rows, shape (n_others, n_players)."""

    @classmethod
    def of(cls, setting: Situation, rows: IntArray, others: pd.DataFrame, players: Players | None = None) -> Mixable:
        """Number the values of evaluation rows at some positions, and of other rows; of players, or of columns."""
        first = setting.rows.iloc[rows].reset_index(drop=True)
        # The others come first, so that their codes do not depend on which rows are looked at.
        book, codes = encode(stack(others.reset_index(drop=True), first), players)
        return cls(setting=setting, book=book, rows=codes[len(others) :], others=codes[: len(others)])

    def scores(self, codes: IntArray) -> FloatArray:
        """Score of the positive class for rows of codes, shape (n_rows,); blocks of rows, so that memory is bounded."""
        size = max(1, min(_ROWS, _CELLS // max(1, codes.shape[1])))
        found = np.empty(len(codes))
        for start in range(0, len(codes), size):
            block = self.setting.model.adapt(self.book.decode(codes[start : start + size]))[0]
            answers = self.setting.target.answers(self.setting.model.predict(block))
            found[start : start + size] = answers[:, 0]
        return found
