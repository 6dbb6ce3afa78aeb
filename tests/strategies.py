"""Hypothesis strategies, shared by all tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import strategies as st

from explainkit.sign.manifest import ListedFile, Statement, Subjects


@dataclass(frozen=True)
class BinaryRows:
    """Rows of a binary audit, small enough to be counted by hand."""

    scores: npt.NDArray[np.float64]
    labels: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64] | None
    sexes: list[str | None]
    races: list[str | None]

    def permuted(self, order: list[int]) -> BinaryRows:
        """The same rows in another order."""
        return BinaryRows(
            scores=self.scores[order],
            labels=self.labels[order],
            weights=None if self.weights is None else self.weights[order],
            sexes=[self.sexes[i] for i in order],
            races=[self.races[i] for i in order],
        )


@st.composite
def binary_rows(draw: st.DrawFn, *, both_classes: bool = True) -> BinaryRows:
    """Scores with many ties (also at 0.5), labels some of which are missing, perhaps weights, groups some unknown."""
    n = draw(st.integers(4, 60))
    score = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1, allow_subnormal=False))
    scores = draw(st.lists(score, min_size=n, max_size=n))
    labels = draw(st.lists(st.sampled_from([0.0, 1.0, 0.0, 1.0, np.nan]), min_size=n, max_size=n))
    if both_classes:
        labels[:2] = [0.0, 1.0]
    weights = None
    if draw(st.booleans()):
        weights = np.array(draw(st.lists(st.floats(0.01, 100), min_size=n, max_size=n)))
    sex, race = st.sampled_from(["f", "m", None]), st.sampled_from(["a", "b", "c", None])
    return BinaryRows(
        scores=np.array(scores),
        labels=np.array(labels),
        weights=weights,
        sexes=draw(st.lists(sex, min_size=n, max_size=n)),
        races=draw(st.lists(race, min_size=n, max_size=n)),
    )


def _digests() -> st.SearchStrategy[str]:
    return st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def signed_statements(draw: st.DrawFn) -> Statement:
    """What a signer may state about a release."""
    part = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,12}", fullmatch=True)
    name = st.lists(part, min_size=1, max_size=3).map("/".join)
    names = sorted(draw(st.sets(name, max_size=6)))
    files = [ListedFile(name=n, length=draw(st.integers(0, 2**53 - 1)), sha256=draw(_digests())) for n in names]
    datasets = draw(st.lists(st.tuples(st.sampled_from(["evaluation", "reference"]), _digests()), max_size=2))
    return Statement(
        role=draw(st.sampled_from(["provider", "validator"])),
        certificate=draw(_digests()),
        files=tuple(files),
        subjects=Subjects(model=draw(st.none() | _digests()), datasets=tuple(datasets), plan=draw(_digests())),
        previous=draw(st.none() | _digests()),
    )


@st.composite
def mixed_frames(draw: st.DrawFn) -> pd.DataFrame:
    """Small frames of every kind of column a model may take, with missing values where the kind has them."""
    n = draw(st.integers(1, 12))

    def column(values: st.SearchStrategy[Any], dtype: Any) -> pd.Series:
        return pd.Series(draw(st.lists(values, min_size=n, max_size=n)), dtype=dtype)

    word = st.sampled_from(["a", "b", "c", "", "nan"])
    number = st.floats(-1e6, 1e6, width=32) | st.sampled_from([float("inf"), float("nan"), 0.0])
    day = st.dates(dt.date(2000, 1, 1), dt.date(2029, 12, 31)).map(pd.Timestamp)
    kinds = {
        "number": lambda: column(number, "float64"),
        "single": lambda: column(number, "float32"),
        "whole": lambda: column(st.integers(-(2**60), 2**60), "int64"),
        "nullable": lambda: column(st.none() | st.integers(-5, 5), "Int64"),
        "flag": lambda: column(st.booleans(), "bool"),
        "unsure": lambda: column(st.none() | st.booleans(), "boolean"),
        "category": lambda: pd.Series(
            pd.Categorical(
                draw(st.lists(st.none() | st.sampled_from(["a", "b"]), min_size=n, max_size=n)),
                categories=["b", "a", "z"],
            )
        ),
        "text": lambda: column(st.none() | word, "str"),
        "object": lambda: column(st.none() | word | st.booleans() | st.just(float("nan")) | st.integers(0, 2), object),
        "day": lambda: column(st.none() | day, "datetime64[us]"),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, unique=True))
    return pd.DataFrame({name: kinds[name]() for name in chosen})
