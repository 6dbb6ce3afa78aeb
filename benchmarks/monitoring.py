"""Monitoring: ten million rows in one pass through counts, against pandas that holds the whole file."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from benchmarks.in_process import clock, timed
from benchmarks.measure import Row

ROWS = 10_000_000
BLOCK = 500_000
BASELINE = 50_000
NUMBERS, CATEGORIES = 10, 4
FOLDER = Path(tempfile.gettempdir()) / "explainkit-benchmark-monitoring"
"""Kept from run to run: to write the rows takes longer than to read them."""


def rows(runs: int) -> Iterator[Row]:
    """One pass, with scores and outcomes."""
    _made()
    yield Row(
        work=f"monitor: {ROWS // 1_000_000} million rows",
        ours=timed("benchmarks.monitoring", "streamed", runs),
        peer="pandas",
        peers=timed("benchmarks.monitoring", "whole", runs),
        goal="≤ 1000 MB",
        note=f"parquet, {NUMBERS} numbers, {CATEGORIES} categories, score and outcome; ours reads blocks, counts, "
        "finds the digest of the file, and measures; the peer reads the whole file and counts the same bins",
    )


def table(count: int, seed: int) -> pd.DataFrame:
    """Rows of a made-up lender with scores."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=count) for i in range(NUMBERS)})
    for i in range(CATEGORIES):
        frame[f"c{i}"] = rng.choice([*"abcdefgh"], count)
    frame["p"] = 1 / (1 + np.exp(-frame["x0"]))
    frame["bad"] = (rng.random(count) < frame["p"]).astype(int)
    return frame


def _made() -> None:
    """The rows and a card, where they are not there yet."""
    from explainkit.load.assemble import load_subject
    from explainkit.pipeline import gather
    from explainkit.plan import plan_from

    FOLDER.mkdir(exist_ok=True)
    if not (FOLDER / "card" / "card.json").exists():
        table(BASELINE, 1).to_parquet(FOLDER / "baseline.parquet")
        data = {"evaluation": "baseline.parquet", "target": "bad", "score": "p"}
        document = {
            "model": {"positive": 1, "threshold": ">=0.5"},
            "data": data,
            "fairness": {"favourable": 0},
            "statements": {"population": "all cases"},
            "slices": {"enabled": False},
        }
        plan = plan_from(document)
        (FOLDER / "card").mkdir(exist_ok=True)
        card = gather(load_subject(plan, base=FOLDER), plan).to_json()
        (FOLDER / "card" / "card.json").write_bytes(card)
    path = FOLDER / f"new-{ROWS}.parquet"
    if path.exists():
        return
    staging = path.with_suffix(".partial")
    schema = pa.Table.from_pandas(table(10, 0), preserve_index=False).schema
    with pa.parquet.ParquetWriter(staging, schema) as writer:
        for place, start in enumerate(range(0, ROWS, BLOCK)):
            block = table(min(BLOCK, ROWS - start), 2 + place)
            writer.write_table(pa.Table.from_pandas(block, preserve_index=False))
    staging.rename(path)


def _streamed() -> Callable[[], object]:
    """The monitor; the release is not signed, as that is not what is timed."""
    from explainkit.monitoring.monitoring import monitor

    new = FOLDER / f"new-{ROWS}.parquet"
    return lambda: monitor(FOLDER / "card", new, date="2026-11-29", unverified=True)


def _whole() -> Callable[[], object]:
    """Every column binned by pandas and NumPy."""
    old = pd.read_parquet(FOLDER / "baseline.parquet")
    ends = {name: np.unique(np.quantile(old[name], np.linspace(0, 1, 11))) for name in old if name.startswith("x")}

    def work() -> object:
        new = pd.read_parquet(FOLDER / f"new-{ROWS}.parquet")
        found = {name: np.histogram(new[name], edges)[0] for name, edges in ends.items()}
        return found | {name: new[name].value_counts() for name in new if name.startswith("c")}

    return work


WORK = {"streamed": _streamed, "whole": _whole}


if __name__ == "__main__":
    clock(WORK[sys.argv[1]](), int(sys.argv[2]))
