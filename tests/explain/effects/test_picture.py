"""The global picture as the stage calls it: figures, series and ledger for every kind of model and data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from explainkit.errors import ModelError
from explainkit.evidence import Measured
from explainkit.explain.effects.exchange import drawn
from explainkit.explain.effects.picture import MOST_CURVES, MOST_PAIRS, MOST_SHUFFLED, global_picture
from explainkit.explain.players import players_of
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.figures import Figure, FigureSet, Series, parse_figure_id
from explainkit.load.steady import one_order
from explainkit.load.subject import Subject
from explainkit.plan import ExplainPlan
from tests.assess.builders import check_sane, dataset, subject_of
from tests.explain.doors import Door, names_of, outcomes, preparation, sklearn_door, table

ROWS = table(160)
FEATURES = tuple(ROWS.columns)


def fitted(estimator: Any, task: str) -> Any:
    reference = table(300, seed=9)
    return make_pipeline(preparation(), estimator).fit(reference, outcomes(reference, task))


def subject(door: Door, frame: pd.DataFrame, labels: Any, **given: Any) -> Subject:
    answers = door.predict(frame)
    scores = {"binary": answers[:, -1], "regression": answers[:, 0]}.get(door.task, answers)
    if door.classes is not None:
        given.setdefault("classes", names_of(door))
    return subject_of(
        scores,
        labels,
        task=door.task,
        model=door,
        evaluation=dataset(frame),
        features=tuple(frame.columns),
        threshold=None,
        **given,
    )


def explained(what: Subject, values: Any = None, rows: Any = None) -> tuple[Explanation, Target]:
    """An explanation of made-up values: what is tested does not depend on where they come from."""
    target = Target(
        task=what.task,
        classes=what.classes,
        positive=None if what.positive is None else what.classes.index(what.positive),
    )
    outputs = target.outputs
    rows = np.arange(len(what.evaluation.frame)) if rows is None else np.asarray(rows)
    if values is None:
        rng = np.random.default_rng(0)
        sizes = np.linspace(2, 0.1, len(what.features))
        values = rng.normal(size=(len(rows), len(what.features), len(outputs))) * sizes[None, :, None]
    return (
        Explanation(
            values=values,
            base_values=np.zeros((len(rows), len(outputs))),
            predictions=values.sum(axis=1),
            features=what.features,
            outputs=outputs,
            rows=tuple(map(int, rows)),
            space="raw" if what.task == "regression" else "margin",
            method="made up",
            exactness="exact",
            players="raw columns",
            background="none",
            background_rows=0,
            background_digest=None,
            seed=None,
        ),
        target,
    )


def picture(what: Subject, seed: int = 0, interactions: Any = None, **given: Any) -> Measured:
    explanation, target = explained(what, **given)
    with one_order():
        return global_picture(
            what,
            explanation=explanation,
            sample=np.arange(len(explanation.rows)),
            target=target,
            players=players_of(explanation.features),
            plan=ExplainPlan(seed=seed),
            interactions=interactions,
        )


def figures(measured: Measured, name: str) -> dict[str, Figure]:
    return {f.id.removeprefix(name): f for f in FigureSet(measured.figures).named(name)}


def series(measured: Measured, name: str) -> dict[str, Series]:
    return {s.id.removeprefix(name): s for s in measured.series if s.id.startswith(name + "[")}


@pytest.fixture(scope="module")
def binary() -> tuple[Door, Subject, Measured]:
    door = sklearn_door(fitted(GradientBoostingClassifier(n_estimators=10, random_state=0), "binary"))
    what = subject(door, ROWS, outcomes(ROWS, "binary"))
    return door, what, picture(what)


def test_a_binary_model_has_every_part(binary: Any) -> None:
    _, what, measured = binary
    check_sane(measured.figures)
    costs = figures(measured, "explanation.permutation.importance")
    assert set(costs) == {f"[feature={f}]" for f in FEATURES}
    for figure in costs.values():
        assert (figure.unit, figure.n, figure.dataset, figure.class_) == ("score", 160, "evaluation", "1")
        assert "not refitting" in figure.method
        assert "20 shuffles" in figure.method
    base = FigureSet(measured.figures)["explanation.permutation.base"]
    assert base.value == pytest.approx(roc_auc_score(what.rows.labels, what.rows.scores), abs=1e-12)
    assert set(series(measured, "explanation.pdp.curve")) == {f"[feature={f}]" for f in FEATURES}
    assert set(series(measured, "explanation.ale.curve")) == {"[feature=age]", "[feature=amount]", "[feature=rate]"}
    for key, curve in series(measured, "explanation.pdp.curve").items():
        mean = [float(v) for v in curve.column("mean")]
        span = figures(measured, "explanation.pdp.span")[key]
        assert span.value == pytest.approx(max(mean) - min(mean))
        assert (span.unit, curve.n) == ("probability", 160)
        assert 0 <= min(mean) <= max(mean) <= 1
    assert series(measured, "explanation.pdp.curve")["[feature=purpose]"].column("value")[-1] == "missing"
    open_spans = [f for f in figures(measured, "explanation.ale.span").values() if f.status == "not_tested"]
    assert {f.keys["feature"] for f in open_spans} == {"purpose", "owner"}
    (entry,) = [e for e in measured.ledger if e.what.startswith("accumulated")]
    assert (entry.kind, entry.count) == ("not_tested", 2)


def test_points_are_values_of_the_rows_explained(binary: Any) -> None:
    _, what, _ = binary
    rows = np.array([3, 8, 20, 21, 50, 77, 90, 100, 120, 150, 159])
    explanation, target = explained(what, rows=rows)
    sample = np.array([0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    players = players_of(FEATURES)
    measured = global_picture(
        what, explanation=explanation, sample=sample, target=target, players=players, plan=ExplainPlan()
    )
    for j, name in enumerate(FEATURES):
        points = series(measured, "explanation.dependence.points")[f"[feature={name}]"]
        order = np.argsort(explanation.values[sample, j, 0], kind="stable")  # so that no row can be put together
        assert points.column("shap") == tuple(explanation.values[sample[order], j, 0])
        for value, row in zip(points.column("value"), rows[sample[order]], strict=True):
            given = ROWS[name].iloc[row]
            if pd.isna(given):
                assert value is None or value == "missing"
            else:
                assert value == given or value == str(given)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(binary: Any) -> None:
    _, what, measured = binary
    assert picture(what) == measured
    key = "explanation.permutation.importance[feature=age]"
    assert FigureSet(picture(what, seed=1).figures)[key].value != FigureSet(measured.figures)[key].value


def test_large_data_is_sampled_and_the_model_asked_a_bounded_number_of_rows() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30_000, 20)), columns=[f"x{i}" for i in range(20)])
    door = Door(None, lambda x: 1 / (1 + np.exp(-x["x0"] - x["x1"] * x["x2"])), task="binary", classes=(0, 1))
    what = subject(door, frame, (frame["x0"] > 0).astype(float))
    door.calls.clear()
    measured = picture(what, rows=np.arange(500))
    assert sum(door.calls) <= 172_000
    assert max(door.calls) <= 65_536
    sampled = {e.what: e.count for e in measured.ledger if e.kind == "sampled"}
    assert sampled == {
        "rows shuffled for permutation importance": 1100,
        "rows of partial dependence": 300,
        "rows of accumulated local effects": 2000,
    }
    assert figures(measured, "explanation.permutation.importance")["[feature=x0]"].n == 1100
    rows = drawn(np.arange(30_000, dtype=np.intp), 300, 0, 6)
    curve = series(measured, "explanation.pdp.curve")["[feature=x0]"]
    first = frame.iloc[rows].assign(x0=curve.column("value")[0])
    assert curve.column("mean")[0] == pytest.approx(door.predict(first)[:, 1].mean(), abs=1e-12)
    (left,) = [e for e in measured.ledger if e.what == "dependence curves and points of other inputs"]
    assert left.count == 20 - MOST_CURVES


def test_several_classes_get_figures_of_their_own() -> None:
    door = sklearn_door(fitted(RandomForestClassifier(10, random_state=0), "multiclass"))
    labels = np.searchsorted(door.native.classes_, outcomes(ROWS, "multiclass")).astype(float)
    what = subject(door, ROWS, labels)
    measured = picture(what)
    check_sane(measured.figures)
    costs = figures(measured, "explanation.permutation.importance")
    assert len(costs) == len(FEATURES) * 4
    assert costs["[feature=age]"].class_ is None
    assert costs["[feature=age,output=mid]"].class_ == "mid"
    assert costs["[feature=age,output=mid]"].n == (labels == 1).sum()
    curves = series(measured, "explanation.pdp.curve")
    assert len(curves) == 4 * 3
    for position in range(3):
        whole = sum(float(curves[f"[feature=age,output={c}]"].column("mean")[position]) for c in ("low", "mid", "top"))
        assert whole == pytest.approx(1.0)
    answers = door.predict(ROWS)
    base = FigureSet(measured.figures)["explanation.permutation.base"].value
    assert base == pytest.approx((answers.argmax(axis=1) == labels).mean())


def test_a_regression_is_measured_in_units_of_its_target() -> None:
    door = sklearn_door(fitted(LinearRegression(), "regression"))
    measured = picture(subject(door, ROWS, outcomes(ROWS, "regression")))
    check_sane(measured.figures)
    costs = figures(measured, "explanation.permutation.importance")
    assert {(f.unit, f.class_) for f in costs.values()} == {("target", None)}
    assert costs["[feature=age]"].value > 0
    assert "rise of root mean squared error" in costs["[feature=age]"].method
    assert {f.unit for f in figures(measured, "explanation.pdp.span").values()} == {"target"}


def test_interactions_are_ranked_and_name_the_partner(binary: Any) -> None:
    _, what, _ = binary
    rng = np.random.default_rng(4)
    count = len(FEATURES)
    phi = rng.normal(size=(30, count, count, 1)) * rng.random((1, count, count, 1))
    phi = (phi + phi.swapaxes(1, 2)) / 2
    measured = picture(what, interactions=phi)
    found = figures(measured, "explanation.interaction.strength")
    assert len(found) == min(MOST_PAIRS, count * (count - 1) // 2)
    expected = {
        (a, b): np.abs(2 * phi[:, i, j, 0]).mean()
        for i, a in enumerate(FEATURES)
        for j, b in enumerate(FEATURES)
        if i < j
    }
    values = []
    for figure in found.values():
        pair = (figure.keys["feature"], figure.keys["with"])
        assert figure.value == pytest.approx(expected[pair])
        assert (figure.n, figure.unit) == (30, "log-odds")
        values.append(figure.value)
    assert values == sorted(expected.values(), reverse=True)[: len(values)]
    for key, figure in figures(measured, "explanation.dependence.interaction").items():
        name = parse_figure_id(f"x{key}")[1]["feature"]
        others = {p: v for p, v in expected.items() if name in p}
        best = max(others, key=lambda p: others[p])
        assert figure.keys["with"] == next(n for n in best if n != name)
        assert figure.value == pytest.approx(others[best])


def test_without_interaction_values_the_criterion_is_said(binary: Any) -> None:
    _, what, measured = binary
    (figure,) = FigureSet(measured.figures).named("explanation.interaction.strength")
    assert figure.status == "not_tested"
    values = np.zeros((len(ROWS), len(FEATURES), 1))
    values[:, 0, 0] = ROWS["age"] * (ROWS["owner"] - 0.5)
    found = figures(picture(what, values=values), "explanation.dependence.interaction")
    (figure,) = found.values()
    assert figure.id == "explanation.dependence.interaction[feature=age,with=owner]"
    assert figure.unit == "proportion"
    assert figure.method.startswith("approximate")


def test_weights_count_and_take_the_interval_away() -> None:
    door = Door(None, lambda x: (x["age"] / 100).to_numpy(), task="binary", classes=(0, 1))
    labels, weights = outcomes(ROWS, "binary"), np.random.default_rng(0).uniform(1, 9, len(ROWS))
    measured = picture(subject(door, ROWS, labels, weights=weights))
    base = FigureSet(measured.figures)["explanation.permutation.base"]
    assert base.value == pytest.approx(roc_auc_score(labels, ROWS["age"], sample_weight=weights))
    cost = figures(measured, "explanation.permutation.importance")["[feature=age]"]
    assert (cost.low, cost.high, cost.weighting) == (None, None, "sampling")


@pytest.mark.parametrize(("labels", "positive", "reason"), [
    (None, "1", "data.target"),
    (None, None, "model.positive"),
    (np.full(len(ROWS), np.nan), "1", "no row has an outcome"),
])  # fmt: skip
def test_without_outcomes_there_is_no_shuffling(labels: Any, positive: str | None, reason: str) -> None:
    door = Door(None, lambda x: (x["age"] / 100).to_numpy(), task="binary", classes=(0, 1))
    measured = picture(subject(door, ROWS, labels, positive=positive))
    (figure,) = FigureSet(measured.figures).named("explanation.permutation.importance")
    assert figure.status == "not_tested"
    assert reason in figure.reason
    assert series(measured, "explanation.pdp.curve")


def test_too_few_outcomes_of_a_class_are_insufficient() -> None:
    door = Door(None, lambda x: (x["age"] / 100).to_numpy(), task="binary", classes=(0, 1))
    labels = np.zeros(len(ROWS))
    labels[:9] = 1
    measured = picture(subject(door, ROWS, labels))
    costs = figures(measured, "explanation.permutation.importance")
    assert {f.status for f in costs.values()} == {"insufficient"}
    measured = picture(subject(door, ROWS, np.where(np.arange(len(ROWS)) == 9, 1, labels)))
    assert {f.status for f in figures(measured, "explanation.permutation.importance").values()} == {"measured"}


class Picky(Door):
    """A model that takes no row whose age and amount were not seen together."""

    def predict(self, rows: pd.DataFrame) -> Any:
        known = set(zip(ROWS["age"], ROWS["amount"], strict=True))
        if not set(zip(rows["age"], rows["amount"], strict=True)) <= known:
            raise ModelError("the model raised while predicting", found="KeyError: (33, 'secret')")
        return super().predict(rows)


def test_a_model_that_refuses_made_up_rows_is_told_from_one_that_answers() -> None:
    door = Picky(None, lambda x: (x["age"] / 100).to_numpy(), task="binary", classes=(0, 1))
    measured = picture(subject(door, ROWS, outcomes(ROWS, "binary")))
    for name in ("permutation.importance", "pdp.span"):
        found = figures(measured, f"explanation.{name}")
        for feature in ("age", "amount"):
            assert found[f"[feature={feature}]"].status == "not_tested"
            assert "(KeyError)" in found[f"[feature={feature}]"].reason
        assert found["[feature=owner]"].status == "measured"
    refused = [e for e in measured.ledger if "refuses" in e.reason]
    assert {e.what for e in refused} == {
        "permutation importance of age, amount",
        "partial dependence of age, amount",
        "accumulated local effects of age, amount",
    }
    assert "secret" not in repr(measured)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_few_rows_are_said_to_be_too_few(count: int) -> None:
    door = Door(None, lambda x: x["age"].to_numpy() * 1.0, task="regression")
    measured = picture(subject(door, table(count), np.arange(float(count))))
    for name in ("permutation.importance", "pdp.span", "ale.span"):
        found = figures(measured, f"explanation.{name}")
        assert {f.status for f in found.values()} == {"insufficient"}, name
    assert not series(measured, "explanation.pdp.curve")
    assert all(s.n == count for s in series(measured, "explanation.dependence.points").values())


def test_constant_empty_and_single_columns() -> None:
    frame = pd.DataFrame({"same": 1.0, "none": np.nan, "day": pd.date_range("2024-01-01", periods=50)})
    frame["odd"] = [np.inf, -np.inf] * 5 + list(range(40))
    door = Door(None, lambda x: np.ones(len(x)), task="regression")
    measured = picture(subject(door, frame, np.arange(50.0)))
    spans = figures(measured, "explanation.pdp.span")
    assert {k: f.status for k, f in spans.items()} == {
        "[feature=same]": "not_tested",
        "[feature=none]": "not_tested",
        "[feature=day]": "measured",
        "[feature=odd]": "measured",
    }
    assert figures(measured, "explanation.permutation.importance")["[feature=same]"].value == 0
    assert figures(measured, "explanation.ale.span")["[feature=odd]"].n == 40
    alone = picture(subject(door, frame[["odd"]], np.arange(50.0)))
    (figure,) = FigureSet(alone.figures).named("explanation.interaction.strength")
    assert figure.reason == "one input has nothing to interact with"


def test_two_thousand_columns_are_limited_and_said() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2000)), columns=[f"x{i}" for i in range(2000)])
    door = Door(None, lambda x: x["x0"].to_numpy(), task="regression")
    what = subject(door, frame, frame["x0"].to_numpy())
    door.calls.clear()
    measured = picture(what)
    assert len(figures(measured, "explanation.permutation.importance")) == MOST_SHUFFLED
    assert len(series(measured, "explanation.dependence.points")) == MOST_CURVES
    assert max(door.calls) <= 4000
    left = {e.what: e.count for e in measured.ledger if "mean |SHAP|" in e.reason}
    assert left == {
        "dependence curves and points of other inputs": 2000 - MOST_CURVES,
        "permutation importance of other inputs": 2000 - MOST_SHUFFLED,
    }


def test_many_classes_are_limited_and_said() -> None:
    weights = np.random.default_rng(0).normal(size=(2, 9))

    def shares(x: pd.DataFrame) -> Any:
        raw = np.exp(x[["a", "b"]].to_numpy() @ weights)
        return raw / raw.sum(axis=1, keepdims=True)

    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(200, 2)), columns=["a", "b"])
    door = Door(None, shares, task="multiclass", classes=tuple("abcdefghi"))
    measured = picture(subject(door, frame, shares(frame).argmax(axis=1)))
    assert {f.keys.get("output") for f in figures(measured, "explanation.pdp.span").values()} == set("abcdef")
    (entry,) = [e for e in measured.ledger if "other classes" in e.what]
    assert entry.count == 3
