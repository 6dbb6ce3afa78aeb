"""Intervals of fairness figures against fairlearn's bootstrap in ms, and counting ten million rows in seconds.

fairlearn computes its metrics anew on the rows of every resample, here for fewer resamples and scaled; explainkit draws
the table of counts. Both calls begin with the rows and end with three intervals. Percentiles of a largest difference
are what fairlearn gives; where groups nearly tie they miss the truth, which the intervals of
`assess.statistics.extremes` do not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.in_process import clock, timed
from benchmarks.measure import Row

PEERS = Path(__file__).parent.parent / ".venv-fairlearn"
RESAMPLES, OF_PEER = 2_000, 20
ROWS, GROUPS, MANY = 25_000, 10, 10_000_000
COLUMNS = (2, 7, 20)
"""Levels of the sensitive columns in the count of many rows."""


def rows(runs: int) -> Iterator[Row]:
    """Three intervals by 2,000 resamples, and one pass over ten million rows."""
    python, missing = fairlearn()
    ours = timed("benchmarks.fairness", "ours", runs)
    peers = None if python is None else timed("benchmarks.fairness", "fairlearn", runs, python=python)
    note = (
        f"differences of selection rate and of true positive rate, equalised odds; {GROUPS} groups, {ROWS:,} rows, "
        f"{RESAMPLES:,} resamples; fairlearn's MetricFrame with {OF_PEER}, its time × {RESAMPLES // OF_PEER}"
    )
    yield Row(
        work="bootstrap of 3 fairness figures",
        ours=ours,
        peer="fairlearn",
        peers=peers,
        goal="≤ 50 ms",
        unit="ms",
        note=missing or note,
    )
    yield Row(
        work="counting 10,000,000 rows",
        ours=timed("benchmarks.fairness", "count", runs),
        peer="pandas groupby",
        peers=timed("benchmarks.fairness", "pandas", runs),
        goal="≤ 1 GB",
        note=f"group × outcome × decision for {len(COLUMNS)} sensitive columns of {COLUMNS} levels",
    )


def fairlearn() -> tuple[Path | None, str]:
    """An environment that holds fairlearn, or why there is none."""
    python = PEERS / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", PEERS], check=True, capture_output=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-qq", "fairlearn"],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        why = (error.stderr or b"no output").decode(errors="replace").strip()[-120:]
        return None, f"fairlearn was not run: {why}"
    return python, ""


def table(count: int, levels: tuple[int, ...]) -> tuple[list[Any], Any, Any]:
    """Codes of the sensitive columns, outcomes and decisions; the same numbers every time."""
    import numpy as np

    rng = np.random.default_rng(0)
    codes = [rng.integers(0, size, count, dtype=np.int32) for size in levels]
    outcomes = rng.integers(0, 2, count, dtype=np.int8)
    chance = (0.3 + 0.02 * codes[0] + 0.2 * outcomes).astype(np.float32)
    return codes, outcomes.astype(np.float64), rng.random(count, np.float32) < chance


def _cells(codes: list[Any]) -> list[Any]:
    import numpy as np

    from explainkit.assess.groups.cells import RowStates, single
    from explainkit.load.subject import GroupColumn

    alike = RowStates(codes=np.zeros(len(codes[0]), np.int32), classes=np.zeros(1, np.int64))
    return [
        single(
            GroupColumn(
                name=f"g{place}",
                codes=column,
                levels=tuple(f"level {level}" for level in range(int(column.max()) + 1)),
                is_feature=False,
                basis="a benchmark",
            ),
            alike,
            min_cell=10,
        )
        for place, column in enumerate(codes)
    ]


def _ours() -> Callable[[], Any]:
    import numpy as np

    from explainkit.assess.groups.cross_counts import LABELLED, cross, states
    from explainkit.assess.statistics import table_metrics as metrics
    from explainkit.assess.statistics.bootstrap import percentile, resample_counts
    from explainkit.assess.statistics.sampling import Sampling

    codes, outcomes, decisions = table(ROWS, (GROUPS,))
    (cells,) = _cells(codes)
    rates = (
        ([(0, 1), (1, 1)], LABELLED),
        ([(1, 1)], [(1, 0), (1, 1)]),
        ([(0, 1)], [(0, 0), (0, 1)]),
    )

    def work() -> list[Any]:
        counts = cross(cells, states(outcomes, decisions), Sampling(weights=None)).rows[1:]
        drawn = resample_counts(counts, RESAMPLES, np.random.default_rng(1))
        selected, true, false = (metrics.rates(drawn, part, whole) for part, whole in rates)
        kinds = [metrics.both_kinds(counts, part, whole) for part, whole in rates]
        return [
            percentile(metrics.largest_difference(selected), counts=kinds[0]),
            percentile(metrics.largest_difference(true), counts=kinds[1]),
            percentile(metrics.equalised_odds(true, false), counts=kinds[1:]),
        ]

    return work


def _fairlearn() -> Callable[[], Any]:
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    codes, outcomes, decisions = table(ROWS, (GROUPS,))

    def work() -> Any:
        return MetricFrame(
            metrics={
                "selection rate": selection_rate,
                "true positive rate": true_positive_rate,
                "false positive rate": false_positive_rate,
            },
            y_true=outcomes,
            y_pred=decisions.astype(int),
            sensitive_features=codes[0],
            n_boot=OF_PEER,
            ci_quantiles=[0.025, 0.975],
            random_state=1,
        ).difference_ci()

    return work


def _count() -> Callable[[], Any]:
    from explainkit.assess.groups.cross_counts import cross, states
    from explainkit.assess.statistics.sampling import Sampling

    codes, outcomes, decisions = table(MANY, COLUMNS)
    cells = _cells(codes)

    def work() -> Any:
        state = states(outcomes, decisions)
        return [cross(each, state, Sampling(weights=None)) for each in cells]

    return work


def _pandas() -> Callable[[], Any]:
    import pandas as pd

    codes, outcomes, decisions = table(MANY, COLUMNS)
    frame = pd.DataFrame({f"g{place}": column for place, column in enumerate(codes)})
    frame["outcome"], frame["decision"] = outcomes, decisions
    names = [f"g{place}" for place in range(len(codes))]
    return lambda: [frame.groupby([name, "outcome", "decision"]).size() for name in names]


if __name__ == "__main__":
    what, runs = sys.argv[1:]
    work = {"ours": _ours, "fairlearn": _fairlearn, "count": _count, "pandas": _pandas}[what]()
    clock(work, int(runs), scale={"ours": 1e3, "fairlearn": 1e3 * RESAMPLES / OF_PEER}.get(what, 1.0))
