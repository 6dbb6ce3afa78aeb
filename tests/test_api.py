"""The Python calls: the same job as the command line, on models and frames in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import explainkit as ek
from explainkit.artifact import sha256_of
from explainkit.errors import ModelError, PlanError
from explainkit.public import Summary
from tests.report.number_check import problems

pytestmark = pytest.mark.usefixtures("front_page_alone", "warm_models")
SMALL: dict[str, Any] = {
    "explain": {"local": 2, "lime_samples": 200, "rows": 60},
    "statements": {"population": "all cases"},
}


def rows(count: int = 240, seed: int = 11) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"income": rng.normal(size=count), "debt": rng.normal(size=count)})
    frame["bad"] = (frame["debt"] - frame["income"] + rng.normal(size=count) > 0).astype(int)
    frame["region"] = rng.choice(["north", "south"], count)
    return frame


@pytest.fixture(scope="module")
def model() -> GradientBoostingClassifier:
    data = rows(seed=1)
    return GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0).fit(
        data[["income", "debt"]], data["bad"]
    )


def audit(model: Any, data: pd.DataFrame, **more: Any) -> ek.Release:
    inputs = data[["income", "debt"]]
    return ek.audit(
        model,
        inputs,
        data["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=data[["region"]],
        **{"plan": SMALL, "reference": inputs, **more},
    )


def test_a_model_in_memory(model: Any, tmp_path: Path) -> None:
    data = rows()
    release = audit(model, data, plan={**SMALL, "fairness": {"basis": {"region": "for a test"}}})
    figures = release.evidence.figure_set
    scores = model.predict_proba(data[["income", "debt"]])[:, 1]
    assert figures["performance.roc_auc"].value == pytest.approx(metrics.roc_auc_score(data["bad"], scores), abs=1e-12)
    selected = pd.Series(scores < 0.5).groupby(data["region"]).mean()
    for region, rate in selected.items():
        assert figures[f"fairness.selection_rate[region={region}]"].value == pytest.approx(rate, abs=1e-12)
    assert release.evidence.draft == ()
    assert release.file("card.pdf").startswith(b"%PDF-1.7")
    folder = release.save(tmp_path / "release")
    assert (folder / "card.json").read_bytes() == release.file("card.json") == release.evidence.to_json()
    assert release._repr_html_().startswith("<iframe sandbox")


def test_a_public_summary_stands_beside_the_card(model: Any, tmp_path: Path) -> None:
    data = rows()
    data.loc[:2, "region"] = "isle"
    plan = {**SMALL, "fairness": {"basis": {"region": "for a test"}}, "public": {"min_count": 12}}
    release = audit(model, data, plan=plan)
    summary = Summary.from_json(release.file("public/summary.json"))
    assert summary.card == "sha256:" + sha256_of(release.file("card.json"))
    assert summary.min_count == 12
    status = {f.id: f.status for f in summary.figures}
    assert status["fairness.count[region=isle]"] == "suppressed"
    assert list(status.values()).count("measured") > 10
    assert problems(release.file("public/summary.html"), summary.as_evidence()) == []
    folder = release.save(tmp_path / "release")
    assert (folder / "public" / "summary.pdf").read_bytes() == release.file("public/summary.pdf")
    again = audit(model, data, plan=plan)
    assert [f.data for f in again.files] == [f.data for f in release.files]


def test_page_one_names_sensitive_columns_without_a_legal_basis(model: Any) -> None:
    release = audit(model, rows())
    figures = release.evidence.figure_set
    assert figures["fairness.count[region=north]"].status == "measured"
    assert figures["fairness.selection_rate[region=north]"].status == "not_tested"
    front = release.file("card.html").decode().partition('id="summary"')[0]
    assert "No legal basis stated, not tested:" in front
    assert "differences by region" in front.partition("No legal basis stated, not tested:")[2]


def test_saved_and_signed(model: Any, tmp_path: Path) -> None:
    from explainkit.sign.keys import make_test_pki

    keys = make_test_pki(tmp_path / "keys", passphrase="open sesame")
    audit(model, rows()).save(tmp_path / "release", signer=keys.signer)
    assert ek.verify_release(tmp_path / "release", trust=[keys.ca]).state == "valid"
    assert ek.verify_release(tmp_path / "release").state == "indeterminate"


def test_a_group_of_columns_stands_on_the_card_as_one_input(model: Any) -> None:
    data = rows().assign(age=lambda d: 40 + 10 * d["debt"].round(1), flat=1.5)
    inputs = data[["income", "debt", "age", "flat"]]
    wider = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0).fit(inputs, data["bad"])
    groups = {"what is owed": ["debt", "income"], "age & home": ["age", "flat"]}
    plan = {**SMALL, "explain": {**SMALL["explain"], "groups": groups, "output": "rescaled"}}
    release = ek.audit(
        wider,
        inputs,
        data["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=data[["age"]].lt(40),
        reference=inputs,
        plan=plan,
    )
    figures = release.evidence.figure_set
    assert [f.keys["feature"] for f in figures.named("explanation.shap.importance")] == ["what is owed", "age & home"]
    shap = release.evidence.methods[0]
    assert (shap.players, shap.exactness, shap.space) == ("raw columns, some in groups", "rescaled", "probability")
    for case in release.evidence.cases:
        at = f"case={case.key}"
        parts = [figures[f'explanation.shap.contribution[{at},feature="{name}"]'].value for name in groups]
        whole = figures[f"explanation.shap.output[{at}]"].value
        assert figures[f"explanation.shap.base[{at}]"].value + sum(parts) == pytest.approx(whole, abs=1e-12)
        assert figures[f"case.score[{at}]"].value == pytest.approx(whole, abs=1e-12)
    page = release.file("card.html").decode()
    assert "Group of inputs" in page
    assert "a group of columns has no value of its own" in page
    assert problems(release.file("card.html"), release.evidence) == []
    with pytest.raises(PlanError, match=r"explain\.groups\.g: no such input"):
        audit(model, rows(), plan={"explain": {"groups": {"g": ["income", "depth"]}}})


def test_what_is_not_stated_makes_a_draft(model: Any) -> None:
    data = rows()
    release = ek.audit(model, data[["income", "debt"]], data["bad"], plan={"explain": SMALL["explain"]})
    assert [d.partition(" stated")[0] for d in release.evidence.draft] == [
        "no threshold",
        "no favourable outcome",
        "no population",
    ]
    figures = release.evidence.figure_set
    assert figures["performance.accuracy"].status == "not_tested"
    assert "model.threshold" in str(figures["performance.accuracy"].reason)
    assert b"DRAFT" in release.file("card.html")
    assert b"DRAFT" in release.file("public/summary.html")


@pytest.mark.usefixtures("no_pages")
def test_polars_gives_the_same_figures(model: Any) -> None:
    polars = pytest.importorskip("polars")
    data = rows()
    one = audit(model, data)
    inputs = polars.from_pandas(data[["income", "debt"]])
    other = ek.audit(
        model,
        inputs,
        polars.Series("bad", data["bad"].to_list()),
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=polars.from_pandas(data[["region"]]),
        reference=inputs,
        plan=SMALL,
    )
    assert one.evidence.figures == other.evidence.figures


@pytest.mark.usefixtures("no_pages")
def test_a_function_of_a_frame() -> None:
    data = rows()
    release = audit(lambda frame: 1 / (1 + np.exp(frame["income"] - frame["debt"])), data)
    scores = 1 / (1 + np.exp(data["income"] - data["debt"]))
    value = release.evidence.figure_set["performance.roc_auc"].value
    assert value == pytest.approx(metrics.roc_auc_score(data["bad"], scores), abs=1e-12)
    assert release.evidence.model.digest is None


@pytest.mark.usefixtures("no_pages")
def test_predictions_only() -> None:
    data = rows().assign(score=lambda d: 1 / (1 + np.exp(d["income"])))
    release = ek.audit(
        None,
        data[["score"]],
        data["bad"],
        positive=1,
        favourable=0,
        threshold=">=0.5",
        sensitive=data["region"],
        plan={**SMALL, "data": {"score": "score"}},
    )
    value = release.evidence.figure_set["performance.roc_auc"].value
    assert value == pytest.approx(metrics.roc_auc_score(data["bad"], data["score"]), abs=1e-12)
    assert any("explanations need the model" in e.reason for e in release.evidence.ledger)


@pytest.mark.usefixtures("no_pages")
def test_regression_and_multiclass() -> None:
    data = rows()
    X, y = data[["income", "debt"]], data["debt"] * 3 + data["income"]
    forest = RandomForestRegressor(n_estimators=10, random_state=0).fit(X, y)
    release = ek.audit(forest, X, y.rename("loss"), sensitive=data["region"], reference=X, plan=SMALL)
    value = release.evidence.figure_set["performance.mae"].value
    assert value == pytest.approx(metrics.mean_absolute_error(y, forest.predict(X)), abs=1e-12)
    grade = pd.cut(y, [-99, -1, 1, 99], labels=["low", "mid", "high"]).astype(str)
    linear = LogisticRegression().fit(X, grade)
    release = ek.audit(linear, X, grade.rename("grade"), favourable="low", reference=X, plan=SMALL)
    value = release.evidence.figure_set["performance.accuracy"].value
    assert value == pytest.approx(metrics.accuracy_score(grade, linear.predict(X)), abs=1e-12)


def test_explanations_of_single_rows(model: Any) -> None:
    data = rows()[["income", "debt"]]
    shap = ek.explain_shap(model, data[:7])
    assert shap.values.shape == (7, 2, 1)
    assert np.abs(shap.residual).max() < 1e-6
    np.testing.assert_allclose(shap.predictions[:, 0], model.decision_function(data[:7]), atol=1e-9)
    other = ek.explain_shap(model, data[:7], positive=0)
    np.testing.assert_allclose(other.values, -shap.values)
    lime = ek.explain_lime(model, data, reference=data, rows=[3, 0], samples=200)
    assert lime.values.shape == (2, 2, 1)
    assert lime.fidelity is not None
    function = ek.explain_shap(lambda f: 1 / (1 + np.exp(-f["debt"])), data[:5], classes=["good", "bad"])
    assert (function.outputs, function.space) == (("bad",), "probability")
    assert np.abs(function.residual).max() < 1e-12
    assert ek.explain_shap(lambda f: f["debt"] * 3, data[:5]).space == "raw"
    again = ek.explain_lime(model, data, reference=data, rows=[0], samples=200)
    np.testing.assert_array_equal(lime.values[1], again.values[0])


@pytest.mark.usefixtures("no_pages")
def test_a_saved_model_is_named_by_its_file(tmp_path: Path) -> None:
    import xgboost

    data = rows()
    model = xgboost.XGBClassifier(n_estimators=10, max_depth=2, n_jobs=1).fit(data[["income", "debt"]], data["bad"])
    file = tmp_path / "model.json"
    model.save_model(file)
    saved, held = audit(file, data), audit(model, data)
    assert saved.evidence.model.digest == f"sha256:{sha256_of(file.read_bytes())}"
    assert saved.evidence.model.digest_of == "the file model.json"
    assert held.evidence.model.digest_of == "the model as UBJ"
    assert saved.evidence.figures == held.evidence.figures
    (tmp_path / "audit.toml").write_text('[model]\npath = "model.json"\npositive = "1"\n')
    assert audit(None, data, plan=tmp_path / "audit.toml").evidence.model == saved.evidence.model


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, d: ek.audit(m, d[["income"]], d["bad"]), "column debt: the data lacks inputs of the model"),
        (lambda m, d: ek.audit(m, d[["income", "debt"]], d["bad"][:5]), "not as many values as rows; found 5 values"),
        (lambda m, d: ek.audit(7, d, d["bad"]), "neither a model nor a function; found builtins.int"),
        (lambda m, d: ek.audit("model.pkl", d, d["bad"]), "model.pkl: no such model file"),
        (lambda m, d: ek.audit("models:/none/1", d, d["bad"]), "models:/none/1"),
        (lambda m, d: ek.audit(m, [1, 2], d["bad"]), "not a table; found builtins.list"),
        (lambda m, d: ek.audit(m, d, plan=7), "not a plan; found int"),
        (lambda m, d: ek.audit(m, d[["income", "debt"]], d["bad"], threshold="0.5"), "the threshold needs its side"),
        (lambda m, d: ek.explain_shap(m, d[["debt"]]), "the data lacks inputs of the model; remedy: known: debt"),
        (lambda m, d: ek.explain_shap(m, d, positive="x"), "no such class; found 'x'"),
        (lambda m, d: ek.audit(SVC().fit(d[["debt"]], d["bad"]), d[["debt"]], d["bad"]), "gives no probabilities"),
    ],
)
def test_errors_name_what_to_do(model: Any, call: Any, words: str) -> None:
    with pytest.raises(ek.InputError) as caught:
        call(model, rows())
    assert words in str(caught.value)


def test_boosters_that_name_columns_in_their_own_way_are_explained() -> None:
    import catboost
    import lightgbm

    data = rows().rename(columns={"income": "net income"})[["net income", "debt", "bad"]]
    named, numbers = data[["net income", "debt"]], data[["net income", "debt"]].to_numpy()
    given = {"n_estimators": 5, "verbose": -1, "min_child_samples": 5}
    spaced = lightgbm.LGBMClassifier(**given).fit(named, data["bad"])
    expected = spaced.predict(named[:9], pred_contrib=True)[:, :-1]
    np.testing.assert_allclose(ek.explain_shap(spaced, named[:9]).values[:, :, 0], expected, atol=1e-12)
    unnamed = lightgbm.LGBMClassifier(**given).fit(numbers, data["bad"])
    np.testing.assert_allclose(ek.explain_shap(unnamed, numbers[:9]).values[:, :, 0], expected, atol=1e-12)
    cat = catboost.CatBoostClassifier(iterations=5, depth=3, verbose=False, allow_writing_files=False)
    cat.fit(numbers, data["bad"])
    theirs = cat.get_feature_importance(catboost.Pool(numbers[:9]), type="ShapValues")[:, :-1]
    np.testing.assert_allclose(ek.explain_shap(cat, numbers[:9]).values[:, :, 0], theirs, atol=1e-9)


def test_several_targets_are_refused_in_one_line() -> None:
    data = rows()
    both = RandomForestRegressor(3, random_state=0).fit(data[["income", "debt"]], data[["income", "debt"]])
    with pytest.raises(ModelError, match="several targets") as caught:
        ek.explain_shap(both, data[["income", "debt"]])
    assert "\n" not in str(caught.value)
