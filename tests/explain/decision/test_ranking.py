"""Who is compared with whom, and in which order inputs count against a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from explainkit.explain.decision.comparison import FEWEST, compare, just_above
from explainkit.explain.decision.ranking import chosen, principal, same_sets, shortfall
from explainkit.explain.shapley import explain_shap
from tests.explain.decision.made import linear, situation

WEIGHTS = np.array([2.0, -1.0, 0.5, 0.0])


def table(count: int, seed: int) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(count, 4)) + np.array([0.3, 0.0, -1.0, 5.0])
    return pd.DataFrame(values, columns=list("abcd"))


ROWS, REFERENCE = table(400, 0), table(150, 1)


@given(
    st.integers(1, 120).flatmap(
        lambda n: st.tuples(
            arrays.arrays(float, n, elements=st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0])),
            arrays.arrays(bool, n),
        )
    ),
    st.floats(0.01, 1.0),
)
def test_the_rows_nearest_to_the_cutoff(drawn, share: float) -> None:
    scores, favoured = drawn
    found = just_above(scores, favoured, 0.5, share)
    # By definition: sorted by distance, at least so many, and everybody as near as the last.
    among = sorted((abs(scores[i] - 0.5), i) for i in range(len(scores)) if favoured[i])
    count = min(len(among), max(FEWEST, int(np.ceil(share * len(among)))))
    expected = {i for distance, i in among if distance <= among[count - 1][0]} if among else set()
    assert set(found.tolist()) == expected
    # The order of the rows does not matter.
    turned = just_above(scores[::-1], favoured[::-1], 0.5, share)
    assert {len(scores) - 1 - i for i in turned.tolist()} == expected


@pytest.mark.parametrize(("favourable", "sign"), [("0", 1.0), ("1", -1.0)])
def test_shortfalls_of_a_linear_model_are_weights_times_distances(favourable: str, sign: float) -> None:
    what = situation(linear(WEIGHTS), ROWS, REFERENCE, favourable=favourable, plan={"band": 0.25})
    comparison = compare(what, [3, 77], None)
    scores = what.subject.rows.scores
    favoured = (scores < 0.5) if favourable == "0" else (scores >= 0.5)
    assert comparison.favoured == favoured.sum()
    nearest = np.flatnonzero(favoured)[np.argsort(np.abs(scores[favoured] - 0.5))][: int(np.ceil(favoured.sum() / 4))]
    assert set(comparison.cutoff) == set(nearest)
    assert comparison.far == scores[nearest[-1]]
    assert comparison.band == len(nearest)
    for against, group in (("cutoff", nearest), ("all", np.arange(400))):
        mean = comparison.mean(against)
        assert mean is not None
        short = shortfall(comparison.values, mean, what.sign)
        # The background cancels: a weight times the distance to the group's mean.
        expected = sign * WEIGHTS * (ROWS.to_numpy() - ROWS.to_numpy()[group].mean(axis=0))
        assert np.allclose(short, expected, atol=1e-12)
    # Contributions themselves are those against the whole reference set.
    expected = WEIGHTS * (ROWS.to_numpy() - REFERENCE.to_numpy().mean(axis=0))
    assert np.allclose(comparison.values, expected, atol=1e-12)
    assert comparison.explanation.background_rows == 150
    assert np.array_equal(~comparison.adverse, favoured)


def test_values_that_are_known_against_the_reference_set_are_used_again() -> None:
    door = linear(WEIGHTS)
    what = situation(door, ROWS, REFERENCE)
    given = {"task": "binary", "classes": ("0", "1"), "positive": 1}
    known = explain_shap(door, ROWS, REFERENCE, **given)
    marked = type(known)(
        **{f: getattr(known, f) for f in known.__dataclass_fields__} | {"values": np.full_like(known.values, 7.0)}
    )
    assert (compare(what, [0], marked).values == 7.0).all()
    other = type(known)(**{f: getattr(marked, f) for f in known.__dataclass_fields__} | {"background_rows": 0})
    assert (compare(what, [0], other).values != 7.0).any()


@pytest.mark.parametrize("space", ["margin", "probability"])
def test_the_output_of_rows_is_not_asked_for_again_where_it_was_explained(
    space: Literal["margin", "probability"],
) -> None:
    door = linear(WEIGHTS)
    own = explain_shap(door, ROWS, REFERENCE, task="binary", classes=("0", "1"), positive=1)
    order = np.random.default_rng(0).permutation(len(ROWS))
    marked = np.arange(len(ROWS), dtype=float)[:, None]
    known = replace(own, background_rows=0, rows=tuple(order.tolist()), predictions=marked[order], space=space)
    found = compare(situation(door, ROWS, REFERENCE), [0], known)
    assert np.array_equal(found.values, own.values[:, :, 0])
    assert np.array_equal(found.explanation.predictions, marked if space == "margin" else own.predictions)


def test_too_few_rows_make_no_mean() -> None:
    comparison = compare(situation(linear(WEIGHTS), ROWS.iloc[:20], REFERENCE), [0], None)
    assert comparison.mean("cutoff") is None
    assert comparison.mean("all") is None


@given(arrays.arrays(float, (5, 6), elements=st.sampled_from([-2.0, -0.5, 0.0, 0.5, 1.0, 3.0])), st.integers(1, 8))
def test_principal_reasons_by_definition(short: np.ndarray, most: int) -> None:
    found = principal(short, most)
    for row, places in zip(short, found, strict=True):
        expected = sorted((j for j in range(6) if row[j] > 0), key=lambda j: (-row[j], j))[:most]
        assert chosen(places) == tuple(expected)


def test_rounding_is_no_reason() -> None:
    assert chosen(principal(np.array([[1.0, 1e-15, -1.0]]), 4)[0]) == (0,)
    assert chosen(principal(np.array([[0.0, 0.0]]), 4)[0]) == ()


def test_shared_reasons_are_counted_whatever_their_order() -> None:
    first = np.array([[0, 1, 2], [0, -1, -1], [3, 4, -1]])
    second = np.array([[2, 0, 5], [-1, -1, -1], [4, 3, 1]])
    assert same_sets(first, second).tolist() == [2, 0, 2]
