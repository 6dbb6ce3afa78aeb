"""The parts of LIME, each against another library or its definition; the published cases; stability in the card."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lime.lime_tabular import LimeTabularExplainer
from scipy.stats import kstest, spearmanr, truncnorm
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

from explainkit.explain.lime.fit import kernel, weighted_ridge
from explainkit.explain.lime.perturbable import perturbable
from explainkit.explain.lime.sampling import sampler
from explainkit.explain.lime.stability import stability
from explainkit.explain.lime.surrogate import explain_lime
from explainkit.explain.summary import explain
from explainkit.explanation import Explained
from explainkit.figures import FigureSet
from explainkit.load.subject import Subject
from explainkit.plan import ExplainPlan
from explainkit.report.html import render_html
from tests.assess.builders import dataset, subject_of
from tests.explain.doors import Door, names_of, outcomes, sklearn_door, table
from tests.report import examples
from tests.report.number_check import problems

SAMPLES = 5000
IRIS = load_iris()
NAMES = ["f0", "f1", "f2", "f3"]


# The published cases


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared_data / "lime" / "lime_cases.json").read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def irises() -> tuple[Door, pd.DataFrame, pd.DataFrame]:
    """A forest of 500 trees on four fifths of the rows, and both parts."""
    train, test, labels, _ = train_test_split(IRIS.data, IRIS.target, train_size=0.8, random_state=1)
    reference, rows = (pd.DataFrame(part, columns=NAMES) for part in (train, test))
    return sklearn_door(RandomForestClassifier(500, random_state=0).fit(reference, labels)), reference, rows


def explained(door: Door, rows: pd.DataFrame, reference: pd.DataFrame, **more: Any) -> Any:
    return explain_lime(door, rows, reference, task=door.task, classes=names_of(door), **more)


def borders(parts: int) -> dict[str, list[float]]:
    frame = pd.DataFrame(IRIS.data, columns=NAMES)
    made = sampler(perturbable(frame, frame.iloc[:1]), parts=parts)
    return {name: bins.borders.tolist() for name, bins in zip(NAMES, made.bins, strict=True) if bins is not None}


def test_case_bins_of_the_irises(cases: dict[str, Any]) -> None:
    assert {k: pytest.approx(v) for k, v in borders(4).items()} == cases["iris_quartile_bins"]
    assert borders(10)["f0"] == pytest.approx(cases["iris_decile_f0"])


def test_case_petals_tell_irises_apart(cases: dict[str, Any], irises: Any) -> None:
    assert "petal width and petal length" in cases["iris_rf_top2"]
    door, reference, rows = irises
    weights = np.abs(explained(door, rows, reference).values[:, :, 1])  # lime explains the second class
    assert weights.shape == (30, 4)
    top = np.argsort(weights, axis=1)[:, 2:]
    assert (np.sort(top, axis=1) == [2, 3]).all()


def test_case_the_same_state_gives_the_same_weights(cases: dict[str, Any], irises: Any) -> None:
    assert "same random_state => as_map() dict-equal" in cases["determinism"]
    door, reference, rows = irises
    one, again, other = (explained(door, rows.iloc[:2], reference, seed=seed, samples=500) for seed in (10, 10, 20))
    assert one.values.tobytes() == again.values.tobytes()
    assert (one.values != other.values).all()


def test_case_the_wrapper_gives_what_lime_gives(cases: dict[str, Any], irises: Any) -> None:
    assert "must return exactly" in cases["wrapper_rule"]
    door, reference, rows = irises
    ours = explained(door, rows.iloc[:3], reference, seed=1, samples=1000)
    for row in range(3):
        explainer = LimeTabularExplainer(
            reference.to_numpy(), feature_selection="none", random_state=np.random.RandomState(1)
        )
        theirs = explainer.explain_instance(
            rows.to_numpy()[row],
            lambda m: door.native.predict_proba(pd.DataFrame(m, columns=NAMES)),
            labels=(0, 1, 2),
            num_samples=1000,
        ).as_map()
        for k in range(3):
            np.testing.assert_allclose(ours.values[row, :, k], [w for _, w in sorted(theirs[k])], rtol=0, atol=1e-12)


def test_case_a_linear_function_of_scaled_numbers(cases: dict[str, Any]) -> None:
    assert "score (weighted R2) > 0.99" in cases["linear_rule"]
    rng = np.random.default_rng(0)
    slopes, spreads = np.array([3.0, -2.0, 0.5, 0.0]), np.array([1.0, 10.0, 0.1, 5.0])
    scaled = rng.normal(size=(4, SAMPLES))
    distance = np.sqrt(((scaled - rng.normal(size=(4, 1))) ** 2).sum(axis=0))
    weights = np.sqrt(np.exp(-(distance**2) / (np.sqrt(4) * 0.75) ** 2))
    fit = weighted_ridge(scaled, weights, (slopes * spreads @ scaled)[None])
    np.testing.assert_allclose(fit.weights[:, 0], slopes * spreads, atol=0.05)  # but for the ridge penalty
    assert np.argsort(-np.abs(fit.weights[:, 0])).tolist() == np.argsort(-np.abs(slopes * spreads)).tolist()
    assert fit.fidelity[0] > 0.99


# Samples


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), heavy=st.booleans())
def test_draws_are_those_of_lime(seed: int, heavy: bool) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{j}": rng.normal(size=60) * 10.0 ** rng.integers(-6, 7) for j in range(3)})
    frame["kind"] = rng.integers(0, 4, 60).astype(str)
    if heavy:
        frame["x0"] = rng.standard_cauchy(60)
        frame["x1"] = np.where(rng.random(60) < 0.6, 0.0, rng.random(60))  # a bin of zeros only, and empty bins
    space = perturbable(frame, frame.iloc[[0]])
    explainer = LimeTabularExplainer(
        space.reference, categorical_features=[3], random_state=np.random.RandomState(seed), mode="regression"
    )
    same, inverse = explainer._LimeTabularExplainer__data_inverse(space.rows[0], 200)
    made = sampler(space)
    draws = made.draw(200, seed)
    scale = np.abs(space.reference).max(axis=0)
    np.testing.assert_allclose(draws.values / scale, inverse[1:] / scale, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(draws.codes == made.codes(space.rows), same[1:].T)


def test_draws_follow_the_truncated_normal_distribution_of_their_bin() -> None:
    column = np.random.default_rng(2).lognormal(size=400)
    frame = pd.DataFrame({"x": column})
    made = sampler(perturbable(frame, frame.iloc[[0]]))
    draws = made.draw(20_000, 0)
    edges = [column.min(), *np.quantile(column, [0.25, 0.5, 0.75]), column.max()]
    for b in range(4):
        inside = column[(column > edges[b] if b else column >= edges[0]) & (column <= edges[b + 1])]
        values = draws.values[draws.codes[0] == b, 0]
        assert values.min() >= edges[b]
        assert values.max() <= edges[b + 1]
        assert abs(len(values) - 5000) < 300
        low, high = ((edge - inside.mean()) / inside.std() for edge in edges[b : b + 2])
        expected = truncnorm(low, high, loc=inside.mean(), scale=inside.std())
        assert kstest(values, expected.cdf).pvalue > 1e-3


def test_fewer_distinct_values_than_bins_and_numbers_that_stand_for_something_else() -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0] * 20, "y": [2.0] * 38 + [-1e300, np.inf]})
    space = perturbable(frame, frame.iloc[[39]])
    assert [(note.what, note.count) for note in space.notes] == [("column y (LIME)", 3)]
    values = sampler(space).draw(1000, 0).values
    assert (values[:, 0].min(), values[:, 0].max() <= 1.0) == (0.0, True)
    assert 0.4 < (values[:, 0] == 0.0).mean() < 0.6
    assert (values[:, 1] == 2.0).all()


# The fit


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    columns=st.integers(1, 12),
    rows=st.integers(2, 60),
    outputs=st.integers(1, 3),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_the_closed_form_is_that_of_ridge(seed: int, columns: int, rows: int, outputs: int, offset: float) -> None:
    rng = np.random.default_rng(seed)
    design = rng.random((columns, rows)) < rng.random((columns, 1))
    answers = rng.normal(size=(outputs, rows)) + offset
    weights = kernel(columns)[rng.integers(0, columns + 1, rows)]
    found = weighted_ridge(design, weights, answers)
    for k in range(outputs):
        ridge = Ridge(alpha=1).fit(design.T.astype(float), answers[k], sample_weight=weights)
        np.testing.assert_allclose(found.weights[:, k], ridge.coef_, rtol=0, atol=1e-9)
        assert found.intercepts[k] == pytest.approx(ridge.intercept_, rel=1e-12, abs=1e-9)
        score = ridge.score(design.T.astype(float), answers[k], sample_weight=weights)
        assert found.fidelity[k] == pytest.approx(score, abs=1e-8)


def test_blocks_of_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    design, weights = rng.random((30, 3000)) < 0.3, rng.random(3000)
    answers = rng.normal(size=(2, 3000))
    whole = weighted_ridge(design, weights, answers)
    monkeypatch.setattr("explainkit.explain.lime.fit._CELLS", 33 * 400)
    parts = weighted_ridge(design, weights, answers)
    np.testing.assert_allclose(parts.weights, whole.weights, rtol=1e-12)
    np.testing.assert_allclose(parts.fidelity, whole.fidelity, rtol=1e-12)


def test_the_kernel_is_that_of_lime() -> None:
    explainer = LimeTabularExplainer(np.random.default_rng(0).normal(size=(20, 7)))
    np.testing.assert_allclose(kernel(7), explainer.base.kernel_fn(np.sqrt(np.arange(8))), rtol=1e-14)


# Stability over seeds


def test_stability_is_what_its_words_say() -> None:
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(4, 2, 6, 2)) + np.array([0.0, 0.2, 1.0, 2.0, -3.0, 0.0])[:, None]
    weights[:, :, 5] = 0.0  # a column without weight is no agreement
    found = stability(weights, (8, 9, 10))
    for row in range(2):
        for k in range(2):
            part = weights[:, row, :5, k]
            ranks = [spearmanr(np.abs(part[0]), np.abs(part[s])).statistic for s in (1, 2, 3)]
            assert found.rank[row, k] == pytest.approx(np.mean(ranks))
            assert found.columns[row, k] == 5
            assert found.kept[row, k] == sum(len(set(np.sign(part[:, j]))) == 1 for j in range(5))
    np.testing.assert_allclose(found.spread, np.std(weights, axis=0, ddof=1))
    assert 0 < found.kept.min() < 5


@pytest.mark.parametrize("columns", [1, 2])
def test_one_weight_or_equal_weights_have_no_ranks(columns: int) -> None:
    found = stability(np.ones((3, 1, columns, 1)), (1, 2))
    assert np.isnan(found.rank).all()
    assert found.kept.tolist() == [[columns]]


ROWS = table(160)


def stage(model: Any, **given: Any) -> Explained:
    door = sklearn_door(model) if not isinstance(model, Door) else model
    scores = door.predict(NUMBERS)
    what: Subject = subject_of(
        scores[:, 1] if door.task == "binary" else scores[:, 0],
        task=door.task,
        model=door,
        evaluation=dataset(NUMBERS),
        reference=dataset(NUMBERS, "reference"),
        features=tuple(NUMBERS.columns),
        **({"classes": ("0", "1"), "positive": "1"} if door.task == "binary" else {}),
    )
    return explain(what, ExplainPlan(local=2, lime_samples=300, seed=4, **given))


NUMBERS = ROWS[["amount", "rate", "age"]].astype(float).assign(rate=lambda f: f["rate"].fillna(0.0))


@pytest.fixture(scope="module")
def boosted() -> Any:
    model = GradientBoostingClassifier(n_estimators=5, random_state=0)
    return model.fit(NUMBERS, outcomes(ROWS, "binary"))


def test_the_figures_of_a_case_are_those_of_explanations_with_other_seeds(boosted: Any) -> None:
    done = stage(boosted, lime_seeds=3)
    figures = FigureSet(done.measured.figures)
    assert figures["explanation.lime.seeds"].value == 3
    for case in done.cases:
        row = NUMBERS.iloc[[int(case.key) - 1]]
        alone = [
            explained(sklearn_door(boosted), row, NUMBERS, positive=1, samples=300, seed=seed).values[0, :, 0]
            for seed in (4, 5, 6, 7)
        ]
        ranks = [spearmanr(np.abs(alone[0]), np.abs(other)).statistic for other in alone[1:]]
        at = f"[case={case.key}]"
        assert figures[f"explanation.lime.rank_stability{at}"].value == pytest.approx(np.mean(ranks))
        kept = (np.sign(alone) == np.sign(alone[0])).all(axis=0).mean()
        assert figures[f"explanation.lime.sign_stability{at}"].value == pytest.approx(kept)
        spread = figures[f"explanation.lime.spread{at}"]
        assert spread.value == pytest.approx(np.std(alone, axis=0, ddof=1).max())
        assert (spread.unit, spread.class_) == ("probability", "1")
        assert "3 other seeds" in (spread.method or "")
        weights = [figures[f"explanation.lime.weight[case={case.key},feature={name}]"].value for name in NUMBERS]
        np.testing.assert_array_equal(weights, alone[0])


def test_without_other_seeds_nothing_is_said_of_stability(boosted: Any) -> None:
    names = {figure.name for figure in stage(boosted, lime_seeds=0).measured.figures}
    assert "explanation.lime.fidelity" in names
    assert not {name for name in names if name.endswith(("stability", "spread", "seeds"))}


def test_a_constant_answer_has_no_ranks_and_no_signs_to_compare() -> None:
    done = stage(Door(None, lambda rows: np.full(len(rows), 0.5), task="regression"), background=5)
    figures = FigureSet(done.measured.figures)
    for name in ("rank_stability", "sign_stability"):
        assert {f.status for f in figures.named(f"explanation.lime.{name}")} == {"insufficient"}
    assert {f.value for f in figures.named("explanation.lime.spread")} == {0.0}


def test_the_card_prints_stability_beside_the_local_fit(boosted: Any) -> None:
    evidence = examples.credit()
    own = evidence.cases[0].key
    done = stage(boosted, lime_seeds=2)
    added = [f for f in done.measured.figures if f.name.rpartition(".")[2] in PRINTED]
    first = done.cases[0].key
    figures = [
        dataclasses.replace(f, id=f.id.replace(f"case={first}", f"case={own}"))
        for f in added
        if "case" not in f.keys or f.keys["case"] == first
    ]
    page = render_html(dataclasses.replace(evidence, figures=(*evidence.figures, *figures)))
    assert problems(page, dataclasses.replace(evidence, figures=(*evidence.figures, *figures))) == []
    assert page.decode().count("Refitted with other seeds") == 1
    assert b"Refitted" not in render_html(evidence)


PRINTED = ("rank_stability", "sign_stability", "spread", "seeds")
