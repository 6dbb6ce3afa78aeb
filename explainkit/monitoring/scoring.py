"""Scores and outcomes of new rows: from columns of the data, or from the very model of the card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from explainkit.decision import label_name
from explainkit.errors import DataError, InputError, ModelError
from explainkit.evidence import Evidence
from explainkit.load.tables import to_pandas

if TYPE_CHECKING:
    from explainkit.load.models.base import Adapter

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """Where scores and outcomes come from."""

    evidence: Evidence
    model: Adapter | None
    features: tuple[str, ...]
    """Inputs of the model, in its order; empty where no model is asked."""
    column: str | None
    """Column of the scores, where no model is asked."""
    target: str | None
    """Column of the outcomes, of a model of two classes."""

    @property
    def source(self) -> str | None:
        """Where the scores come from, in words; None where there are none."""
        if self.model is not None:
            return "the model of the card"
        return None if self.column is None else f"column {self.column}"

    def scores(self, batch: pa.RecordBatch) -> Floats | None:
        """Score of each row, NaN where missing; None where there is none.

        Raises
        ------
        InputError
            If the model does not answer, or the column holds no numbers.
        """
        if self.model is not None:
            return self._predicted(self.model, batch)
        if self.column is None:
            return None
        values = batch.column(self.column)
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            raise DataError("scores are numbers", where=f"column {self.column}", found=str(values.type))
        scores: Floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return scores

    def _predicted(self, model: Adapter, batch: pa.RecordBatch) -> Floats:
        texts = {c.name for c in self.evidence.columns if c.kind == "text"}
        columns = [batch.column(name) for name in self.features]
        plain = [
            c.dictionary_decode() if pa.types.is_dictionary(c.type) and name in texts else c
            for name, c in zip(self.features, columns, strict=True)
        ]
        frame, _ = to_pandas(pa.Table.from_arrays(plain, names=list(self.features)), "new data")
        answers = model.predict(model.adapt(frame)[0])
        place = 0
        if self.evidence.task == "binary" and answers.shape[1] == 2 and self.evidence.positive is not None:
            place = self.evidence.outputs.index(self.evidence.positive)
        scores: Floats = answers[:, place]
        return scores

    def labels(self, batch: pa.RecordBatch) -> Floats | None:
        """1 where the outcome is positive, 0 where it is not, NaN where it is unknown; None where there is no column.

        Raises
        ------
        DataError
            If an outcome is none of the classes of the card.
        """
        if self.target is None or self.target not in batch.schema.names:
            return None
        values = batch.column(self.target)
        if not pa.types.is_dictionary(values.type):
            values = pc.dictionary_encode(values)
        words = self.evidence.plan.get("features", {}).get(self.target, {}).get("labels", {})
        known = {name: float(name == self.evidence.positive) for name in self.evidence.outputs}
        found: list[float] = []
        for value in values.dictionary.to_pylist():
            if value is None or value != value:
                found.append(np.nan)
                continue
            name = words.get(label_name(value), label_name(value))
            if name not in known:
                allowed = ", ".join(map(repr, self.evidence.outputs))
                where = f"column {self.target}"
                raise DataError(
                    "an outcome that the card does not know", where=where, found=repr(name), allowed=allowed
                )
            found.append(known[name])
        codes = pc.fill_null(values.indices, len(found)).to_numpy(zero_copy_only=False)
        labels: Floats = np.array([*found, np.nan])[codes]
        return labels


@contextmanager
def scoring_of(
    evidence: Evidence, *, model: str | Path | None, column: str | None, trust: Sequence[str] = ()
) -> Iterator[Scoring]:
    """Where the scores of new rows come from; a model file is opened in a process of its own.

    Parameters
    ----------
    evidence : Evidence
        The card.
    model : path, optional
        The model file of the card.
    column : str, optional
        Column of scores; where left out, that of the plan.
    trust : sequence of str
        ``sha256:…`` digests of model files in formats that can run code.

    Raises
    ------
    ModelError
        If the model cannot be opened, or is another than that of the card.
    InputError
        If both a model and a column are named.
    """
    data = evidence.plan.get("data", {})
    target = data.get("target") if evidence.task == "binary" and evidence.positive is not None else None
    if model is None:
        chosen = column or (data.get("score") if evidence.task != "multiclass" else None)
        yield Scoring(evidence=evidence, model=None, features=(), column=chosen, target=target)
        return
    if column is not None:
        raise InputError("scores from two places", where="score, model", allowed="one of them")
    if evidence.task == "multiclass":
        raise InputError(
            "scores of several classes are not monitored", where="model", remedy="leave the model out: inputs are"
        )
    from explainkit.artifact import sha256_file
    from explainkit.load.confined.opening import Opening
    from explainkit.load.model_folder import folder_digest

    path = Path(model)
    if not path.exists():
        raise ModelError("no such model", where=str(path))
    # Before it is opened: another model has no business here.
    digest = folder_digest(path) if path.is_dir() else "sha256:" + sha256_file(path)
    if digest != evidence.model.digest:
        raise ModelError(
            "another model than that of the card",
            where=str(path),
            found=digest,
            allowed=f"{evidence.model.digest or 'none: the card names no file'} ({evidence.model.digest_of})",
            remedy="a release is the baseline of its own model alone",
        )
    opening = Opening(path, trust=trust)
    try:
        adapter = opening.done()
        inputs = tuple(c.name for c in evidence.columns if "feature" in c.roles)
        features = adapter.features or tuple(data.get("features", ())) or inputs
        yield Scoring(evidence=evidence, model=adapter, features=features, column=None, target=target)
    finally:
        opening.close()
