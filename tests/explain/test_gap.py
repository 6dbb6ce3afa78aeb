"""What carries a gap: an exact split, against means by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explainkit.explain.gap import FEWEST, MOST_SHOWN, gap
from explainkit.explanation import Explanation
from explainkit.figures import FigureSet
from explainkit.load.subject import GroupColumn


def explanation(count: int, players: int, seed: int = 0, outputs: int = 1) -> Explanation:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, players, outputs))
    base = np.full((count, outputs), 0.3)
    return Explanation(
        values=values,
        base_values=base,
        predictions=base + values.sum(axis=1),
        features=tuple(f"x{j}" for j in range(players)),
        outputs=tuple(f"o{k}" for k in range(outputs)),
        rows=tuple(range(5, count + 5)),  # positions in the evaluation rows
        space="margin",
        method="m",
        exactness="exact",
        players="raw columns",
        background="b",
        background_rows=0,
        background_digest=None,
        seed=None,
    )


def column(codes: Any, *, is_feature: bool = False) -> GroupColumn:
    return GroupColumn(
        name="sex", codes=np.concatenate([np.full(5, -1), codes]).astype(np.int32), levels=("f", "m", "x"),
        is_feature=is_feature,
    )  # fmt: skip


@given(st.integers(0, 100), st.integers(2, 14))
def test_contributions_add_up_to_the_gap_in_the_mean_output(seed: int, players: int) -> None:
    found = explanation(300, players, seed)
    codes = np.random.default_rng(seed).choice([-1, 0, 1, 1], 300)
    measured = FigureSet(gap(found, np.arange(300), [column(codes)], {"sex": "m"}).figures)
    output = found.predictions[:, 0]
    total = measured["explanation.gap.total[column=sex,group=f]"]
    own, other = output[codes == 0], output[codes == 1]
    assert total.value == pytest.approx(own.mean() - other.mean(), abs=1e-12)
    ends = stats.ttest_ind(own, other, equal_var=False).confidence_interval(0.95)
    assert (total.low, total.high) == pytest.approx((ends.low, ends.high))
    assert (total.n, total.reference) == ((codes == 0).sum(), "m (stated in the plan)")
    parts = [f for f in measured.named("explanation.gap.contribution") if f.status == "measured"]
    assert len(parts) == min(players, MOST_SHOWN)
    rest = list(measured.named("explanation.gap.others"))
    assert len(rest) == (players > MOST_SHOWN)
    assert sum(f.value for f in [*parts, *rest]) == pytest.approx(total.value, abs=1e-12)
    for part in parts:
        j = int(part.keys["feature"][1:])
        expected = found.values[codes == 0, j, 0].mean() - found.values[codes == 1, j, 0].mean()
        assert part.value == pytest.approx(expected, abs=1e-12)


def test_an_attribute_that_is_no_input_is_said_and_not_zero() -> None:
    codes = np.arange(200) % 2
    found = FigureSet(gap(explanation(200, 3), np.arange(200), [column(codes)], {}).figures)
    figure = found["explanation.gap.contribution[column=sex,feature=sex,group=m]"]
    assert (figure.status, figure.value, figure.reason) == ("not_tested", None, "not an input of the model")
    inside = replace(explanation(200, 3), features=("sex", "x1", "x2"))
    found = FigureSet(gap(inside, np.arange(200), [column(codes, is_feature=True)], {}).figures)
    assert found["explanation.gap.contribution[column=sex,feature=sex,group=m]"].value is not None


def test_few_rows_are_too_few_and_groups_not_shown_stay_out() -> None:
    codes = np.array([0] * 100 + [1] * (FEWEST - 1) + [-1] * 50)
    measured = gap(explanation(len(codes), 3), np.arange(len(codes)), [column(codes)], {})
    (figure,) = measured.figures
    assert (figure.id, figure.status) == ("explanation.gap.total[column=sex,group=m]", "insufficient")


def test_several_outputs_have_no_one_gap() -> None:
    measured = gap(explanation(100, 3, outputs=2), np.arange(100), [column(np.arange(100) % 2)], {})
    assert measured.figures == ()
    assert measured.ledger[0].kind == "not_tested"
    assert gap(explanation(100, 3), np.arange(100), [], {}).ledger == ()
