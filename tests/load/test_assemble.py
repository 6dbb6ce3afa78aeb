"""Model, data and plan are checked against each other before anything is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from explainkit.errors import DataError, InputError
from explainkit.load.assemble import assemble, load_subject
from explainkit.load.models.function import adapt_function
from explainkit.load.open_model import adapt_any, adapt_object
from explainkit.load.subject import Subject
from explainkit.load.tables import read_frame
from explainkit.plan import plan_from

ROWS = 200


def frame(**changes: Any) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"income": rng.normal(size=ROWS), "debt": rng.normal(size=ROWS)})
    data["bad"] = (data["debt"] - data["income"] + rng.normal(size=ROWS) > 0).astype(int)
    data["region"] = rng.choice(["north", "south"], ROWS)
    data["id"] = np.arange(ROWS) + 1000
    return data.assign(**changes)


@pytest.fixture(scope="module")
def model() -> Any:
    data = frame()
    return adapt_object(LogisticRegression().fit(data[["income", "debt"]], data["bad"]))


PLAN: dict[str, Any] = {
    "model": {"positive": 1, "threshold": ">=0.5"},
    "data": {"target": "bad", "sensitive": ["region"], "id": "id"},
    "fairness": {"favourable": 0},
}


def plan(**tables: dict[str, Any]) -> Any:
    document = {k: dict(v) for k, v in PLAN.items()}
    for table, values in tables.items():
        document.setdefault(table, {}).update(values)
    return plan_from({t: {k: v for k, v in d.items() if v is not None} for t, d in document.items()})


def build(door: Any, rows: pd.DataFrame, /, reference: pd.DataFrame | None = None, **tables: dict[str, Any]) -> Subject:
    evaluation, _ = read_frame(rows, role="evaluation")
    background = None if reference is None else read_frame(reference, role="reference")[0]
    return assemble(plan(**tables), model=door, evaluation=evaluation, reference=background)


def test_scores_labels_and_roles(model: Any) -> None:
    data = frame()
    subject = build(model, data)
    np.testing.assert_array_equal(subject.rows.scores, model.native.predict_proba(data[["income", "debt"]])[:, 1])
    np.testing.assert_array_equal(subject.rows.labels, data["bad"])
    assert subject.features == ("income", "debt")
    assert {c.name: c.roles for c in subject.columns} == {
        "income": ("feature",),
        "debt": ("feature",),
        "bad": ("target",),
        "region": ("sensitive",),
        "id": ("id",),
    }
    assert subject.decisions is not None
    np.testing.assert_array_equal(subject.decisions, subject.rows.scores >= 0.5)
    assert not subject.rows.scores.flags.writeable


def test_the_other_class_may_be_positive(model: Any) -> None:
    one, other = build(model, frame()), build(model, frame(), model={"positive": 0})
    np.testing.assert_allclose(one.rows.scores + other.rows.scores, 1.0)
    np.testing.assert_array_equal(one.rows.labels + other.rows.labels, 1.0)


def test_positive_class_of_the_model_is_said(model: Any) -> None:
    subject = build(model, frame(), model={"positive": None})
    assert subject.positive == "1"
    assert [e.kind for e in subject.ledger] == ["assumed"]


def test_rows_without_outcome_are_kept(model: Any) -> None:
    data = frame()
    data["bad"] = data["bad"].astype(float)
    data.loc[:9, "bad"] = np.nan
    subject = build(model, data)
    assert subject.rows.count == ROWS
    assert np.isnan(subject.rows.labels).sum() == 10


def test_labels_as_words_and_flags(model: Any) -> None:
    data = frame()
    words = LogisticRegression().fit(data[["income", "debt"]], data["bad"].map({0: "good", 1: "bad"}))
    subject = build(
        adapt_object(words),
        data.assign(bad=data["bad"].map({0: "good", 1: "bad"})),
        model={"positive": "bad"},
        fairness={"favourable": "good"},
    )
    np.testing.assert_array_equal(subject.rows.labels, data["bad"])
    flags = LogisticRegression().fit(data[["income", "debt"]], data["bad"] == 1)
    subject = build(
        adapt_object(flags),
        data.assign(bad=data["bad"] == 1),
        model={"positive": True},
        fairness={"favourable": False},
    )
    np.testing.assert_array_equal(subject.rows.labels, data["bad"])


def test_unused_columns_are_said(model: Any) -> None:
    subject = build(model, frame(note="x", other=1))
    assert [(e.kind, e.what, e.count) for e in subject.ledger] == [("dropped", "columns note, other", 2)]


def test_ends_of_intervals_are_no_inputs() -> None:
    door = adapt_any(lambda rows: rows["income"].to_numpy(), task="regression")
    given: dict[str, Any] = {
        "model": {"positive": None, "threshold": None},
        "fairness": {"favourable": None},
        "data": {"target": "debt"},
        "performance": {"interval": {"low": "lo", "high": "hi", "level": 0.9}},
    }
    subject = build(door, frame(lo=-1.0, hi=1.0), **given)
    assert subject.features == ("income", "bad")
    assert {c.name: c.roles for c in subject.columns if c.name in ("lo", "hi")} == {
        "lo": ("interval",),
        "hi": ("interval",),
    }
    with pytest.raises(DataError, match=r"performance\.interval\.high: no such column.*'hi'.*did you mean"):
        build(door, frame(lo=-1.0, hii=1.0), **given)


def test_a_threshold_belongs_to_a_binary_model() -> None:
    data = frame()
    linear = adapt_object(LinearRegression().fit(data[["income", "debt"]], data["bad"]))
    for key, value in (("threshold", ">=0.5"), ("positive", "1")):
        with pytest.raises(InputError, match=f"model.{key}: a regression model has none"):
            build(linear, data, model={"threshold": None, "positive": None, key: value})


def test_predictions_only_never_guess_the_direction() -> None:
    data = frame(score=np.linspace(0, 1, ROWS))
    subject = build(None, data, data={"score": "score"})
    assert subject.model is None
    np.testing.assert_array_equal(subject.rows.scores, data["score"])
    np.testing.assert_array_equal(subject.rows.labels, data["bad"])
    open_direction = build(None, data, data={"score": "score"}, model={"positive": None})
    assert open_direction.positive is None
    assert open_direction.rows.labels is None


def test_a_function_answers_for_the_stated_class() -> None:
    function = adapt_function(
        lambda rows: 1 / (1 + np.exp(-rows["debt"])), task="binary", classes=None, features=("debt",)
    )
    subject = build(function, frame())
    np.testing.assert_allclose(subject.rows.scores, 1 / (1 + np.exp(-frame()["debt"])))
    assert subject.model is not None
    assert subject.model.predict(frame()[["debt"]]).shape == (ROWS, 2)


def test_batches_agree_with_one_pass(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build(model, frame()).rows.scores
    original = type(read_frame(frame(), role="evaluation")[0]).batches
    monkeypatch.setattr(
        "explainkit.load.subject.Dataset.batches", lambda self, columns: original(self, columns, size=7)
    )
    # A matrix product may round the last bit differently for blocks of another size.
    np.testing.assert_allclose(build(model, frame()).rows.scores, whole, rtol=1e-13)


PROXIES: dict[str, Any] = {"proxies": {"race": {"columns": {"white": "p", "black": "q"}, "reference": "white"}}}


@pytest.mark.parametrize(
    ("changes", "tables", "words"),
    [
        ({}, {"data": {"target": "bda"}}, "data.target: no such column in the data; found 'bda'; remedy: did you mean"),
        ({}, {"data": {"sensitive": ["regoin"]}}, "did you mean 'region'"),
        ({}, {"features": {"incme": {"available": "application"}}}, "did you mean 'income'"),
        ({"bad": 1}, {}, "one class only"),
        ({"bad": None}, {}, "the target has no value"),
        ({"bad": "maybe"}, {}, "labels that the model does not know; found 'maybe'"),
        ({"income": np.nan}, {}, "an input of the model has no value at all"),
        ({"id": 7}, {}, "ids repeat or are missing; found 199 rows, the first at position 2"),
        ({"region": [f"r{i}" for i in range(ROWS)]}, {}, "too many groups"),
        ({}, {"model": {"positive": 2}}, "model.positive: no such class; found '2'; allowed: '0', '1'"),
        ({}, {"fairness": {"favourable": "yes"}}, "fairness.favourable: no such class"),
        ({}, {"fairness": {"reference": {"sex": "m"}}}, "fairness.reference.sex: not a sensitive column"),
        ({}, {"model": {"task": "regression"}}, "the model does something else"),
        ({"w": -1.0}, {"data": {"weight": {"column": "w", "kind": "sampling"}}}, "missing, negative or infinite"),
        ({"w": 0.0}, {"data": {"weight": {"column": "w", "kind": "sampling"}}}, "all weights are zero"),
        (
            {"w": 1e60},
            {"data": {"weight": {"column": "w", "kind": "sampling"}}},
            "too large or too small to be squared",
        ),
        ({"h": None}, {"data": {"cluster": "h"}}, "cluster column h: rows without a cluster; found 200 of 200 rows"),
        ({"h": "a"}, {"data": {"cluster": "h"}}, "cluster column h: all rows are of one cluster"),
        ({}, {"data": {"cluster": "househould"}}, "data.cluster: no such column"),
        (
            {"p": 0.5, "q": 0.6},
            PROXIES,
            "proxies.race: the probabilities of one row add up to more than one",
        ),
        ({"p": 0.5, "q": -0.1}, PROXIES, "column q: no probabilities; found 200 of 200 rows"),
        ({"p": 0.5, "q": "x"}, PROXIES, "column q: probabilities are numbers; found a column of kind text"),
        ({"p": 0.5}, PROXIES, "proxies.race.columns: no such column in the data; found 'q'"),
        ({}, {"decisions": {"column": "grantd", "favourable": 1}}, "decisions.column: no such column"),
        ({"g": "no"}, {"decisions": {"column": "g", "favourable": "yes"}}, "decisions.favourable: no such decision"),
        (
            {"g": ["yes", "no", "later", None] * (ROWS // 4)},
            {"decisions": {"column": "g", "favourable": "yes"}},
            "a decision is favourable or not; found 3 values: 'later', 'no', 'yes'",
        ),
        ({"income": "low"}, {}, "the model raised while predicting"),
        ({}, {"model": {"threshold": ">=50"}}, "outside the probabilities that the model answers; found >=50"),
        ({}, {"data": {"score": "bad"}}, "data.score: the target cannot be the score"),
    ],
)
def test_what_does_not_fit_is_named(model: Any, changes: dict[str, Any], tables: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        build(model, frame(**changes), **tables)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_clusters_are_numbered_and_the_column_is_no_input(model: Any) -> None:
    subject = build(model, frame(household=[f"h{i // 2}" for i in range(ROWS)]), data={"cluster": "household"})
    assert subject.rows.clusters is not None
    assert subject.rows.clusters.tolist() == [i // 2 for i in range(ROWS)]
    assert subject.rows.cluster_column == "household"
    assert "household" not in subject.features
    (column,) = [c for c in subject.columns if c.name == "household"]
    assert column.roles == ("cluster",)


def test_decisions_made_are_favourable_or_not_or_unknown(model: Any) -> None:
    made = ["yes", "no", None, "yes"] * (ROWS // 4)
    subject = build(model, frame(granted=made), decisions={"column": "granted", "favourable": "yes"})
    assert subject.rows.actual is not None
    assert subject.rows.actual[:4].tolist() == pytest.approx([1.0, 0.0, np.nan, 1.0], nan_ok=True)
    assert "granted" not in subject.features


def test_groups_known_by_probabilities(model: Any) -> None:
    subject = build(model, frame(p=0.25, q=[None, 0.5] * (ROWS // 2)), **PROXIES)
    (column,) = subject.rows.proxies
    assert (column.name, column.levels, column.reference) == ("race", ("white", "black"), "white")
    assert column.chances[:2].ravel().tolist() == pytest.approx([0.25, np.nan, 0.25, 0.5], nan_ok=True)
    assert not {"p", "q"} & set(subject.features)
    assert [c.roles for c in subject.columns if c.name in ("p", "q")] == [("proxy",), ("proxy",)]


def test_missing_inputs(model: Any) -> None:
    with pytest.raises(InputError, match="column debt: the data lacks inputs of the model; found 1 of 2"):
        build(model, frame().drop(columns="debt"))
    with pytest.raises(InputError, match="the reference data lacks inputs"):
        build(model, frame(), reference=frame().drop(columns="income"))
    with pytest.raises(InputError, match="the target is an input of the model"):
        build(model, frame(), data={"target": "debt", "sensitive": None})


@pytest.mark.parametrize(("value", "words"), [(np.nan, "missing or infinite"), (np.inf, "missing or infinite")])
def test_scores_that_are_no_numbers(value: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        build(None, frame(score=[0.5] * (ROWS - 1) + [value]), data={"score": "score"})
    with pytest.raises(InputError, match="scores are numbers"):
        build(None, frame(score="high"), data={"score": "score"})
    with pytest.raises(InputError, match="neither a model nor scores"):
        build(None, frame())


def test_models_without_names_take_columns_in_order() -> None:
    data = frame()
    bare = adapt_object(LogisticRegression().fit(data[["income", "debt"]].to_numpy(), data["bad"]))
    assert build(bare, data).features == ("income", "debt")
    with pytest.raises(InputError, match="their number does not fit; found 3 columns"):
        build(bare, data.assign(extra=1))
    assert build(bare, data.assign(extra=1), data={"features": ["income", "debt"]}).features == ("income", "debt")


def test_files(tmp_path: Path, model: Any) -> None:
    data = frame(score=np.linspace(0, 1, ROWS))
    data.to_csv(tmp_path / "rows.csv", index=False)
    subject = load_subject(plan(data={"evaluation": "rows.csv", "score": "score"}), base=tmp_path)
    np.testing.assert_allclose(subject.rows.scores, data["score"], rtol=0, atol=1e-15)
    with pytest.raises(InputError, match="no data to audit"):
        load_subject(plan(), base=tmp_path)
