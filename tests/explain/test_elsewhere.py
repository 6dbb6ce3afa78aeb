"""A model in a process of its own answers, casts and is explained bit for bit as in this process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import catboost
import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from explainkit.artifact import sha256_file
from explainkit.errors import ModelError
from explainkit.explain.attribution import attributed, attributor, matrix
from explainkit.explain.elsewhere import NODES, told_of
from explainkit.explain.inside import Inside, Opaque, coefficients, dense, look_inside
from explainkit.explain.margins import margin, space_of, tolerance
from explainkit.explain.server import _arrays
from explainkit.explain.strategy import refusals
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.load.confined.client import Confined
from explainkit.load.confined.frames import Message
from explainkit.load.confined.opening import open_confined
from explainkit.load.open_model import adapt_object, open_model
from explainkit.load.steady import one_order

NUMBERS = ["a", "b"]


def rows(count: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=count), "b": rng.integers(0, 9, count)})
    frame["c"] = rng.choice(["x", "y", "z"], count)
    frame.loc[::17, "a"] = np.nan
    return frame


def outcome(frame: pd.DataFrame, classes: int = 2) -> np.ndarray:
    score = frame["a"].fillna(0) + (frame["c"] == "x") + frame["b"] / 9
    return pd.qcut(score, classes, labels=False).to_numpy()


def saved(folder: Path, kind: str) -> tuple[Path, pd.DataFrame]:
    """A model of a kind as a file, and rows that it takes."""
    frame, path = rows(), folder / "model"
    full, labels = frame[NUMBERS].fillna(0.0), outcome(frame)
    if kind == "lightgbm":
        typed = frame.assign(c=frame["c"].astype("category"))
        model = lightgbm.LGBMClassifier(n_estimators=9, verbose=-1, n_jobs=1, min_child_samples=5).fit(typed, labels)
        model.booster_.save_model(path)
        return path, frame
    if kind == "xgboost":
        typed = frame.assign(c=frame["c"].astype("category"))
        model = xgboost.XGBClassifier(n_estimators=7, n_jobs=1, enable_categorical=True).fit(typed, outcome(frame, 3))
        model.save_model(folder / "model.ubj")
        return folder / "model.ubj", frame
    if kind == "catboost":
        model = catboost.CatBoostClassifier(iterations=7, depth=3, verbose=False, allow_writing_files=False)
        model.fit(frame, labels, cat_features=["c"]).save_model(str(path))
        return path, frame.assign(c=frame["c"].where(frame["b"] > 0))
    if kind == "catboost of numbers":
        model = catboost.CatBoostRegressor(iterations=7, depth=3, verbose=False, allow_writing_files=False)
        model.fit(frame[NUMBERS], labels).save_model(str(path))
        return path, frame[NUMBERS]
    made = {
        "forest": lambda: RandomForestClassifier(9, random_state=0).fit(frame[NUMBERS], outcome(frame, 3)),
        "boosting": lambda: GradientBoostingRegressor(n_estimators=7).fit(full, labels),
        "hist": lambda: HistGradientBoostingClassifier(max_iter=7, categorical_features=["b"]).fit(
            frame[NUMBERS], labels
        ),
        "linear": lambda: make_pipeline(
            make_column_transformer((OneHotEncoder(), ["c"]), (StandardScaler(), ["b"])), LogisticRegression()
        ).fit(frame, labels),
        "nameless": lambda: LogisticRegression().fit(full.to_numpy(), labels),
        "neighbours": lambda: KNeighborsClassifier().fit(full, labels),
    }[kind]()
    if kind in ("hist", "neighbours"):
        joblib.dump(made, path)
    else:
        skops.io.dump(made, path)
    return path, full if kind in ("boosting", "nameless", "neighbours") else frame if kind == "linear" else frame[
        NUMBERS
    ]


KINDS = [
    *("lightgbm", "xgboost", "catboost", "catboost of numbers"),
    *("forest", "boosting", "hist", "linear", "nameless", "neighbours"),
]


def same(one: Any, other: Any) -> None:
    np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_as_in_this_process(kind: str, tmp_path: Path) -> None:
    path, frame = saved(tmp_path, kind)
    trust = ["sha256:" + sha256_file(path)]
    here, there = open_model(path, trust=trust), open_confined(path, trust=trust)
    for name in ("identity", "task", "classes", "features"):
        assert getattr(there, name) == getattr(here, name), name
    assert [type(c) for c in there.classes or ()] == [type(c) for c in here.classes or ()]
    assert getattr(there.native, "n_features_in_", None) == getattr(here.native, "n_features_in_", None)
    adapted, ledger = here.adapt(frame)
    found, told = there.adapt(frame)
    assert told == ledger
    pd.testing.assert_frame_equal(found, adapted)
    with one_order():
        same(there.predict(found), here.predict(adapted))
        inside_alike(look_inside(there.native, found), look_inside(here.native, adapted), found)


def inside_alike(there: Inside | Opaque, here: Inside | Opaque, frame: pd.DataFrame) -> None:
    if isinstance(here, Opaque) or isinstance(there, Opaque):
        assert there == here
        return
    for name in ("kind", "family", "name", "bare", "averages", "refusal", "sources", "rising", "players", "one_to_one"):
        assert getattr(there, name) == getattr(here, name), name
    assert tolerance(there) == tolerance(here)
    assert space_of(there, "binary") == space_of(here, "binary")
    prepared, known = there.prepare(frame), here.prepare(frame)
    same(margin(there, prepared), margin(here, known))
    if here.kind == "linear":
        for one, other in zip(coefficients(there.estimator), coefficients(here.estimator), strict=True):
            same(one, other)
        same(dense(prepared), dense(known))
    assert (there.ensemble is None) == (here.ensemble is None)
    if here.ensemble is not None and there.ensemble is not None:
        for field in dataclasses.fields(Ensemble):
            one, other = getattr(there.ensemble, field.name), getattr(here.ensemble, field.name)
            pairs = zip(one, other, strict=True) if field.name == "sets" else [(one, other)]
            for pair in pairs:
                same(*pair)
        same(matrix(there, there.ensemble, frame), matrix(here, here.ensemble, frame))
    for inside in (there, here):
        assert ValueError in refusals(inside)
    one, other = (
        attributed(inside, attributor(inside, frame, kind="path-dependent", rows=len(frame), seed=0), frame)
        for inside in (there, here)
    )
    same(one[0].values, other[0].values)
    same(one[0].base, other[0].base)
    same(one[1], other[1])


@pytest.mark.slow
def test_errors_are_as_in_this_process(tmp_path: Path) -> None:
    path, frame = saved(tmp_path, "forest")
    wrong = frame.assign(a="text")
    said = []
    for adapter in (open_model(path), open_confined(path)):
        with pytest.raises(ModelError) as refused:
            adapter.predict(wrong)
        said.append(str(refused.value))
    assert said[0] == said[1]
    there = open_confined(path)
    inside = look_inside(there.native, frame)
    assert isinstance(inside, Inside)
    with pytest.raises(refusals(inside)) as raised:
        margin(inside, inside.prepare(wrong))
    assert type(raised.value).__name__ == "ValueError"


class Forger(Confined):
    """Gives an answer that was made up."""

    def __init__(self, head: dict[str, Any], arrays: list[Any]) -> None:
        self.where, self._message = "model", Message(head=head, arrays=tuple(arrays))

    def ask(self, what: str, head: dict[str, Any], arrays: Any = ()) -> Message:
        return self._message


def answer() -> tuple[dict[str, Any], list[Any]]:
    """What the process says of a forest with a categorical test."""
    frame = rows()[NUMBERS]
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features=["b"]).fit(frame, outcome(rows()))
    found = look_inside(adapt_object(model).native, frame)
    assert isinstance(found, Inside)
    assert found.ensemble is not None
    names = ("kind", "family", "name", "bare", "averages", "refusal")
    head = {"opaque": None, **{name: getattr(found, name) for name in names}, "sources": [0, 1], "rising": [True, True]}
    head["ensemble"] = {"columns": 2, "float32": False}
    return head, [np.array(array) for array in _arrays(found.ensemble)]


AT = {"starts": 0, "base": 1, "members": 2, "bounds": 3, **{name: 4 + i for i, name in enumerate(NODES)}}
BEYOND = [
    *[("left", 2**40), ("left", 0), ("left", -2), ("right", 2**40), ("right", 1), ("column", 2), ("column", -1)],
    *[("missing", 3), ("missing", -1), ("categories", 10**6), ("categories", -2), ("values", np.nan)],
    *[("cover", np.inf), ("threshold", np.nan), ("base", np.nan), ("starts", -1), ("starts", 2**40)],
    *[("bounds", 2**40), ("bounds", -1), ("members", -1), ("members", 2**40)],
]


@pytest.mark.parametrize(("name", "value"), BEYOND)
def test_no_index_leaves_its_range(name: str, value: Any) -> None:
    head, arrays = answer()
    assert not isinstance(told_of(Forger(head, arrays), rows()[NUMBERS]), str)
    head, arrays = answer()
    arrays[AT[name]].reshape(-1)[0] = value
    with pytest.raises(ModelError, match="cannot be used"):
        told_of(Forger(head, arrays), rows()[NUMBERS])


def test_every_array_is_of_its_type_and_length() -> None:
    for name, place in AT.items():
        for change in (lambda a: a[:-1], lambda a: a[None], lambda a: a.astype(np.int32)):
            head, arrays = answer()
            arrays[place] = change(arrays[place])
            with pytest.raises(ModelError, match="cannot be used"):
                told_of(Forger(head, arrays), rows()[NUMBERS])
        assert name


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "other"},
        {"kind": "linear"},
        {"family": "other"},
        {"sources": [0, 2]},
        {"sources": [0]},
        {"sources": "ab"},
        {"rising": [True]},
        {"rising": [0, 1]},
        {"refusal": 1},
        {"ensemble": None},
        {"ensemble": {"columns": 3, "float32": False}},
        {"ensemble": {}},
        {"opaque": 1, "kind": 0},
    ],
)
def test_the_rest_is_checked_too(changed: dict[str, Any]) -> None:
    head, arrays = answer()
    head |= changed
    if "opaque" in changed:
        assert told_of(Forger(head, arrays), rows()[NUMBERS]) == "1"
        return
    with pytest.raises(ModelError, match="cannot be used"):
        told_of(Forger(head, arrays), rows()[NUMBERS])
