"""Parts of the explanation beside one another: the same figures, the same error, and never two calls of a function."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import warnings
from functools import partial
from typing import Any

import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from explainkit.errors import ModelError
from explainkit.evidence import Column
from explainkit.explain import summary
from explainkit.explain import together as beside
from explainkit.explain.players import players_of
from explainkit.explain.strategy import Trial, after_trial
from explainkit.explain.summary import explain
from explainkit.explain.target import Target
from explainkit.explain.together import Part, threads_for, together
from explainkit.explanation import Explained
from explainkit.load.subject import Subject
from explainkit.plan import ExplainPlan
from tests.explain.doors import Door, outcomes, sklearn_door
from tests.explain.test_explain_stage import REFERENCE, ROWS, subject

PLAN = ExplainPlan(lime_samples=200, local=3)
ACTIONABLE = tuple(Column(name=name, kind="number", roles=("feature",), actionable=True) for name in ("age", "amount"))


def processors(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(beside, "processors", lambda: count)


def document(explained: Explained) -> str:
    return json.dumps(dataclasses.asdict(explained), sort_keys=True, default=str)


NUMBERS = ["age", "amount", "rate"]


def door_of(task: str = "binary") -> Door:
    model = lightgbm.LGBMClassifier(n_estimators=15, num_leaves=7, verbose=-1)
    return sklearn_door(model.fit(REFERENCE[NUMBERS], outcomes(REFERENCE, task)))


def asked(door: Door, **given: Any) -> Subject:
    return subject(door, frame=ROWS[NUMBERS], reference=REFERENCE[NUMBERS], **given)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_one_thread_and_two_give_the_same(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for count in (1, 2):
        processors(monkeypatch, count)
        decided = {"favourable": "0", "columns": ACTIONABLE} if task == "binary" else {}
        found[count] = document(explain(asked(door_of(task), **decided), PLAN))
    assert found[1] == found[2]


class Alone(Door):
    """A function that keeps something of its own while it answers."""

    def __init__(self, model: Any) -> None:
        super().__init__(None, model.predict_proba, task="binary", classes=(0, 1))
        self.inside, self.most, self._guard = 0, 0, threading.Lock()

    def predict(self, rows: pd.DataFrame) -> Any:
        with self._guard:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.002)
        try:
            return super().predict(rows)
        finally:
            self.inside -= 1


def test_a_function_is_never_called_while_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    processors(monkeypatch, 8)
    door = Alone(door_of().native)
    what = subject(door, frame=ROWS[NUMBERS].iloc[:60], reference=REFERENCE[NUMBERS], favourable="0")
    explain(what, ExplainPlan(lime_samples=100, local=1, rows=10, background=5, output="probability"))
    assert len(door.calls) > 20
    assert door.most == 1


def test_the_model_of_a_library_is_asked_by_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    processors(monkeypatch, 8)
    threads = set[int]()
    door = door_of()
    plain = door.predict

    def noted(rows: pd.DataFrame) -> Any:
        threads.add(threading.get_ident())
        return plain(rows)

    monkeypatch.setattr(door, "predict", noted)
    explain(asked(door, favourable="0"), PLAN)
    assert len(threads - {threading.get_ident()}) == 2


@pytest.mark.parametrize("given", [Ridge(), make_pipeline(StandardScaler(), lightgbm.LGBMRegressor(verbose=-1))])
def test_pipelines_and_models_of_scikit_learn_are_asked_by_one(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    processors(monkeypatch, 8)
    rows = ROWS[NUMBERS].fillna(0.0)
    door = sklearn_door(given.fit(rows, rows["age"]))
    trial = Trial.of(door, rows, players_of(NUMBERS), Target(task="regression", classes=("prediction",), positive=None))
    strategy = after_trial(trial, output="margin")
    assert strategy.inside is not None
    assert threads_for(strategy) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_part_raises_is_raised_as_it_is(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    processors(monkeypatch, count)

    error = ModelError("the model refuses such rows", where="a part", found="ValueError: too old")

    def refuses(*given: Any, **named: Any) -> Any:
        raise error

    monkeypatch.setattr(summary, "gap", refuses)
    with pytest.raises(ModelError) as caught:
        explain(asked(door_of()), PLAN)
    assert str(caught.value) == str(
        ModelError("the model refuses such rows", where="a part", found="ValueError: too old")
    )


def test_parts_run_beside_one_another_and_are_listed_in_their_order() -> None:
    meet = threading.Barrier(2, timeout=20)  # passed by two at a time, or by none

    def after_meeting(k: int) -> int:
        meet.wait()
        return k

    assert together([Part(lambda k=k: after_meeting(k)) for k in range(4)], threads=2) == [0, 1, 2, 3]


@pytest.mark.parametrize("threads", [1, 2])
def test_of_two_errors_the_first_part_s_is_raised(threads: int) -> None:
    failed = threading.Event()

    def slow() -> None:
        if threads > 1:
            assert failed.wait(20)
        raise ModelError("first")

    def quick() -> None:
        failed.set()
        raise ModelError("second")

    with pytest.raises(ModelError, match="first"):
        together([Part(lambda: None), Part(slow), Part(quick)], threads=threads)


def test_a_part_is_worked_on_once_however_many_ask() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        time.sleep(0.01)
        return len(made)

    shared = Part(make)
    assert together([Part(shared) for _ in range(6)], threads=3) == [1] * 6


def test_parts_that_stand_alone_are_worked_on_one_after_the_other() -> None:
    guard, held, most = threading.Lock(), [0], [0]

    def make() -> None:
        with guard:
            held[0] += 1
            most[0] = max(most[0], held[0])
        time.sleep(0.005)
        held[0] -= 1

    together([Part(make, alone=True) for _ in range(6)], threads=3)
    assert most == [1]


def test_settings_of_the_caller_hold_in_every_part() -> None:
    def seen() -> tuple[Any, ...]:
        config = sklearn.get_config()["transform_output"]
        return config, np.geterr()["divide"], joblib.effective_n_jobs(-1)

    with sklearn.config_context(transform_output="pandas"), np.errstate(divide="raise"):
        found = together([Part(seen) for _ in range(4)], threads=2)
    assert found == [("pandas", "raise", 1)] * 4  # one job: trees are added one after the other


def test_filters_of_warnings_are_what_they_were() -> None:
    before = list(warnings.filters)

    def warned() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            time.sleep(0.002)

    together([Part(warned) for _ in range(8)], threads=2)
    assert warnings.filters == before


def test_a_model_is_tried_once_for_all_kinds_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    from explainkit.explain import strategy

    looked: list[Any] = []
    plain = strategy.look_inside

    def noted(*given: Any) -> Any:
        looked.append(given)
        return plain(*given)

    monkeypatch.setattr(strategy, "look_inside", noted)
    explain(asked(door_of(), favourable="0"), PLAN)
    assert len(looked) == 1


def test_what_waits_for_others_comes_after_its_like() -> None:
    begun: list[str] = []
    parts = [Part(partial(begun.append, name), alone=True, waits=name == "waits") for name in ("waits", "a", "b")]
    together(parts, threads=2)
    assert begun == ["a", "b", "waits"]
