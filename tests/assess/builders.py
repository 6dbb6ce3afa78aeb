"""Subjects made by hand, without a model or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from explainkit.decision import Population, Threshold
from explainkit.evidence import Column, DatasetIdentity, ModelIdentity
from explainkit.figures import Figure, FigureSet
from explainkit.load.subject import Dataset, GroupColumn, Rows, Subject


class SomeModel:
    """Stands for a model where only its presence matters."""

    identity = ModelIdentity(family="callable", kind="", digest=None, digest_of="nothing")
    task = classes = features = native = None

    def adapt(self, rows: pd.DataFrame) -> Any:
        raise NotImplementedError

    def predict(self, rows: pd.DataFrame) -> Any:
        raise NotImplementedError


def group(
    name: str, values: Sequence[Any], levels: Sequence[str] | None = None, *, basis: str | None = "for a test"
) -> GroupColumn:
    """A sensitive column from names of groups; None is unknown."""
    levels = tuple(levels or sorted({str(v) for v in values if v is not None}))
    codes = np.array([-1 if v is None else levels.index(str(v)) for v in values], np.int32)
    return GroupColumn(name=name, codes=codes, levels=levels, is_feature=False, basis=basis)


def dataset(frame: pd.DataFrame, role: Any = "evaluation") -> Dataset:
    """A data set of a frame."""
    return Dataset(identity=DatasetIdentity(role=role, name="d", digest="sha256:0", digest_of="nothing"), frame=frame)


def subject_of(
    scores: Any,
    labels: Any = None,
    *,
    task: Any = "binary",
    weights: Any = None,
    groups: Sequence[GroupColumn] = (),
    threshold: str | None = ">=0.5",
    **given: Any,
) -> Subject:
    """A subject of arrays; `given` are further fields of `Subject`, `population` as text."""
    scores = np.asarray(scores, float)
    classes = {"binary": ("0", "1"), "regression": ("prediction",)}.get(task)
    if classes is None:
        classes = tuple(f"k{i}" for i in range(scores.shape[1]))
    rows = Rows(
        scores=scores,
        labels=None if labels is None else np.asarray(labels, float),
        weights=None if weights is None else np.asarray(weights, float),
        weight_kind=None if weights is None else "sampling",
        groups=tuple(groups),
    )
    for array in (rows.scores, rows.labels, rows.weights):
        if array is not None:
            array.setflags(write=False)
    fields: dict[str, Any] = {
        "classes": classes,
        "positive": "1" if task == "binary" else None,
        "favourable": {"binary": "0", "multiclass": "k0"}.get(task),
        "model": SomeModel(),
        "identity": SomeModel.identity,
        "evaluation": dataset(pd.DataFrame({"x": np.arange(len(scores))})),
        "reference": None,
        "features": ("x",),
        "columns": (Column(name="x", kind="integer", roles=("feature",)),),
        "case_ids": None,
        "ledger": (),
        **given,
    }
    fields["population"] = Population.parse(given.get("population", "all applicants"))
    return Subject(
        task=task,
        threshold=Threshold.parse(threshold) if threshold and task == "binary" else None,
        rows=rows,
        **fields,
    )


def figures_of(measured: Any) -> FigureSet:
    """Figures by id."""
    return FigureSet(measured.figures)


def values_of(measured: Any) -> dict[str, float]:
    """Values of all measured figures by id."""
    return {f.id: f.value for f in measured.figures if f.value is not None}


def series_of(measured: Any, name: str) -> pd.DataFrame:
    """One series as a frame."""
    (found,) = [s for s in measured.series if s.id == name]
    return pd.DataFrame(dict(found.columns))


def reasons_of(measured: Any) -> Mapping[str, tuple[str, str | None]]:
    """Status and reason of all figures without a value."""
    return {f.id: (f.status, f.reason) for f in measured.figures if f.value is None}


def check_sane(figures: Sequence[Figure]) -> None:
    """What holds for every figure: ids are unique, bounds hold the value, counts fit."""
    FigureSet(figures)
    for figure in figures:
        if figure.low is not None and figure.high is not None:
            assert figure.value is not None
            assert figure.low <= figure.value <= figure.high, figure
            if "_bounds" not in figure.name and not figure.name.startswith("proxy."):
                assert figure.level == 0.95
        if figure.events is not None and figure.n is not None:
            assert 0 <= figure.events <= figure.n
