"""In sample, out of sample and out of time against scikit-learn and a bootstrap of both data sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.over_time import over_time
from explainkit.errors import DataError
from explainkit.figures import figure_id
from explainkit.load.assemble import assemble
from explainkit.plan import plan_from
from tests.assess.builders import dataset, figures_of


def frame(n: int, seed: int, start: str, signal: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.35).astype(int)
    data = pd.DataFrame({"t": pd.date_range(start, periods=n, freq="D").strftime("%Y-%m-%d"), "y": y})
    data["s"] = np.clip(0.3 + signal * y + rng.normal(0, 0.2, n), 0.01, 0.99)
    return data.assign(w=rng.uniform(0.5, 2, n), c=rng.integers(0, 150, n))


TRAIN = frame(600, 1, "2023-01-01", 0.4)  # until 2024-08-22
TEST = frame(800, 2, "2023-06-01", 0.2)
LATER = TEST["t"] > TRAIN["t"].max()
DATA = {"target": "y", "score": "s", "time": "t", "trained_on_reference": True}


def measured(test=TEST, train=TRAIN, *, data=None, time="quarter", **tables):
    document = {"data": DATA | (data or {}), "model": {"task": "binary", "positive": 1, "threshold": ">=0.5"}}
    document["fairness"] = {"favourable": 0}
    if time:
        document["time"] = {"period": time}
    plan = plan_from(document | tables)
    other = None if train is None else dataset(train, "reference")
    if other is not None:
        other = replace(other, identity=replace(other.identity, digest=f"sha256:{len(train)}"))
    subject = assemble(plan, model=None, evaluation=dataset(test), reference=other)
    return over_time.measure(subject, plan, groupings_of(subject, plan.fairness, plan.ll144))


@pytest.mark.parametrize("weight", [None, {"column": "w", "kind": "sampling"}])
def test_every_part_is_that_of_sklearn(weight):
    found = figures_of(measured(data={"weight": weight} if weight else {}))
    parts = {"in_sample": TRAIN, "out_of_sample": TEST[~LATER], "out_of_time": TEST[LATER]}
    areas = {}
    for part, rows in parts.items():
        w = rows["w"] if weight else None
        areas[part] = metrics.roc_auc_score(rows["y"], rows["s"], sample_weight=w)
        figure = found[figure_id("sample.roc_auc", rows=part)]
        assert figure.value == pytest.approx(areas[part], rel=1e-12)
        assert (figure.n, figure.events) == (len(rows), rows["y"].sum())
        assert figure.dataset == ("reference" if part == "in_sample" else "evaluation")
        rate = found[figure_id("sample.selection_rate", rows=part)]
        assert rate.value == pytest.approx(np.average(rows["s"] < 0.5, weights=w))
        assert found[figure_id("sample.rows", rows=part)].value == len(rows)
    rng = np.random.default_rng(3)
    for part in ("out_of_sample", "out_of_time"):
        change = found[figure_id("sample.change", measure="roc_auc", rows=part)]
        assert change.value == pytest.approx(areas[part] - areas["in_sample"])
        moved = []
        for _ in range(300):
            one, two = (rows.iloc[rng.integers(0, len(rows), len(rows))] for rows in (parts[part], TRAIN))
            weights = [rows["w"] if weight else None for rows in (one, two)]
            moved.append(
                metrics.roc_auc_score(one["y"], one["s"], sample_weight=weights[0])
                - metrics.roc_auc_score(two["y"], two["s"], sample_weight=weights[1])
            )
        assert change.high - change.low == pytest.approx(2 * 1.96 * np.std(moved), rel=0.15)


def test_a_cluster_may_reach_over_both_data_sets():
    """Every row twice, in the same cluster of the same name: the interval is that of once."""
    twice = pd.concat([TEST, TEST], ignore_index=True), pd.concat([TRAIN, TRAIN], ignore_index=True)
    own, reference = (pd.concat([x.assign(c=np.arange(len(x)) + start)] * 2) for x, start in ((TEST, 0), (TRAIN, 5000)))
    once = figures_of(measured())[figure_id("sample.change", measure="roc_auc", rows="out_of_time")]
    found = figures_of(measured(own, reference, data={"cluster": "c"}))
    change = found[figure_id("sample.change", measure="roc_auc", rows="out_of_time")]
    assert change.value == pytest.approx(once.value)
    assert change.high - change.low == pytest.approx(once.high - once.low, rel=0.02)
    plain = figures_of(measured(*twice))[figure_id("sample.change", measure="roc_auc", rows="out_of_time")]
    assert plain.high - plain.low < 0.8 * (change.high - change.low)
    shared = own.assign(c=lambda x: x["c"] % 600), reference.assign(c=lambda x: x["c"] - 5000)
    change = figures_of(measured(*shared, data={"cluster": "c"}))[change.id]
    assert change.low < change.value < change.high


def test_without_times_there_is_one_part_that_is_new():
    found = figures_of(measured(time=None, data={"time": None}))
    assert found[figure_id("sample.rows", rows="out_of_sample")].value == len(TEST)
    assert figure_id("sample.rows", rows="out_of_time") not in {f.id for f in found}


def test_rows_without_a_time_are_of_no_part():
    gaps = TEST.assign(t=TEST["t"].where(np.arange(len(TEST)) % 4 > 0))
    found = figures_of(measured(gaps))
    known = gaps["t"].notna()
    assert found[figure_id("sample.rows", rows="out_of_time")].value == (LATER & known).sum()
    assert found[figure_id("sample.rows", rows="out_of_sample")].value == (~LATER & known).sum()


def refused(found):
    figure = figures_of(found)["sample.roc_auc"]
    assert figure.status == "not_tested"
    return figure.reason


def test_what_cannot_be_told_says_why():
    assert refused(measured(train=None)) == "there is no reference data (data.reference)"
    assert refused(measured(train=TRAIN.drop(columns="y"))) == "no reference row has an outcome"
    assert "data.score" in refused(measured(train=TRAIN.drop(columns="s")))
    weight = {"weight": {"column": "w", "kind": "sampling"}}
    assert "data.weight" in refused(measured(train=TRAIN.drop(columns="w"), data=weight))
    none = measured(data={"trained_on_reference": False})
    assert not any(f.name.startswith("sample.") for f in none.figures)


def test_an_evaluation_set_that_is_the_reference_data_is_not_called_new():
    plan = plan_from({"data": DATA, "model": {"task": "binary", "positive": 1}})
    subject = assemble(plan, model=None, evaluation=dataset(TEST), reference=dataset(TEST, "reference"))
    found = over_time.measure(subject, plan, groupings_of(subject, plan.fairness, plan.ll144))
    assert refused(found) == "the evaluation data is the reference data: no row is new to the model"


def test_reference_times_written_otherwise_are_refused():
    with pytest.raises(DataError, match="reference data: times are written otherwise .*found moments; allowed: days"):
        measured(train=TRAIN.assign(t=TRAIN["t"] + "T00:00:00"))


def test_a_few_later_rows_are_hidden_with_the_others():
    early = pd.concat([TEST[~LATER], TEST[LATER].iloc[:5]])
    found = figures_of(measured(early))
    for part in ("out_of_sample", "out_of_time"):
        assert found[figure_id("sample.roc_auc", rows=part)].status == "suppressed"
        assert found[figure_id("sample.change", measure="roc_auc", rows=part)].status == "suppressed"
