"""The demo's card says what plain pandas, scikit-learn and shap say of German Credit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn import metrics

import explainkit as ek
from explainkit.figures import figure_id
from explainkit.load.assemble import load_subject
from explainkit.load.open_model import TRUSTED_TYPES
from explainkit.pipeline import gather

EXACT = 1e-12


@pytest.fixture(scope="module")
def case(sample_models: Path) -> Path:
    return sample_models / "credit"


@pytest.fixture(scope="module")
def evidence(case: Path) -> ek.Evidence:
    plan = ek.read_plan(case / "audit.toml")
    return gather(load_subject(plan, base=case), plan)


@pytest.fixture(scope="module")
def rows(case: Path) -> pd.DataFrame:
    return pd.read_parquet(case / "test.parquet")


@pytest.fixture(scope="module")
def model(case: Path) -> Any:
    return skops.io.load(case / "model.skops", trusted=list(TRUSTED_TYPES))


@pytest.fixture(scope="module")
def scores(model: Any, rows: pd.DataFrame) -> np.ndarray:
    answer: np.ndarray = model.predict_proba(rows[list(model.feature_names_in_)])[:, 1]
    return answer


def test_performance(evidence: ek.Evidence, rows: pd.DataFrame, scores: np.ndarray) -> None:
    figures, bad = evidence.figure_set, rows["credit_risk"]
    assert figures["performance.roc_auc"].value == pytest.approx(metrics.roc_auc_score(bad, scores), abs=EXACT)
    accuracy = metrics.accuracy_score(bad, scores >= 0.17)
    assert figures["performance.accuracy"].value == pytest.approx(accuracy, abs=EXACT)
    assert figures["performance.selection_rate"].value == pytest.approx(np.mean(scores < 0.17), abs=EXACT)
    assert figures["performance.brier"].status == "not_tested"


def test_selection_and_impact_ratio_by_age(evidence: ek.Evidence, rows: pd.DataFrame, scores: np.ndarray) -> None:
    bands = pd.cut(rows["age"], [0, 26, 41, 200], right=False, labels=["below 26", "26 to 40", "41 and over"])
    rates = pd.Series(scores < 0.17).groupby(bands, observed=True).mean()
    assert len(rates) == 3
    for band, rate in rates.items():
        figures = evidence.figure_set
        selection = figures[figure_id("fairness.selection_rate", age=str(band))]
        ratio = figures[figure_id("fairness.impact_ratio", age=str(band))]
        assert selection.value == pytest.approx(rate, abs=EXACT)
        assert ratio.value == pytest.approx(rate / rates["26 to 40"], abs=EXACT)
        assert "accepted" in str(selection.numerator)


def test_shap_values_are_shaps_own(evidence: ek.Evidence, model: Any, rows: pd.DataFrame, shap: Any) -> None:
    """Sums over one-hot columns are the values of raw columns here: no path of these trees asks for three columns."""
    assert model[-1].max_depth == 2
    inputs = rows[list(model.feature_names_in_)]
    matrix = model[:-1].transform(inputs).toarray()
    values = shap.TreeExplainer(model[-1])(matrix).values
    raw = [name.partition("__")[2] for name in model[:-1].get_feature_names_out()]
    columns = [next(c for c in sorted(inputs, key=len, reverse=True) if name.startswith(c)) for name in raw]
    margin, figures = model.decision_function(inputs), evidence.figure_set
    assert [m.players for m in evidence.methods if m.id == "shap"] == ["raw columns"]
    for chosen in evidence.cases:
        row, total = int(chosen.key) - 1, 0.0
        for feature in inputs.columns:
            own = values[row, [c == feature for c in columns]].sum()
            found = figures[figure_id("explanation.shap.contribution", case=chosen.key, feature=feature)].value
            assert found == pytest.approx(own, abs=1e-9)
            total += float(found or 0)
        base = figures[figure_id("explanation.shap.base", case=chosen.key)].value
        assert total + float(base or 0) == pytest.approx(margin[row], abs=1e-9)
    assert float(figures["explanation.shap.residual_max"].value or 0) <= 1e-9
    for feature in inputs.columns:
        own = np.abs(sum(values[:, i] for i, c in enumerate(columns) if c == feature)).mean()
        found = figures[figure_id("explanation.shap.importance", feature=feature)].value
        assert found == pytest.approx(own, abs=1e-9)


def test_what_is_not_an_input_is_not_explained(evidence: ek.Evidence) -> None:
    explained = {f.keys["feature"] for f in evidence.figure_set.named("explanation.shap.importance")}
    assert len(explained) == 17
    assert not explained & {"age", "marital_status", "foreign_worker", "case", "credit_risk"}


def test_page_one_says_what_the_data_is(evidence: ek.Evidence) -> None:
    assert evidence.population == ("accepted only", "resampled")
    answers = {s.id: s.answer for s in evidence.statements}
    for words in ("1,000 credits", "granted", "1973 to 1975", "oversampled"):
        assert words in str(answers["population_description"])
    assert evidence.draft == ()
