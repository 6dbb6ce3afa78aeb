"""What all adapters share: the door behind which a model may fail, and checks on its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.evidence import LedgerEntry, ModelIdentity

if TYPE_CHECKING:
    from explainkit.plan import Task

# Probabilities summed in float32 may pass 1 by rounding; anything beyond is no probability.
_ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A model behind one door; families override `adapt` and give the function that answers."""

    identity: ModelIdentity
    task: Task | None
    classes: tuple[Any, ...] | None
    features: tuple[str, ...] | None
    native: Any
    answer: Callable[[pd.DataFrame], Any]
    """Probabilities (n_rows, n_classes), the probability of the second class (n_rows,), or predictions (n_rows,)."""
    caster: Callable[[pd.DataFrame], tuple[pd.DataFrame, tuple[LedgerEntry, ...]]] | None = None
    """Casts columns to the types the model was trained with, where its family needs it."""
    saved_by: str | None = None
    """Library and version that saved the file, where another version opened it."""

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """What is to be said of how the model was opened."""
        if self.saved_by is None:
            return ()
        reason = (
            f"saved by {self.saved_by} and opened with {self.identity.library}: nobody promises that a model of "
            "another version answers as it did"
        )
        return (LedgerEntry(kind="assumed", what="the model file is of this version of its library", reason=reason),)

    def adapt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        """Cast columns to the types the model was trained with, and say what was cast."""
        return (rows, ()) if self.caster is None else self.caster(rows)

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probabilities of shape (n_rows, n_classes), or predictions of shape (n_rows, 1).

        Raises
        ------
        ModelError
            If the model raises, or answers with the wrong shape, with numbers that are not finite, or, for a
            classifier, with numbers outside [0, 1].
        """
        try:
            answer = self.answer(rows)
        except Exception as error:  # a model is foreign code: whatever it raises is its answer
            raise ModelError(
                "the model raised while predicting",
                where=self.identity.kind or self.identity.family,
                found=f"{type(error).__name__}: {first_line(error)}",
                remedy=_hint(rows, error) or self._older(),
            ) from error
        return self._checked(answer, len(rows))

    def _older(self) -> str | None:
        return None if self.saved_by is None else f"it was saved by {self.saved_by}: save it again with this version"

    def _checked(self, answer: Any, rows: int) -> npt.NDArray[np.float64]:
        where = self.identity.kind or self.identity.family
        try:
            array = np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            raise ModelError("the model's answer is not numbers", where=where, found=type(answer).__name__) from None
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or len(array) != rows or array.shape[1] == 0:
            raise ModelError(
                "the model's answer has the wrong shape",
                where=where,
                found=str(np.shape(answer)),
                allowed=f"({rows},) or ({rows}, number of classes)",
            )
        bad = ~np.isfinite(array).all(axis=1)
        if bad.any():
            raise ModelError(
                "the model answered with NaN or infinite numbers",
                where=where,
                found=f"{int(bad.sum())} of {rows} rows, the first at position {int(bad.argmax()) + 1}",
                allowed="finite numbers",
            )
        if self.task in ("binary", "multiclass"):
            array = self._probabilities(array, where)
        elif self.task == "regression" and array.shape[1] != 1:
            raise ModelError(
                "a model of several targets at once",
                where=where,
                found=f"{array.shape[1]} predictions a row",
                allowed="one; wrap it in a function that returns the target to audit",
            )
        return array

    def _probabilities(self, array: npt.NDArray[np.float64], where: str) -> npt.NDArray[np.float64]:
        low, high = float(array.min()), float(array.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise ModelError(
                "probabilities outside [0, 1]",
                where=where,
                found=f"from {low:g} to {high:g}",
                allowed="0 to 1",
                remedy="return probabilities, not margins",
            )
        array = array.clip(0.0, 1.0)
        if array.shape[1] == 1 and self.classes is not None:
            array = np.hstack([1.0 - array, array])
        if self.classes is not None and array.shape[1] != len(self.classes):
            raise ModelError(
                "the model answers for another number of classes",
                where=where,
                found=f"{array.shape[1]} columns",
                allowed=f"{len(self.classes)}",
            )
        return array


def first_line(error: BaseException) -> str:
    """What a library says, in one line, without the time and the source file that XGBoost puts before it."""
    text = re.sub(r"^\[[\d:]+\] \S+:\d+: (Check failed: \w+: )?", "", str(error).strip())
    return text.splitlines()[0][:300] if text else "no message"


def _hint(rows: pd.DataFrame, error: BaseException) -> str | None:
    """Name the columns when a library complains about text, missing or infinite values, without naming them."""
    words = str(error).lower()
    if any(w in words for w in ("convert string", "could not convert", "dtype", "isnumeric")):
        texts = [str(c) for c in rows.columns if rows[c].dtype == object or pd.api.types.is_string_dtype(rows[c])]
        if texts:
            return f"columns of text: {', '.join(texts[:5])}; a text that means missing is listed under data.missing"
    if "nan" in words or "missing" in words:
        gaps = [str(c) for c in rows.columns if rows[c].isna().any()]
        if gaps:
            return f"columns with missing values: {', '.join(gaps[:5])}; fill them inside the model (a pipeline)"
    if "inf" in words:
        numbers = rows.select_dtypes([np.integer, np.floating])
        # Some libraries keep 32 bits of a number, where what is larger becomes infinite.
        far = [str(c) for c in numbers if (numbers[c].abs() > np.finfo(np.float32).max).any()]
        if far:
            return f"columns with infinite or too large values: {', '.join(far[:5])}"
    return None


def parameters_of(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters as sorted pairs of texts, without objects whose text would name a place in memory."""
    simple = (str, int, float, bool, type(None), np.generic)
    return tuple(
        (name, str(value) if isinstance(value, simple) else type(value).__name__)
        for name, value in sorted(values.items())
    )


def recoded(
    column: pd.Series, known: Sequence[Any], *, name: str, unseen: str = "as its library treats them"
) -> tuple[pd.Categorical, tuple[LedgerEntry, ...]]:
    """A column in the model's own list of categories, and what that changed.

    Parameters
    ----------
    column : pandas.Series
        Texts or categories.
    known : sequence
        The categories of the training, in its order.
    name : str
        Name of the column.
    unseen : str
        How the library itself treats categories that the training did not have, as a clause.

    Raises
    ------
    DataError
        If the model knows none of the values.
    """
    codes = pd.Index(known, dtype=object).get_indexer(pd.Index(column.astype(object)))
    if (codes == -1).all() and column.notna().any():
        raise DataError(
            "no value of the column is a category that the model knows",
            where=f"column {name}",
            found=", ".join(map(repr, column.dropna().unique()[:3])),
            allowed=", ".join(map(repr, known[:6])) + (" …" if len(known) > 6 else ""),
            remedy="give the values as they were in training",
        )
    ledger = []
    if not isinstance(column.dtype, pd.CategoricalDtype):
        ledger.append(LedgerEntry(kind="cast", what=f"column {name}", reason="values → the model's own categories"))
    strange = int(((codes == -1) & column.notna().to_numpy()).sum())
    if strange:
        ledger.append(
            LedgerEntry(
                kind="cast",
                what=f"column {name}",
                reason=f"categories that the model never saw → missing, {unseen}",
                count=strange,
            )
        )
    return pd.Categorical.from_codes(codes, categories=pd.Index(known)), tuple(ledger)


def numbers_from_flags(column: pd.Series, *, name: str) -> tuple[pd.Series, LedgerEntry]:
    """Objects True, False and None as 1, 0 and NaN."""
    entry = LedgerEntry(kind="cast", what=f"column {name}", reason="booleans with missing → 1, 0, NaN")
    return column.map({True: 1.0, False: 0.0}).astype(np.float64), entry
