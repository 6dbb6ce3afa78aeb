"""Which inputs tell a protected attribute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.explain.decision.protected import protected, tells
from tests.assess.builders import dataset, group, subject_of

RNG = np.random.default_rng(0)
SEX = RNG.choice(["f", "m"], 400, p=[0.4, 0.6])
RACE = RNG.choice(["a", "b", "c"], 400)
AGE = RNG.integers(18, 80, 400)
BIRTH = 2026 - AGE + RNG.random(400)


def noisy(share: float) -> np.ndarray:
    """The sex column with so many wrong values, of as many as the smaller group has."""
    values = SEX.copy()
    wrong = RNG.choice(400, int(share * min((SEX == "f").sum(), (SEX == "m").sum())), replace=False)
    values[wrong] = np.where(values[wrong] == "f", "m", "f")
    return values


COLUMNS = {
    "title": (np.where(SEX == "f", "Ms", "Mr"), True),
    "code": (np.where(SEX == "f", 7, 3), True),
    "flag of one group": (RACE == "b", True),
    "nearly": (noisy(0.03), True),
    "half": (noisy(0.5), False),
    "birth": (BIRTH, True),
    "cross": (np.char.add(SEX, RACE), True),
    "amount": (RNG.normal(size=400), False),
    "number of the row": (np.arange(400.0), False),
    "name of the row": ([f"n{i}" for i in range(400)], False),
    "constant": (np.ones(400), False),
    "purpose": (RNG.choice(["car", "house"], 400), False),
    "infinite": (np.where(np.arange(400) % 2, np.inf, -np.inf), False),
    "gaps": (np.where(np.arange(400) % 3, np.nan, 1.0), False),
}
GROUPS = (group("sex", SEX), group("race", RACE), group("age", np.where(AGE < 40, "young", "old")))


@pytest.mark.parametrize("name", COLUMNS)
def test_what_tells_a_group_is_found_and_nothing_else(name: str) -> None:
    values, expected = COLUMNS[name]
    frame = pd.DataFrame({name: values})
    subject = subject_of(np.zeros(400), evaluation=dataset(frame), features=(name,), groups=GROUPS)
    assert bool(protected(subject, [name], seed=0)) == expected


def test_a_sensitive_column_is_protected_whatever_it_holds() -> None:
    frame = pd.DataFrame({"sex": SEX, "x": np.arange(400.0)})
    subject = subject_of(np.zeros(400), evaluation=dataset(frame), features=("sex", "x"), groups=GROUPS)
    assert protected(subject, ["sex", "x"], seed=0) == {"sex": "sex"}
    assert protected(subject, ["x"], seed=0) == {}


def test_small_groups_prove_nothing() -> None:
    few = group("rare", ["yes"] * 15 + ["no"] * 385)
    assert not tells(pd.Series(np.arange(400) < 15), few, few.codes)
    more = group("rare", ["yes"] * 20 + ["no"] * 380)
    assert tells(pd.Series(np.arange(400) < 20), more, more.codes)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=60, max_size=90))
def test_leaving_one_out_by_definition(pairs: list[tuple[int, int]]) -> None:
    values = [f"v{v}" for v, _ in pairs]
    codes = [c for _, c in pairs]
    names = group("g", [f"g{c}" for c in codes], ["g0", "g1", "g2"])
    expected = False
    for level in range(3):
        wrong = 0
        for i in range(len(pairs)):
            others = [codes[k] == level for k in range(len(pairs)) if k != i and values[k] == values[i]]
            member = codes[i] == level
            votes = sum(others)
            right = votes > len(others) - votes if member else len(others) - votes > votes
            wrong += not right
        smaller = min(codes.count(level), len(codes) - codes.count(level))
        expected |= smaller >= 20 and wrong <= 0.05 * smaller
    assert tells(pd.Series(values), names, names.codes) == expected
