"""The stage as the pipeline calls it: figures, series, methods, cases and the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from explainkit.errors import PlanError
from explainkit.evidence import LedgerEntry
from explainkit.explain.summary import explain
from explainkit.explanation import Explained
from explainkit.figures import Figure, FigureSet
from explainkit.load.steady import one_order
from explainkit.load.subject import Subject
from explainkit.plan import ExplainPlan
from tests.assess.builders import dataset, subject_of
from tests.explain.doors import SINGLY_PREPARED, Door, outcomes, preparation, single_preparation, sklearn_door, table
from tests.explain.oracle import by_definition

ROWS = table(160)
REFERENCE = table(300, seed=9)
FEATURES = tuple(ROWS.columns)
QUICK = {"lime_samples": 200, "local": 3}


def fitted(estimator: Any, task: str, **given: Any) -> Any:
    return make_pipeline(preparation(**given), estimator).fit(REFERENCE, outcomes(REFERENCE, task))


def subject(door: Door, *, frame: pd.DataFrame = ROWS, reference: Any = REFERENCE, **given: Any) -> Subject:
    with one_order():
        scores = door.predict(door.adapt(frame)[0])
    if door.task == "binary":
        given.setdefault("positive", "1")
        scores = scores[:, 0 if given["positive"] == "0" else 1]
    if door.task == "regression":
        scores = scores[:, 0]
    if door.classes is not None:
        given.setdefault("classes", tuple(map(str, door.classes)))
    return subject_of(
        scores,
        task=door.task,
        model=door,
        # Columns that are no inputs of the model stand beside them.
        evaluation=dataset(frame.assign(id=[f"secret-{i}" for i in range(len(frame))])[["id", *frame.columns]]),
        reference=None if reference is None else dataset(reference, "reference"),
        features=tuple(frame.columns),
        **{"threshold": ">=0.5" if door.task == "binary" else None, **given},
    )


def figures(explained: Explained) -> FigureSet:
    return FigureSet(explained.measured.figures)


def points_of(explained: Any) -> list[Any]:
    """Series of the beeswarm."""
    return [s for s in explained.measured.series if s.id.startswith("explanation.shap.points")]


def entries(explained: Explained, kind: str) -> list[LedgerEntry]:
    return [e for e in explained.measured.ledger if e.kind == kind]


def value(explained: Explained, key: str) -> float:
    figure = figures(explained)[key]
    assert figure.value is not None
    return figure.value


@pytest.fixture(scope="module")
def boosted() -> tuple[Any, Subject, Explained]:
    model = fitted(GradientBoostingClassifier(n_estimators=15, random_state=0), "binary")
    what = subject(sklearn_door(model), case_ids=tuple(f"secret-{i}" for i in range(len(ROWS))))
    return model, what, explain(what, ExplainPlan(**QUICK))


def test_importance_is_the_mean_size_of_the_values_with_its_interval(shap: Any) -> None:
    model = make_pipeline(single_preparation(), GradientBoostingClassifier(n_estimators=15, random_state=0))
    model.fit(REFERENCE, outcomes(REFERENCE, "binary"))
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    values = shap.TreeExplainer(model[-1]).shap_values(model[:-1].transform(ROWS).astype(float))
    values = values[:, [SINGLY_PREPARED.index(f) for f in FEATURES]]
    sizes = np.abs(values)
    for j, name in enumerate(FEATURES):
        figure = figures(explained)[f"explanation.shap.importance[feature={name}]"]
        assert figure.value == pytest.approx(sizes[:, j].mean(), abs=1e-9)
        half = 1.959963984540054 * sizes[:, j].std(ddof=1) / np.sqrt(len(ROWS))
        assert figure.low == pytest.approx(max(0.0, figure.value - half))
        assert figure.high == pytest.approx(figure.value + half)
        assert (figure.level, figure.n, figure.unit, figure.class_) == (0.95, len(ROWS), "log-odds", "1")
        assert figure.dataset == "evaluation"
        assert "not refitting" in figure.method
        assert "unweighted" in figure.method
    assert value(explained, "explanation.shap.rows") == len(ROWS)
    assert value(explained, "explanation.shap.background_rows") == 0


def test_a_case_reconciles_base_contributions_and_the_models_own_output(boosted: Any) -> None:
    model, what, explained = boosted
    margins = model.decision_function(ROWS)
    assert len(explained.cases) == 3
    for case in explained.cases:
        row = int(case.key) - 1
        at = f"case={case.key}"
        assert value(explained, f"case.score[{at}]") == what.rows.scores[row]
        assert value(explained, f"explanation.shap.output[{at}]") == pytest.approx(margins[row], abs=1e-12)
        total = value(explained, f"explanation.shap.base[{at}]")
        total += sum(value(explained, f"explanation.shap.contribution[{at},feature={f}]") for f in FEATURES)
        assert total == pytest.approx(margins[row], abs=1e-9)
        assert value(explained, f"explanation.shap.residual[{at}]") == pytest.approx(total - margins[row], abs=1e-12)
        weights = [figures(explained)[f"explanation.lime.weight[{at},feature={f}]"] for f in FEATURES]
        assert {w.unit for w in weights} == {"probability"}
        assert {w.class_ for w in weights} == {"1"}
        assert -1 < value(explained, f"explanation.lime.fidelity[{at}]") <= 1
        assert figures(explained)[f"explanation.lime.intercept[{at}]"].status == "measured"


def test_inputs_are_figures_where_they_are_numbers_and_text_elsewhere(boosted: Any) -> None:
    _, _, explained = boosted
    for case in explained.cases:
        row = ROWS.iloc[int(case.key) - 1]
        texts = dict(case.inputs)
        assert value(explained, f"case.input[case={case.key},feature=age]") == row["age"]
        assert value(explained, f"case.input[case={case.key},feature=amount]") == row["amount"]
        assert texts["owner"] == str(row["owner"])
        assert texts["purpose"] == (row["purpose"] if isinstance(row["purpose"], str) else "missing")
        shown = f"case.input[case={case.key},feature=rate]" in figures(explained)
        assert shown != ("rate" in texts)
        assert shown == bool(row["rate"] == row["rate"])


def test_no_id_reaches_the_evidence(boosted: Any) -> None:
    _, what, explained = boosted
    assert "secret-" not in repr(explained)
    assert "secret-" not in repr(explain(what, ExplainPlan(**{**QUICK, "local": ("secret-3",)})))


def test_points_are_ranks_and_values_of_the_features_that_matter_most(boosted: Any) -> None:
    _, _, explained = boosted
    (series,) = points_of(explained)
    names, places, values = (series.column(n) for n in ("feature", "position", "value"))
    assert len(names) == len(ROWS) * len(FEATURES)
    sizes = {n: np.mean([abs(v) for m, v in zip(names, values, strict=True) if m == n]) for n in FEATURES}
    assert list(dict.fromkeys(names)) == sorted(FEATURES, key=lambda n: -sizes[n])
    ages = [p for n, p in zip(names, places, strict=True) if n == "age"]
    ranks = ROWS["age"].rank().to_numpy()
    np.testing.assert_allclose(sorted(ages), np.sort((ranks - 1) / (len(ROWS) - 1)), atol=1e-4)
    for name in FEATURES:  # by their values: in one order throughout, rows could be put together again
        mine = [v for n, v in zip(names, values, strict=True) if n == name]
        assert mine == sorted(mine)
    assert {p for n, p in zip(names, places, strict=True) if n == "purpose"} == {None}
    rates = [p for n, p in zip(names, places, strict=True) if n == "rate"]
    assert sum(p is None for p in rates) == ROWS["rate"].isna().sum()


def test_methods_say_how_and_against_what(boosted: Any) -> None:
    _, _, explained = boosted
    shap, lime, reasons = explained.methods
    assert (reasons.id, reasons.space, reasons.exactness) == ("reasons", "margin", "exact")
    assert (shap.id, shap.space, shap.exactness) == ("shap", "margin", "exact")
    assert shap.players == "raw columns"
    assert "path-dependent" in shap.method
    assert shap.background_digest is None
    assert (lime.id, lime.space, lime.exactness, lime.seed) == ("lime", "probability", "estimated", 0)
    assert lime.background_digest.startswith("sha256:")


def test_what_was_imputed_is_in_the_ledger_with_its_count(boosted: Any) -> None:
    _, _, explained = boosted
    (entry,) = entries(explained, "imputed")
    cases = [int(c.key) - 1 for c in explained.cases]
    assert entry.count == REFERENCE["rate"].isna().sum() + ROWS["rate"].iloc[cases].isna().sum()
    assert not entries(explained, "failed")
    assert not entries(explained, "assumed")


def test_rows_beyond_the_plan_are_sampled_and_cases_do_not_enter_the_global_picture(boosted: Any) -> None:
    model, what, whole = boosted
    explained = explain(what, ExplainPlan(**QUICK, rows=20))
    first = entries(explained, "sampled")[0]
    assert (first.what, first.count) == ("rows explained by SHAP", 20)
    assert value(explained, "explanation.shap.rows") == 20
    drawn = np.sort(np.random.default_rng([0, 0]).choice(len(ROWS), size=20, replace=False))
    alone = explain(subject(sklearn_door(model), frame=ROWS.iloc[drawn]), ExplainPlan(**QUICK))
    for name in FEATURES:
        key = f"explanation.shap.importance[feature={name}]"
        assert value(explained, key) == pytest.approx(value(alone, key), abs=1e-12)
    assert figures(explained)["explanation.shap.residual_max"].n == len(set(drawn) | _places(explained))
    assert [c.key for c in explained.cases] == [c.key for c in whole.cases]
    other = explain(what, ExplainPlan(**QUICK, rows=20, seed=5))
    key = "explanation.shap.importance[feature=age]"
    assert value(other, key) != value(explained, key)


def _places(explained: Explained) -> set[int]:
    return {int(c.key) - 1 for c in explained.cases}


def test_several_classes_give_importance_by_class_and_cases_of_the_predicted_class() -> None:
    model = fitted(RandomForestClassifier(10, random_state=0), "multiclass")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    answers = model.predict_proba(ROWS)
    for name in FEATURES:
        for output in ("low", "mid", "top"):
            figure = figures(explained)[f"explanation.shap.importance[feature={name},output={output}]"]
            assert (figure.unit, figure.class_) == ("probability", output)
    assert [s.id for s in points_of(explained)] == [
        f"explanation.shap.points[output={name}]" for name in ("low", "mid", "top")
    ]
    for case in explained.cases:
        row = int(case.key) - 1
        predicted = int(answers[row].argmax())
        for name in ("case.score", "explanation.shap.output"):
            figure = figures(explained)[f"{name}[case={case.key}]"]
            assert figure.value == pytest.approx(answers[row, predicted], abs=1e-12)
            assert figure.class_ == ("low", "mid", "top")[predicted]


def test_a_regression_is_explained_in_the_unit_of_its_target() -> None:
    model = fitted(RandomForestRegressor(10, random_state=0), "regression")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    assert {f.unit for f in figures(explained).named("explanation.shap.contribution")} == {"target"}
    assert {f.unit for f in figures(explained).named("case.score")} == {"target"}
    assert {f.class_ for f in figures(explained)} == {None}
    assert explained.methods[0].space == "raw"


def test_an_opaque_model_is_sampled_and_says_what_was_done() -> None:
    model = fitted(KNeighborsRegressor(), "regression")
    plan = ExplainPlan(**QUICK, background=15)
    explained = explain(subject(sklearn_door(model)), plan)
    assert value(explained, "explanation.shap.rows") == 50
    assert value(explained, "explanation.shap.background_rows") == 15
    assert [(e.what, e.count) for e in entries(explained, "sampled")] == [
        ("rows explained by SHAP", 50),
        ("background of SHAP", 15),
    ]
    shap = explained.methods[0]
    assert (shap.exactness, shap.players, shap.background) == (
        "exact",
        "raw columns",
        "a seeded sample of reference rows",
    )
    assert shap.background_digest.startswith("sha256:")
    assert not entries(explained, "estimated")


def test_estimated_values_carry_intervals_and_a_ledger_entry() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(30, 13)), columns=[f"x{i}" for i in range(13)])

    def answer(rows: pd.DataFrame) -> Any:
        return (rows[["x0", "x1", "x2"]] > 0).all(axis=1).to_numpy(dtype=float) + rows["x3"].to_numpy()

    door = Door(None, answer, task="regression")
    explained = explain(subject(door, frame=frame, reference=None), ExplainPlan(**QUICK, background=10))
    (entry,) = entries(explained, "estimated")
    assert entry.count == 13
    contributions = figures(explained).named("explanation.shap.contribution")
    with_interval = [f for f in contributions if f.low is not None]
    assert with_interval
    assert {f.keys["feature"] for f in with_interval} <= {"x0", "x1", "x2"}
    assert all(f.low < f.value < f.high and f.level == 0.95 for f in with_interval)
    # Without a reference the evaluation rows stand in, and that is said twice: for SHAP and for LIME.
    assert [e.what for e in entries(explained, "assumed")] == ["background of SHAP", "reference rows of LIME"]
    assert "evaluation rows" in explained.methods[0].background


def test_a_model_without_an_inside_is_not_explained_in_margin_space_and_that_is_said() -> None:
    door = Door(None, lambda rows: 1 / (1 + np.exp(-rows["age"].to_numpy() / 50)), task="binary", classes=("0", "1"))
    explained = explain(subject(door), ExplainPlan(**QUICK, background=5))
    assert len([e for e in entries(explained, "not_tested") if "margin" in e.what]) == 1
    assert explained.methods[0].space == "probability"
    asked = explain(subject(door), ExplainPlan(**QUICK, background=5, output="probability"))
    assert not [e for e in entries(asked, "not_tested") if "margin" in e.what]


def test_an_unstated_positive_class_is_said() -> None:
    model = fitted(GradientBoostingClassifier(n_estimators=3), "binary")
    explained = explain(subject(sklearn_door(model), positive=None), ExplainPlan(**QUICK))
    (entry,) = entries(explained, "assumed")
    assert "'1'" in entry.reason
    stated = explain(subject(sklearn_door(model), positive="0"), ExplainPlan(**QUICK))
    assert not entries(stated, "assumed")
    key = f"explanation.shap.base[case={stated.cases[0].key}]"
    assert figures(stated)[key].class_ == "0"


def test_contributions_that_do_not_add_up_are_failed_and_stand_in_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial looks at some rows; on others the values may still miss."""
    from explainkit.explain import opened

    real = opened.attributor

    def off(*given: Any, **more: Any) -> Any:
        attribute = real(*given, **more)

        def moved(*prepared: Any) -> Any:
            found = attribute(*prepared)
            if len(found.values) > 150:
                found.values[150, 0] += 0.25
            return found

        return moved

    monkeypatch.setattr(opened, "attributor", off)
    model = fitted(GradientBoostingClassifier(n_estimators=3), "binary")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    (entry,) = entries(explained, "failed")
    assert (entry.what, entry.count) == ("additivity of SHAP values", 1)
    assert value(explained, "explanation.shap.residual_max") == pytest.approx(0.25)
    assert value(explained, "explanation.shap.residual_median") < 1e-9


def test_every_reference_row_is_the_background_where_the_plan_asks_for_one(boosted: Any) -> None:
    model, what, _ = boosted
    explained = explain(what, ExplainPlan(**QUICK, kind="interventional", background=7))
    shap = explained.methods[0]
    assert "interventional, exact" in shap.method
    assert (shap.background, shap.players) == ("all reference rows", "raw columns")
    assert shap.background_digest.startswith("sha256:")
    assert value(explained, "explanation.shap.background_rows") == len(REFERENCE)
    assert not entries(explained, "sampled")
    case = explained.cases[0]
    row = ROWS.iloc[[int(case.key) - 1]]
    values, base = by_definition(model.decision_function, row, REFERENCE)
    assert value(explained, f"explanation.shap.base[case={case.key}]") == pytest.approx(base[0], abs=1e-9)
    for name, contribution in zip(FEATURES, values[:, 0], strict=True):
        key = f"explanation.shap.contribution[case={case.key},feature={name}]"
        assert value(explained, key) == pytest.approx(contribution, abs=1e-9)


def test_a_model_that_answers_differently_when_asked_again_is_found_and_said() -> None:
    draws = np.random.default_rng(0)
    door = Door(None, lambda rows: rows["age"].to_numpy() + draws.normal(size=len(rows)), task="regression")
    explained = explain(subject(door), ExplainPlan(**QUICK, background=5))
    (entry, *_) = entries(explained, "failed")
    assert entry.what == "answers of the model"
    assert "asked twice for the same 25 rows" in entry.reason
    # Rounding is no other answer.
    tiny = Door(None, lambda rows: rows["age"].to_numpy() + 1e-7 * draws.normal(size=len(rows)), task="regression")
    again = explain(subject(tiny), ExplainPlan(**QUICK, background=5))
    assert "answers of the model" not in {e.what for e in entries(again, "failed")}


def test_without_a_model_nothing_is_tested_and_one_entry_says_why() -> None:
    explained = explain(subject_of([0.2, 0.7], model=None), ExplainPlan())
    (entry,) = explained.measured.ledger
    assert (entry.kind, entry.reason) == ("not_tested", "no model given: explanations need the model")
    assert {f.status for f in explained.measured.figures} == {"not_tested"}
    assert "explanation.shap.residual_max" in figures(explained)
    assert (explained.methods, explained.cases) == ((), ())


def test_no_case_means_no_lime() -> None:
    model = fitted(Ridge(), "regression")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(local=0))
    assert [m.id for m in explained.methods] == ["shap"]
    assert "LIME" in [e.what for e in entries(explained, "not_tested")]
    assert not figures(explained).named("case.score")


def test_an_unknown_case_is_refused() -> None:
    model = fitted(Ridge(), "regression")
    with pytest.raises(PlanError, match="no row has this id"):
        explain(subject(sklearn_door(model), case_ids=tuple(map(str, range(len(ROWS))))), ExplainPlan(local=("x",)))


def test_a_constant_answer_has_no_fidelity_and_no_made_up_number() -> None:
    door = Door(None, lambda rows: np.full(len(rows), 0.5), task="regression")
    explained = explain(subject(door), ExplainPlan(**QUICK, background=5))
    fidelity = figures(explained).named("explanation.lime.fidelity")
    assert {f.status for f in fidelity} == {"insufficient"}
    assert max(f.value for f in figures(explained).named("explanation.shap.importance")) < 1e-15
    assert not entries(explained, "failed")


def test_one_row_has_no_interval() -> None:
    model = fitted(Ridge(), "regression")
    explained = explain(subject(sklearn_door(model), frame=ROWS.iloc[:1]), ExplainPlan(**QUICK))
    importance = figures(explained).named("explanation.shap.importance")
    assert {(f.low, f.high, f.level, f.n) for f in importance} == {(None, None, None, 1)}
    assert len(explained.cases) == 1
    (series,) = points_of(explained)
    assert set(series.column("position")) <= {0.5, None}


def test_dates_are_ranked_shown_as_text_and_held_fixed() -> None:
    frame = ROWS[["age"]].assign(day=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(ROWS)) % 7, unit="D"))

    def answer(rows: pd.DataFrame) -> Any:
        return (rows["age"] / 10 + rows["day"].dt.day).to_numpy(dtype=float)

    explained = explain(
        subject(Door(None, answer, task="regression"), frame=frame, reference=None), ExplainPlan(**QUICK)
    )
    assert [e.what for e in entries(explained, "dropped")] == ["column day (LIME)"]
    assert dict(explained.cases[0].inputs)["day"].startswith("2020-01-0")
    names = explained.measured.series[0].column("feature")
    places = explained.measured.series[0].column("position")
    assert all(p is not None for n, p in zip(names, places, strict=True) if n == "day")
    weights = figures(explained).named("explanation.lime.weight")
    assert {f.keys["feature"] for f in weights} == {"age"}
    alone = frame[["day"]]
    only = explain(
        subject(
            Door(None, lambda r: r["day"].dt.day.to_numpy(dtype=float), task="regression"), frame=alone, reference=None
        ),
        ExplainPlan(**QUICK),
    )
    assert [m.id for m in only.methods] == ["shap"]
    assert any(e.what == "LIME" for e in entries(only, "not_tested"))


def test_a_very_large_forest_is_explained_on_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explainkit.explain.strategy._LARGE", 10)
    monkeypatch.setattr("explainkit.explain.strategy._NODE_VISITS", 1)
    model = fitted(RandomForestRegressor(3, random_state=0), "regression")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    (entry,) = entries(explained, "sampled")
    assert entry.count == 50
    assert "work" in entry.reason


def test_every_figure_is_named_once_and_has_a_method() -> None:
    model = fitted(RandomForestClassifier(5, random_state=0), "multiclass")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK))
    every: list[Figure] = list(figures(explained))  # raises where an id repeats
    assert [f.id for f in every if f.status == "measured" and not f.method] == []
    measured = [f for f in every if f.status == "measured"]
    assert [f.id for f in measured if type(f.value) not in (int, float)] == []
    assert [f.id for f in every if f.status != "measured" and not f.reason] == []


@pytest.mark.slow
def test_trees_too_deep_for_the_whole_background_are_estimated_and_the_ledger_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from explainkit.explain.tree import explainer, walked

    monkeypatch.setattr(explainer, "MOST_PLAYERS", 0)
    monkeypatch.setattr(explainer, "MOST_AGAINST", 0)
    monkeypatch.setattr(walked, "_BUDGET", 1)
    model = fitted(RandomForestRegressor(3, max_depth=4, random_state=0), "regression")
    explained = explain(subject(sklearn_door(model)), ExplainPlan(**QUICK, kind="interventional"))
    (entry,) = entries(explained, "estimated")
    assert "a seeded sample of 30 of them" in entry.reason
    assert "coalitions" not in entry.reason


def test_the_ledger_says_that_explanations_know_no_weights_and_no_clusters(boosted: Any) -> None:
    _, what, explained = boosted
    assert not any("clusters" in e.what or "weights" in e.what for e in entries(explained, "not_tested"))
    n = what.rows.count
    rows = replace(
        what.rows, weights=np.ones(n), weight_kind="sampling", clusters=np.arange(n) // 2, cluster_column="home"
    )
    told = entries(explain(replace(what, rows=rows), ExplainPlan(**QUICK)), "not_tested")
    assert {"weights in the explanations", "clusters in the explanations"} <= {e.what for e in told}
    assert any("rows of one home" in e.reason for e in told)
