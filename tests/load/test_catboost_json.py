"""CatBoost's JSON: as its cbm, and checked before CatBoost follows numbers that lead nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest

from explainkit.errors import ModelError
from explainkit.explain.inside import Inside, look_inside
from explainkit.load.open_model import open_model

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
LABELS = (ROWS["a"] + ROWS["b"] > 0).to_numpy().astype(int)


def fitted(kind: str) -> tuple[Any, pd.DataFrame]:
    options: dict[str, Any] = {"iterations": 4, "depth": 2, "verbose": False, "allow_writing_files": False}
    if kind == "numbers":
        return catboost.CatBoostRegressor(**options).fit(ROWS, ROWS["a"] * ROWS["b"]), ROWS
    if kind == "categories":
        frame = ROWS.assign(d=np.random.default_rng(0).choice(["x", "y", "z"], len(ROWS)))
        return catboost.CatBoostClassifier(**options, cat_features=["d"], one_hot_max_size=1).fit(frame, LABELS), frame
    if kind == "three classes":
        return catboost.CatBoostClassifier(**options).fit(ROWS, pd.qcut(ROWS["a"], 3, labels=False)), ROWS
    policy = {"free": {"grow_policy": "Lossguide"}}.get(kind, {})
    return catboost.CatBoostClassifier(**options, **policy).fit(ROWS, LABELS), ROWS


@pytest.mark.parametrize("kind", ["classes", "numbers", "three classes", "categories", "free"])
def test_it_answers_and_is_read_as_the_same_model_in_cbm(kind: str, tmp_path: Path) -> None:
    model, frame = fitted(kind)
    model.save_model(str(tmp_path / "one"), format="json")
    model.save_model(str(tmp_path / "other"), format="cbm")
    one, other = open_model(tmp_path / "one"), open_model(tmp_path / "other")
    assert (one.task, one.classes, one.features) == (other.task, other.classes, other.features)
    answers = [adapter.predict(adapter.adapt(frame)[0]) for adapter in (one, other)]
    np.testing.assert_allclose(answers[0], answers[1], rtol=0, atol=1e-12)
    read = [look_inside(adapter.native, frame.iloc[:3]) for adapter in (one, other)]
    assert all(isinstance(r, Inside) for r in read)
    if kind != "categories":
        np.testing.assert_array_equal(read[0].ensemble.threshold, read[1].ensemble.threshold)  # type: ignore[union-attr]


def first(model: dict[str, Any]) -> dict[str, Any]:
    return model["oblivious_trees"][0]


SPOILED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    # CatBoost 1.2.10 is ended by the first two; the next two make it read memory that is not its own.
    "a split that is not there": (lambda m: first(m)["splits"][0].update(split_index=10**6), "has number 1000000 of"),
    "a tree too deep": (lambda m: first(m).update(splits=first(m)["splits"] * 20), "levels"),
    "leaves cut off": (lambda m: first(m)["leaf_values"].pop(), "not the leaves that its splits make"),
    "no leaf": (lambda m: first(m).update(leaf_values=[]), "not the leaves that its splits make"),
    "weights cut off": (lambda m: first(m)["leaf_weights"].pop(), "not the leaves that its splits make"),
    "a split below all": (lambda m: first(m)["splits"][0].update(split_index=-1), "has number -1 of"),
    "another border than its number": (lambda m: first(m)["splits"][0].update(border=9.0), "another column or border"),
    "another column than its number": (
        lambda m: first(m)["splits"][0].update(float_feature_index=99),
        "another column or border",
    ),
    "a column far away": (
        lambda m: m["features_info"]["float_features"][0].update(flat_feature_index=10**9),
        "places of their own",
    ),
    "one column twice": (
        lambda m: m["features_info"]["float_features"][0].update(flat_feature_index=1),
        "places of their own",
    ),
    "a text for a value": (lambda m: first(m)["leaf_values"].__setitem__(0, "x"), "'x' is no number"),
    "an infinite value": (lambda m: first(m)["leaf_values"].__setitem__(0, 1e999), "inf is no number"),
    "no trees": (lambda m: m.update(oblivious_trees=[]), "has no trees"),
    "no columns": (lambda m: m.pop("features_info"), "KeyError"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_leads_nowhere_is_refused_before_catboost_sees_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil, found = SPOILED[name]
    path = tmp_path / "model"
    fitted("classes")[0].save_model(str(path), format="json")
    model = json.loads(path.read_text())
    spoil(model)
    path.write_text(json.dumps(model))
    monkeypatch.setattr(catboost.CatBoost, "load_model", None)
    with pytest.raises(ModelError, match="cannot be walked|cut short or damaged") as raised:
        open_model(path)
    assert found in str(raised.value)


def test_a_name_twice_and_a_cut_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    fitted("classes")[0].save_model(str(path), format="json")
    text = path.read_text()
    for spoiled in (text[: len(text) // 2], text.rstrip()[:-1] + ', "scale_and_bias": [1, [0]]}'):
        path.write_text(spoiled)
        with pytest.raises(ModelError, match="cut short or damaged"):
            open_model(path)
