"""``python -m benchmarks [--runs N] [NAME …]``: run, print the table, write results.json."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Row

NAMES = ("start_up", "whole_audit", "trees", "lime", "fairness", "properties", "monitoring")
RESULTS = Path(__file__).with_name("results.json")
LIBRARIES = ("explainkit", "numpy", "scikit-learn", "shap", "lime", "lightgbm", "matplotlib", "weasyprint", "pyhanko")


def main() -> None:
    """Run what was asked for; the table goes to stdout."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--runs", type=int, default=3, help="runs after the first, at least 3 for a result that counts")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in NAMES]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; known: {', '.join(NAMES)}")
    console = Console() if sys.stdout.isatty() else Console(width=120)
    rows: list[Row] = []
    for name in asked.names or NAMES:
        with console.status(name):
            rows += import_module(f"benchmarks.{name}").rows(asked.runs)
    console.print(table(rows))
    for note in (f"{row.work}: {row.note}" for row in rows if row.note):
        console.print(note, highlight=False)
    RESULTS.write_text(json.dumps(document(rows), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(rows: list[Row]) -> Table:
    """The rows as they are printed."""
    shown = Table(title="median of the runs after the first; ratio: the peer's over ours")
    for heading in ("work", "ours", "first", "MB", "peer", "its", "its MB", "ratio", "goal", "in"):
        shown.add_column(heading, justify="left" if heading in ("work", "peer", "goal", "in") else "right")
    for row in rows:
        peers = ("–", "–", "–")
        if row.peers is not None and row.ratio is not None:
            peers = (f"{row.peers.median:.2f}", f"{row.peers.memory:.0f}", f"{row.ratio:.1f}")
        ours = (f"{row.ours.median:.2f}", f"{row.ours.first:.2f}", f"{row.ours.memory:.0f}")
        shown.add_row(row.work, *ours, row.peer, *peers, row.goal, row.unit)
    return shown


def document(rows: list[Row]) -> dict[str, object]:
    """What results.json holds."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "rows": [{**dataclasses.asdict(row), "ratio": row.ratio} for row in rows],
    }


if __name__ == "__main__":
    main()
