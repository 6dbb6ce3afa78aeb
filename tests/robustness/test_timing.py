"""Load: what is timed, on which machine, and that nobody compares it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from explainkit.figures import FigureSet
from explainkit.load.assemble import load_subject
from explainkit.plan import plan_from
from explainkit.recomputation import compared
from explainkit.robustness.timing import load
from tests.explain.properties.asking import subject_of
from tests.report import examples

ROWS = pd.DataFrame({"a": np.arange(300.0), "b": np.arange(300.0)[::-1]})


class Slow(LogisticRegression):
    """Takes five milliseconds a call, and a tenth of one for each row."""

    def predict_proba(self, X):
        time.sleep(0.005 + 0.0001 * len(X))
        return super().predict_proba(X)


def test_latency_and_throughput_are_those_of_a_model_that_takes_its_time() -> None:
    model = Slow().fit(ROWS, ROWS["a"] > 150)
    plan = plan_from({"load": {"seconds": 0.4, "repeats": 20}})
    figures = FigureSet(load(subject_of(model, ROWS, plan), plan).figures)
    for batch, least in (("1", 5.1), ("10", 6.0), ("100", 15.0), ("300", 35.0)):
        median = figures[f"load.latency[batch={batch},quantile=p50]"]
        assert least <= median.value < least + 100
        assert ", Python 3." in median.method
        assert "in this process" in median.method
    first = figures["load.throughput[batch=1]"]
    assert 0 < first.value <= 1000 / 5.1
    tail = figures["load.latency[batch=1,quantile=p99]"]
    assert (tail.status, tail.reason) == ("insufficient", f"{first.n} calls, and 100 are needed")
    assert figures["load.start"].status == "not_tested"
    assert figures["load.memory"].value > 50


def test_a_model_file_is_opened_anew_and_its_process_is_measured(tmp_path: Path) -> None:
    rows = ROWS.assign(y=(ROWS["a"] > 150).astype(int))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    skops.io.dump(LogisticRegression().fit(ROWS, rows["y"]), tmp_path / "model.skops")
    document = {"model": {"path": "model.skops"}, "data": {"evaluation": "rows.csv", "target": "y"}}
    plan = plan_from(document | {"load": {"seconds": 0.1, "repeats": 10, "rows": 20}})
    figures = FigureSet(load(load_subject(plan, base=tmp_path), plan).figures)
    assert {f.keys["batch"] for f in figures.named("load.throughput")} == {"1", "10", "20"}
    assert figures["load.start"].value > 0.1  # its libraries are loaded
    assert 30 < figures["load.memory"].value < 4000
    assert "of the model's process" in figures["load.memory"].method
    assert "in a process of its own" in figures["load.start"].method


@pytest.mark.parametrize("id_", ["load.start", "load.latency[batch=1,quantile=p50]"])
def test_whoever_computes_again_does_not_compare_times(id_: str) -> None:
    card = examples.ALL["credit"]()
    figure = replace(card.figures[0], id=id_, value=1.0, low=None, high=None)
    timed = replace(card, figures=(*card.figures, figure))
    other = replace(card, figures=(*card.figures, replace(figure, value=2.0)))
    assert not compared(timed, other).differences
    changed = replace(card, figures=(*card.figures, replace(figure, id="performance.other", value=2.0)))
    assert compared(timed, changed).differences
