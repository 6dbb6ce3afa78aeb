"""Proofs about trees, against a mixed integer program (HiGHS), and against trying rows, which proves nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.in_process import clock, timed
from benchmarks.measure import Row

ROWS = 20_000
TRIED = 1_000
"""Rows at which every value of the feature is tried."""
STEPS = 256
COLUMNS = 10
MONOTONE = {"kind": "monotone", "feature": "x0", "direction": "increasing"}


def rows(runs: int) -> Iterator[Row]:
    """A monotone model of 200 trees; the same without constraints; the largest answer of a smaller one."""
    tried = timed("benchmarks.properties", "tried", runs)
    yield Row(
        work="proof: monotone, 200 trees",
        ours=timed("benchmarks.properties", "proven", runs),
        peer="trying rows",
        peers=tried,
        goal="≤ 60 s",
        note=f"LightGBM with monotone constraints, 200 trees × 31 leaves; the peer asks for {TRIED} rows with {STEPS} "
        "values of the feature, and proves nothing; the first run compiles",
    )
    yield Row(
        work="counterexample, 200 trees",
        ours=timed("benchmarks.properties", "refuted", runs),
        peer="trying rows",
        peers=tried,
        note="the same without constraints: the largest violation, confirmed by the model",
    )
    yield Row(
        work="largest answer, 20 trees",
        ours=timed("benchmarks.properties", "largest", runs),
        peer="MILP (HiGHS)",
        peers=timed("benchmarks.properties", "program", runs),
        note="LightGBM, 20 trees × 10 leaves, 4 features: exact by both; the program is that of Kantchelian, Tygar and "
        "Joseph (2016)",
    )


def trained(trees: int, *, columns: int = COLUMNS, leaves: int = 31, constrained: bool = False) -> tuple[Any, Any]:
    """A model and its rows; the same numbers every time."""
    import lightgbm
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(ROWS, columns)), columns=[f"x{i}" for i in range(columns)])
    outcome = frame["x0"] + frame["x1"] * frame["x2"] + np.sin(2 * frame["x3"]) + rng.normal(size=ROWS)
    model = lightgbm.LGBMRegressor(
        n_estimators=trees,
        num_leaves=leaves,
        verbose=-1,
        random_state=0,
        monotone_constraints=[int(constrained), *[0] * (columns - 1)],
    )
    return model.fit(frame, outcome), frame


def asked(model: Any, frame: Any, wanted: dict[str, Any], outcome: float) -> Callable[[], None]:
    """Decide a property, and insist on the outcome."""
    from explainkit.explain.properties.stage import properties
    from explainkit.load.assemble import assemble
    from explainkit.load.open_model import adapt_any
    from explainkit.load.tables import read_frame
    from explainkit.plan import plan_from

    plan = plan_from({"properties": [wanted]})
    evaluation, ledger = read_frame(frame.iloc[:2000], role="evaluation")
    adapter = adapt_any(model, task=None, classes=None, features=None)
    subject = assemble(plan, model=adapter, evaluation=evaluation, reference=None, ledger=ledger)

    def decide() -> None:
        assert properties(subject, plan).figures[0].value == outcome

    return decide


def work_of(what: str) -> Callable[[], Any]:
    """What is timed, with the model trained beforehand."""
    import numpy as np

    if what in ("largest", "program"):
        model, frame = trained(20, columns=4, leaves=10)
        from explainkit.explain.tree.readers import read
        from tests.explain.properties.program import largest_sum

        ensemble = read("lightgbm", model.booster_)
        if what == "program":
            return lambda: largest_sum(ensemble)
        # A bound that the largest answer just breaks: the search ends when it is known to be the largest.
        return asked(model, frame, {"kind": "bounds", "high": largest_sum(ensemble) - 1e-3}, 0)
    model, frame = trained(200, constrained=what == "proven")
    if what == "tried":
        values = np.linspace(-4, 4, STEPS)
        many = frame.iloc[:TRIED].loc[np.repeat(frame.index[:TRIED], STEPS)].assign(x0=np.tile(values, TRIED))
        return lambda: model.predict(many)
    return asked(model, frame, MONOTONE, what == "proven")


if __name__ == "__main__":
    clock(work_of(sys.argv[1]), int(sys.argv[2]))
