"""Which inputs work together: interaction values by their definition, and the approximate criterion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from explainkit.explain.effects.dependence import (
    groups_of,
    mean_with_ends,
    partner_by_values,
    partner_by_variance,
    rank_of,
    strengths,
)


def frame_of(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    frame["kind"] = rng.choice(["x", "y", "z"], n)
    frame["flag"] = rng.random(n) < 0.5
    frame.loc[rng.random(n) < 0.1, "c"] = np.nan
    return frame


def all_others(frame: pd.DataFrame) -> Any:
    return np.arange(frame.shape[1], dtype=np.intp)


def found(values: Any, frame: pd.DataFrame, column: str) -> str | None:
    partner = partner_by_variance(
        np.asarray(values), frame, frame.columns.get_loc(column), groups_of(frame, all_others(frame))
    )
    return None if partner is None else str(frame.columns[partner.column])


def test_sizes_are_twice_the_values_without_main_effects() -> None:
    # Φ of f = a·b + c on independent columns of mean zero: a·b/2 at either place, c on the diagonal.
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 500))
    phi = np.zeros((500, 3, 3))
    phi[:, 0, 1] = phi[:, 1, 0] = a * b / 2
    phi[:, 2, 2] = c
    sizes = strengths(phi)
    np.testing.assert_allclose(sizes[:, 0, 1], np.abs(a * b))
    assert not sizes[:, [0, 1, 2], [0, 1, 2]].any()
    mean, low, high = mean_with_ends(sizes[:, 0, 1])
    assert mean == pytest.approx(np.abs(a * b).mean())
    half = 1.959963984540054 * np.abs(a * b).std(ddof=1) / np.sqrt(500)
    assert (low, high) == (pytest.approx(mean - half), pytest.approx(mean + half))
    assert mean_with_ends(np.array([2.0])) == (2.0, None, None)
    assert mean_with_ends(np.array([0.0, 0.0, 9.0]))[1] == 0.0
    means = sizes.mean(axis=0)
    partner = partner_by_values(means, 0)
    assert partner is not None
    assert (partner.column, partner.strength) == (1, pytest.approx(mean))
    assert partner_by_values(means, 2) is None


def test_the_partner_of_a_product_is_the_other_factor() -> None:
    frame = frame_of()
    a, b = frame["a"], frame["b"]
    assert found(a + a * b / 2, frame, "a") == "b"
    assert found(b + a * b / 2, frame, "b") == "a"
    gaps = frame["c"].fillna(2.0)
    assert found(a * gaps, frame, "a") == "c"
    assert found(gaps * a, frame, "c") == "a"
    assert found(a * (frame["kind"] == "x"), frame, "a") == "kind"
    assert found(np.where(frame["kind"] == "x", frame["d"], 0.0), frame, "kind") == "d"
    assert found(np.where(frame["flag"], a, -a), frame, "a") == "flag"
    days = frame.assign(d=pd.Timestamp("2024-01-01") + pd.to_timedelta((frame["d"] * 100).round(), unit="D"))
    assert found(a * frame["d"], days, "a") == "d"


def test_the_strength_is_the_share_of_the_variance_that_groups_explain() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": np.repeat([0, 1], 500), "g": np.tile([0, 1], 500)})
    noise = rng.normal(size=1000)
    values = frame["a"] * frame["g"] * 4.0 + noise
    partner = partner_by_variance(values.to_numpy(), frame, 0, groups_of(frame, all_others(frame)))
    assert partner is not None
    table = pd.DataFrame({"a": frame["a"], "g": frame["g"], "v": values})
    whole = table.groupby("a")["v"].var(ddof=0).mean() * 1000 / 998
    rest = table.groupby(["a", "g"])["v"].var(ddof=0).mean() * 1000 / 996
    assert partner.strength == pytest.approx(1 - rest / whole, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_an_additive_model_has_no_partner(seed: int) -> None:
    frame = frame_of(seed=seed)
    rng = np.random.default_rng(seed)
    assert found(3 * frame["a"] + 1, frame, "a") is None
    assert found(np.sin(frame["a"] * 2), frame, "a") is None
    assert found(frame["a"] + rng.normal(size=len(frame)), frame, "a") is None
    assert found(np.where(frame["kind"] == "x", 1.0, -1.0), frame, "kind") is None
    assert found(np.zeros(len(frame)), frame, "b") is None
    # A tied column tells the value itself, and nothing beyond it.
    tied = frame.assign(b=frame["a"] + 0.01 * rng.normal(size=len(frame)))
    assert found(3 * tied["a"], tied, "a") is None


def test_few_rows_and_columns_without_values_are_no_trouble() -> None:
    for n in (1, 2, 5):
        assert found(np.arange(float(n)), frame_of(n), "a") is None
    frame = frame_of(50).assign(c=np.nan, d=1.0)
    frame["kind"] = None
    assert found(frame["a"] * frame["b"], frame, "a") == "b"
    assert found(frame["a"] * frame["b"], frame, "c") in (None, "a", "b")


def test_ranks_are_those_of_pandas() -> None:
    frame = frame_of(60)
    ranks = rank_of(frame["c"])
    expected = (frame["c"].rank() - 1) / (frame["c"].notna().sum() - 1)
    np.testing.assert_allclose(ranks, expected)
    assert np.isnan(rank_of(frame["kind"])).all()
    assert rank_of(pd.Series([5.0])).tolist() == [0.5]
    np.testing.assert_allclose(rank_of(frame["flag"]), (frame["flag"].astype(int).rank() - 1) / 59)
