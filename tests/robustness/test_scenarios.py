"""Scenarios against plain changes of the data, and what is hidden of groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from explainkit.errors import PlanError
from explainkit.plan import plan_from
from tests.robustness.asking import Asked, made_up

NUMBERS = ["income", "debt", "age"]
ROWS = made_up(600)
PLAN = {
    "model": {"positive": 1, "threshold": ">=0.5"},
    "data": {"target": "bad", "sensitive": ["sex"]},
    "fairness": {"favourable": 0, "basis": {"sex": "for a test"}},
}


@pytest.fixture(scope="module")
def model() -> LogisticRegression:
    return LogisticRegression().fit(ROWS[NUMBERS], ROWS["bad"])


def asked_of(model: LogisticRegression, rows: pd.DataFrame, *changes: dict) -> Asked:
    scenarios = [{"name": f"s{i}", "changes": change} for i, change in enumerate(changes)]
    return Asked(model, rows, NUMBERS, scenarios=scenarios, **PLAN)


def test_all_changes_are_applied_together(model: LogisticRegression) -> None:
    asked = asked_of(model, ROWS, {"income": "-10%", "debt": "+0.5sd", "age": 60}, {"age": "+5%"})
    before = model.predict_proba(ROWS[NUMBERS])[:, 1]
    changed = ROWS[NUMBERS].assign(income=0.9 * ROWS["income"], debt=ROWS["debt"] + 0.5 * ROWS["debt"].std(), age=60)
    after = model.predict_proba(changed)[:, 1]
    flips = (after >= 0.5) != (before >= 0.5)
    assert asked.value("scenario.flips", scenario="s0") == flips.mean()
    assert asked.value("scenario.score_shift", scenario="s0") == pytest.approx((after - before).mean(), rel=1e-9)
    for group in ("f", "m"):
        own = (ROWS["sex"] == group).to_numpy()
        figure = asked.figure("scenario.flips_by_group", scenario="s0", by="sex", group=group)
        assert (figure.value, figure.n, figure.events) == (flips[own].mean(), own.sum(), flips[own].sum())
    after = model.predict_proba(ROWS[NUMBERS].assign(age=(1.05 * ROWS["age"]).round()))[:, 1]
    shift = asked.value("scenario.score_shift", scenario="s1")
    assert shift == pytest.approx((after - before).mean(), rel=1e-9)
    assert not asked.figures.named("robustness.flips")  # scenarios alone change no single input


def test_few_flips_of_a_group_are_not_told(model: LogisticRegression) -> None:
    rows = ROWS.copy()
    rows["sex"] = np.where(np.arange(len(rows)) < 12, "x", rows["sex"])
    asked = asked_of(model, rows, {"income": "-10%", "debt": "+0.5sd"})
    figures = {f.keys["group"]: f for f in asked.figures.named("robustness.scenario.flips_by_group")}
    hidden = [group for group, f in figures.items() if f.status == "suppressed"]
    assert "x" in hidden
    assert len(hidden) > 1  # or the number of the one hidden would follow from the others
    assert "fairness.min_cell" in figures["x"].reason
    bare = PLAN | {"fairness": {"favourable": 0}}
    asked = Asked(model, ROWS, NUMBERS, scenarios=[{"name": "s", "changes": {"debt": "+1sd"}}], **bare)
    assert {f.status for f in asked.figures.named("robustness.scenario.flips_by_group")} == {"not_tested"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"incom": "+1%"}, "no such input.*'incom'.*income"),
        ({"income": "up"}, 'the input is a number.*"\\+10%"'),
        ({"job": "+10%"}, "only a number moves by an amount"),
        ({"job": "nurs"}, "no such value.*'nurs'.*nurse"),
    ],
)
def test_what_a_scenario_may_not_say(change: dict, message: str) -> None:
    import lightgbm as lgb

    inputs = ["income", "job"]
    model = lgb.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(ROWS[inputs], ROWS["bad"])
    with pytest.raises(PlanError, match=message):
        Asked(model, ROWS, inputs, scenarios=[{"name": "s", "changes": change}], **PLAN)


def test_names_of_scenarios_differ() -> None:
    one = {"name": "s", "changes": {"a": 1}}
    with pytest.raises(PlanError, match="two scenarios have one name"):
        plan_from({"scenarios": [one, one]})


def test_a_category_takes_its_value() -> None:
    import lightgbm as lgb

    inputs = ["income", "job"]
    model = lgb.LGBMClassifier(n_estimators=9, verbose=-1, n_jobs=1).fit(ROWS[inputs], ROWS["bad"])
    asked = Asked(model, ROWS, inputs, scenarios=[{"name": "s", "changes": {"job": "cook"}}], **PLAN)
    all_cooks = ROWS[inputs].assign(job=pd.Categorical(["cook"] * len(ROWS), dtype=ROWS["job"].dtype))
    after, before = (model.predict_proba(rows)[:, 1] for rows in (all_cooks, ROWS[inputs]))
    assert asked.value("scenario.score_shift", scenario="s") == pytest.approx((after - before).mean(), rel=1e-9)


def test_rows_of_weight_zero_do_not_count(model: LogisticRegression) -> None:
    rows = ROWS.assign(w=(np.arange(len(ROWS)) % 2).astype(float))
    data = {"target": "bad", "sensitive": ["sex"], "weight": {"column": "w", "kind": "frequency"}}
    scenarios = [{"name": "s", "changes": {"debt": "+1sd"}}]
    weighted = Asked(model, rows, NUMBERS, scenarios=scenarios, **(PLAN | {"data": data}))
    changed = ROWS[NUMBERS].assign(debt=ROWS["debt"] + ROWS["debt"].std())
    after, before = (model.predict_proba(frame)[:, 1] for frame in (changed, ROWS[NUMBERS]))
    flips = ((after >= 0.5) != (before >= 0.5))[1::2]
    figure = weighted.figure("scenario.flips", scenario="s")
    assert (figure.value, figure.n, figure.events) == (pytest.approx(flips.mean()), len(ROWS) // 2, flips.sum())
    assert weighted.figure("scenario.score_shift", scenario="s").n == len(ROWS) // 2
