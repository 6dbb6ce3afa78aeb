"""Whether replacing the stated reasons turns a decision."""

from __future__ import annotations

import numpy as np
import pandas as pd

from explainkit.explain.decision.fidelity import fidelity
from tests.explain.decision.made import function, situation

RNG = np.random.default_rng(1)
ROWS = pd.DataFrame({"a": RNG.normal(size=200), "b": RNG.normal(size=200), "c": RNG.choice(["x", "y"], 200)})
ROWS.loc[0, ["a", "b"]] = [3.0, 3.0]


def by_a(rows: pd.DataFrame) -> np.ndarray:
    return np.where(rows["a"] > 0.5, 0.9, 0.1)


def test_only_what_the_model_uses_turns_it() -> None:
    what = situation(function(by_a), ROWS)
    donors = np.flatnonzero(ROWS["a"] < 0.5)
    (used,) = fidelity(what, [0], [[0]], donors)
    assert used is not None
    assert (used.stated, used.others, used.tried) == (len(donors), 0, len(donors))
    (unused,) = fidelity(what, [0], [[1]], donors)
    assert unused is not None
    assert unused.stated == 0
    # One of the two others is drawn each time; only `a` turns the decision.
    assert unused.others is not None
    assert 0.3 < unused.others / unused.tried < 0.7


def test_values_of_a_donor_go_together() -> None:
    def equal(rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["a"] == -rows["b"], 0.1, 0.9)

    rows = ROWS.assign(b=-ROWS["a"])
    rows.loc[0, ["a", "b"]] = [3.0, 3.0]
    (both,) = fidelity(situation(function(equal), rows), [0], [[0, 1]], np.arange(1, 200))
    assert both is not None
    assert both.stated == both.tried == 199
    assert both.others is None  # there is one other input, and two would be needed


def test_nothing_to_replace_and_nobody_to_take_values_from() -> None:
    what = situation(function(by_a), ROWS)
    assert fidelity(what, [0, 1], [[], [0]], np.arange(5))[0] is None
    assert fidelity(what, [0], [[0]], np.empty(0, dtype=np.intp)) == (None,)


def test_the_draw_of_a_case_does_not_depend_on_the_others() -> None:
    what = situation(function(lambda r: np.where(r["a"] + r["b"] > 0.5, 0.9, 0.1)), ROWS)
    donors = np.arange(10, 150)
    alone = fidelity(what, [0], [[0]], donors)
    assert fidelity(what, [5, 0], [[1], [0]], donors)[1] == alone[0]
