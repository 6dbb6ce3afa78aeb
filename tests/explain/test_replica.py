"""Replicas answer as the model itself, to the last bit, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline

from explainkit.errors import ModelError
from explainkit.explain import replica as made_of
from explainkit.explain.draws import draw
from explainkit.explain.replica import Replica, replica_of
from explainkit.explain.shapley import attribute
from explainkit.explain.strategy import after_trial
from explainkit.explain.summary import explain
from explainkit.explain.task import Task
from explainkit.load.steady import one_order
from explainkit.plan import ExplainPlan
from tests.assess.builders import dataset, subject_of
from tests.explain.doors import Door, outcomes, preparation, sklearn_door, table

ROWS = table(1200)
QUICK = ExplainPlan(lime_samples=200, local=2, rows=300)


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers alone, as LightGBM takes them."""
    return rows[["age", "amount", "rate", "owner"]].astype(float)


def boosted(task: str, rows: pd.DataFrame, **given: Any) -> Door:
    """LightGBM behind its door."""
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(n_estimators=12, num_leaves=40, min_child_samples=5, n_jobs=1, verbose=-1, **given)
    model.fit(rows, outcomes(ROWS, task))
    return sklearn_door(model)


def task_of(door: Door, rows: pd.DataFrame, *, seen: pd.DataFrame | None = None, **given: Any) -> Task:
    return Task.of(subject(door, rows, seen=seen, **given), QUICK)


def subject(door: Door, rows: pd.DataFrame, *, seen: pd.DataFrame | None = None, **given: Any) -> Any:
    """A subject whose scores are the door's answers to some rows."""
    with one_order():
        scores = door.predict(rows if seen is None else seen)
    if door.task == "binary":
        given.setdefault("positive", "1")
        scores = scores[:, 0 if given["positive"] == "0" else 1]
    if door.task == "regression":
        scores = scores[:, 0]
    classes = {} if door.classes is None else {"classes": tuple(map(str, door.classes))}
    return subject_of(
        scores,
        labels=np.arange(len(rows)) % 2 if door.task == "binary" else None,
        task=door.task,
        model=door,
        evaluation=dataset(rows),
        reference=dataset(rows.iloc[:200], "reference"),
        features=tuple(rows.columns),
        threshold=">=0.5" if door.task == "binary" else None,
        **classes,
        **given,
    )


def made_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Each column from other rows."""
    rng = np.random.default_rng(5)
    return pd.DataFrame({name: rows[name].array.take(rng.permutation(len(rows))) for name in rows})


@pytest.mark.parametrize("positive", ["0", "1"])
def test_two_classes(positive: str) -> None:
    rows = numbers(ROWS)
    answers(boosted("binary", rows), rows, positive=positive)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(task: str) -> None:
    rows = numbers(ROWS)
    answers(boosted(task, rows), rows)


def test_categories_of_the_model() -> None:
    rows = ROWS.assign(purpose=ROWS["purpose"].astype("category"))
    answers(boosted("binary", rows), rows, plain=False)


def test_a_pipeline_before_the_trees() -> None:
    model = make_pipeline(preparation(dense=True), HistGradientBoostingClassifier(max_iter=12, random_state=0))
    model.fit(ROWS, outcomes(ROWS, "binary"))
    answers(sklearn_door(model), ROWS, plain=False)


def answers(door: Door, rows: pd.DataFrame, *, plain: bool = True, **given: Any) -> None:
    """The replica answers every made-up row as the model does, without asking it."""
    found = replica_of(task_of(door, rows, **given))
    assert found is not None
    assert found.seen.plain == plain
    some = made_up(rows)
    own = door.predict(some)
    asked = len(door.calls)
    assert found.predict(some).tobytes() == own.tobytes()
    assert len(door.calls) == asked
    assert (found.task, found.classes, found.native) == (door.task, door.classes, door.native)


def test_rows_of_another_kind_are_put_to_the_model() -> None:
    rows = numbers(ROWS)
    door = boosted("binary", rows)
    found = replica_of(task_of(door, rows))
    assert found is not None
    for column, value, known in (("age", np.nan, False), ("rate", np.inf, False), ("rate", np.nan, True)):
        some = rows.iloc[:5].copy()
        some.loc[2, column] = value
        asked = len(door.calls)
        assert (found.scores(some) is not None) == known
        assert found.predict(some).tobytes() == door.predict(some).tobytes()
        assert len(door.calls) - asked == (1 if known else 2)


def test_models_that_cannot_be_equalled_have_none() -> None:
    rows = numbers(ROWS)
    assert replica_of(task_of(boosted("binary", rows), rows.iloc[:999])) is None  # too few rows
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(rows.fillna(0), outcomes(ROWS, "binary"))
    assert replica_of(task_of(sklearn_door(forest), rows.fillna(0))) is None  # it adds otherwise
    assert replica_of(task_of(boosted("binary", rows, objective="cross_entropy"), rows)) is not None
    assert replica_of(task_of(boosted("binary", rows, sigmoid=2.0), rows)) is None  # another link
    assert replica_of(task_of(Door(None, lambda some: some["rate"] > 0, task="binary"), rows)) is None
    with_infinite = rows.copy()
    with_infinite.loc[3, "age"] = np.inf
    assert replica_of(task_of(boosted("binary", rows), with_infinite)) is None


def test_one_bit_of_one_answer_is_enough_to_have_none() -> None:
    rows = numbers(ROWS)
    task = task_of(boosted("binary", rows), rows)
    scores = task.subject.rows.scores.copy()
    assert replica_of(task) is not None
    scores[1100] = np.nextafter(scores[1100], 1.0)
    other = replace(task.subject, rows=replace(task.subject.rows, scores=scores))
    assert replica_of(replace(task, subject=other)) is None


def test_of_many_rows_some_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = numbers(ROWS)
    monkeypatch.setattr(made_of, "MOST_ROWS", 1100)
    monkeypatch.setattr(made_of, "BATCH_ROWS", 300)
    task = task_of(boosted("binary", rows), rows)
    found = replica_of(task)
    assert found is not None
    assert (found.seen.count, found.seen.of, found.seen.missing.tolist()) == (1100, 1200, [False, False, True, False])
    drawn = draw(len(rows), 1100, QUICK.seed, 42)
    for place in (drawn[0], drawn[299], drawn[300], drawn[-1]):
        scores = task.subject.rows.scores.copy()
        scores[place] = np.nextafter(scores[place], 1.0)
        other = replace(task.subject, rows=replace(task.subject.rows, scores=scores))
        assert replica_of(replace(task, subject=other)) is None


def test_a_model_that_answers_otherwise_where_there_is_no_data_has_none() -> None:
    rows = numbers(ROWS)
    door = boosted("binary", rows)
    told, known = door._answer, set(rows["amount"] + 1e6 * rows["age"])

    def scaffolded(some: pd.DataFrame) -> Any:
        real = (some["amount"] + 1e6 * some["age"]).isin(known).to_numpy()
        return np.where(real[:, None], told(some), 0.5)

    door._answer = scaffolded
    task = task_of(door, rows)
    assert (task.subject.rows.scores == told(rows)[:, 1]).all()
    assert replica_of(task) is None


def test_a_model_that_answers_differently_every_time_has_none() -> None:
    rows = numbers(ROWS)
    door = boosted("binary", rows)
    told = door._answer
    door._answer = lambda some: np.clip(told(some) + 1e-3 * len(door.calls), 0, 1)
    assert replica_of(task_of(door, rows)) is None


@pytest.mark.parametrize("output", ["margin", "rescaled", "probability"])
def test_all_figures_are_those_of_the_model_itself(output: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = numbers(ROWS)
    plan = QUICK.model_copy(update={"output": output})
    door = boosted("binary", rows)
    what = subject(door, rows, favourable="1")
    before = sum(door.calls)
    quick = explain(what, plan)
    some = sum(door.calls) - before
    monkeypatch.setattr(made_of, "FEWEST_ROWS", 10**9)
    slow = explain(what, plan)
    every = sum(door.calls) - before - some
    assert quick.measured.figures == slow.measured.figures
    assert quick.measured.series == slow.measured.series
    assert quick.cases == slow.cases
    assert some < every / 15
    only = [entry for entry in quick.measured.ledger if entry not in slow.measured.ledger]
    assert [(e.kind, e.what) for e in only] == [("assumed", "the model's answers to made-up rows")]
    assert "1200 of 1200 evaluation rows and to 1000 whose" in only[0].reason
    assert len(quick.measured.ledger) == len(slow.measured.ledger) + 1


def test_a_model_that_refuses_shuffled_rows_has_none() -> None:
    rows = numbers(ROWS)
    door = boosted("binary", rows)
    task = task_of(door, rows)

    def refuse(some: pd.DataFrame) -> Any:
        raise ModelError("the model raised while predicting", found="ValueError: no")

    door._answer = refuse
    assert replica_of(task) is None


def test_other_scores_than_those_that_were_explained_are_not_added_up() -> None:
    rows = numbers(ROWS)
    door = boosted("binary", rows)
    task = task_of(door, rows)
    found = replica_of(task)
    strategy = after_trial(task.trial, output="margin")
    some = rows.iloc[:50]
    explanation = attribute(strategy, door, some, task.background, task.target, 0)
    assert found is not None
    assert found.explained(explanation, strategy, task.target, some) is found
    other = replace(explanation, predictions=np.nextafter(explanation.predictions, 9.0))
    assert found.explained(other, strategy, task.target, some) is None


def test_the_independent_check_asks_the_model_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = numbers(ROWS)
    what = subject(boosted("binary", rows), rows, favourable="1")
    right = value(explain(what, QUICK), "explanation.reliability.difference")
    assert right < 1e-9
    scores = Replica.scores
    monkeypatch.setattr(Replica, "scores", lambda self, some: None if (s := scores(self, some)) is None else s + 0.1)
    assert value(explain(what, QUICK), "explanation.reliability.difference") == right


def value(explained: Any, name: str) -> float:
    found: float = next(f.value for f in explained.measured.figures if f.id == name)
    return found
