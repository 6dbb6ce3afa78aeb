"""Groups are made as the plan says, and only so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.errors import DataError, PlanError
from explainkit.load.columns import group_column
from explainkit.load.subject import GroupColumn
from explainkit.plan import FeaturePlan


def make(values: object, **plan: object) -> GroupColumn:
    return group_column(
        pd.Series(values, name="g"), name="g", feature=FeaturePlan(**plan), is_feature=False, basis=None
    )


def names(group: GroupColumn) -> list[str | None]:
    return [None if c < 0 else group.levels[c] for c in group.codes]


def test_cut_points_of_whole_numbers() -> None:
    group = make([25, 26, 40, 41, 90], cuts=[26, 41], cuts_reason="stated")
    assert names(group) == ["below 26", "26 to 40", "26 to 40", "41 and over", "41 and over"]
    assert group.note == "stated"


def test_cut_points_of_numbers_keep_missing_apart() -> None:
    group = make([0.4, 0.5, np.nan, 2.0], cuts=[0.5, 1.5], cuts_reason="stated")
    assert names(group) == ["below 0.5", "0.5 to below 1.5", None, "1.5 and over"]


def test_codes_labels_and_booleans() -> None:
    assert names(make([1, 2, None, 1], labels={"1": "yes", "2": "no"})) == ["yes", "no", None, "yes"]
    assert names(make([True, False])) == ["True", "False"]
    assert make(["b", "a", "b"]).levels == ("a", "b")
    assert names(make(pd.Categorical(["u", None, "v"]))) == ["u", None, "v"]


def test_numbers_without_cut_points_are_refused() -> None:
    with pytest.raises(PlanError, match="needs cut points"):
        make(np.arange(100) / 7)


def test_too_many_groups() -> None:
    with pytest.raises(DataError, match="10000 categories"):
        make([f"c{i}" for i in range(10_000)])


def test_cut_points_of_text_and_columns_without_value() -> None:
    with pytest.raises(PlanError, match="cut points are for numbers"):
        make(["a", "b"], cuts=[1], cuts_reason="x")
    with pytest.raises(DataError, match="has no value"):
        make([None, None])
