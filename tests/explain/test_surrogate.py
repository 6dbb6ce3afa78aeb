"""LIME against lime itself, called as a user would, and against what it must do to unusual columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lime.lime_tabular import LimeTabularExplainer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

from explainkit.errors import DataError
from explainkit.explain.perturbable import perturbable
from explainkit.explain.surrogate import explain_lime
from tests.explain.doors import Door, names_of, outcomes, sklearn_door, table

ROWS = table()
NUMBERS = ROWS[["amount", "rate", "age"]].astype(float).assign(rate=lambda f: f["rate"].fillna(0.0))
SAMPLES = 800


def explained(door: Door, rows: pd.DataFrame, reference: pd.DataFrame, **given: Any) -> Any:
    positive = 1 if door.task == "binary" else None
    return explain_lime(
        door,
        rows,
        reference,
        **{"task": door.task, "classes": names_of(door), "positive": positive, "samples": SAMPLES, **given},
    )


def lime_itself(model: Any, row: pd.DataFrame, reference: pd.DataFrame, label: int, seed: int, **given: Any) -> Any:
    """Weights in the order of the columns, intercept and score."""
    explainer = LimeTabularExplainer(
        reference.to_numpy(),
        feature_names=list(reference.columns),
        feature_selection="none",
        random_state=np.random.RandomState(seed),
        **given,
    )
    function = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    found = explainer.explain_instance(
        row.to_numpy()[0],
        lambda data: function(pd.DataFrame(data, columns=reference.columns)),
        labels=(label,),
        num_features=reference.shape[1],
        num_samples=SAMPLES,
    )
    return [w for _, w in sorted(found.local_exp[label])], found.intercept[label], found.score


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_weights_are_those_of_lime_for_the_same_random_state(task: str) -> None:
    kind = GradientBoostingRegressor if task == "regression" else RandomForestClassifier
    model = kind(n_estimators=10, random_state=0).fit(NUMBERS, outcomes(ROWS, task))
    door = sklearn_door(model)
    some = NUMBERS.iloc[[3, 50]]
    explanation = explained(door, some, NUMBERS, seed=7)
    labels = {"binary": [1], "multiclass": [0, 1, 2], "regression": [1]}[task]
    mode = "regression" if task == "regression" else "classification"
    for i in range(2):
        for k, label in enumerate(labels):
            weights, intercept, score = lime_itself(model, some.iloc[[i]], NUMBERS, label, 7, mode=mode)
            np.testing.assert_allclose(explanation.values[i, :, k], weights, rtol=0, atol=1e-12)
            assert explanation.base_values[i, k] == pytest.approx(intercept, abs=1e-12)
            assert explanation.fidelity[i, k] == pytest.approx(score, abs=1e-12)
    assert 0 < explanation.fidelity.max() < 1
    assert explanation.space == ("raw" if task == "regression" else "probability")
    answers = door.predict(some)
    np.testing.assert_allclose(explanation.predictions, answers[:, 1:] if task == "binary" else answers)


def test_coded_categories_are_those_of_lime() -> None:
    rows = ROWS[["purpose", "owner", "amount"]].fillna({"purpose": "none"})
    codes = pd.DataFrame(
        {
            "purpose": pd.factorize(rows["purpose"])[0],
            "owner": pd.factorize(rows["owner"])[0],
            "amount": rows["amount"],
        }
    ).astype(float)
    words = list(pd.factorize(rows["purpose"])[1])
    flags = list(pd.factorize(rows["owner"])[1])

    def answer(data: pd.DataFrame) -> np.ndarray:
        return ((data["purpose"] == "car") * 2 + data["owner"] * 1 + (data["amount"] > 1000)).to_numpy(dtype=float)

    class Coded:
        def predict(self, data: pd.DataFrame) -> np.ndarray:
            plain = data.assign(
                purpose=[words[int(c)] for c in data["purpose"]], owner=[flags[int(c)] for c in data["owner"]]
            )
            return answer(plain)

    # lime orders the values that it draws, so the codes must be given out in the same order: by first appearance.
    explanation = explained(Door(None, answer, task="regression"), rows.iloc[[0]], rows)
    weights, intercept, _ = lime_itself(
        Coded(), codes.iloc[[0]], codes, 1, 0, mode="regression", categorical_features=[0, 1]
    )
    np.testing.assert_allclose(explanation.values[0, :, 0], weights, atol=1e-12)
    assert explanation.base_values[0, 0] == pytest.approx(intercept)
    assert explanation.features == ("purpose", "owner", "amount")


def test_a_case_does_not_depend_on_the_cases_beside_it_and_a_run_repeats_to_the_bit() -> None:
    model = RandomForestClassifier(10, random_state=0).fit(NUMBERS, outcomes(ROWS, "binary"))
    door = sklearn_door(model)
    many = explained(door, NUMBERS.iloc[[9, 4, 7]], NUMBERS)
    again = explained(door, NUMBERS.iloc[[9, 4, 7]], NUMBERS)
    alone = explained(door, NUMBERS.iloc[[7]], NUMBERS)
    assert many.values.tobytes() == again.values.tobytes()
    assert many.values[2].tobytes() == alone.values[0].tobytes()
    assert many.fidelity[2].tobytes() == alone.fidelity[0].tobytes()
    assert (explained(door, NUMBERS.iloc[[7]], NUMBERS, seed=1).values != alone.values).any()


def test_all_samples_are_predicted_in_one_call_for_all_classes() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(NUMBERS, outcomes(ROWS, "multiclass"))
    door = sklearn_door(model)
    explained(door, NUMBERS.iloc[[1, 2]], NUMBERS)
    assert sorted(door.calls) == [2, SAMPLES, SAMPLES]


UNUSUAL = pd.DataFrame(
    {
        "rate": [0.5, np.nan, -1.0, 2.5, np.inf, 0.0, 1.0, -2.0],
        "whole": [1, 2, 3, 4, 5, 6, 70, 8],
        "nullable": pd.array([1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
        "flag": pd.Series([True, None, False, True, None, False, True, False], dtype=object),
        "level": pd.Categorical(["a", "b", None, "c", "a", "b", "c", None], categories=["c", "a", "b"]),
        "word": pd.Series(["x", None, "y", "x", "y", "x", None, "y"], dtype="str"),
        "day": pd.to_datetime(["2020-01-01", None, "2021-06-05", "2022-01-01"] * 2),
        "same": [3.0] * 8,
        "single": np.arange(8, dtype="float32"),
    }
)
SEEN: list[pd.DataFrame] = []


def recorded(rows: pd.DataFrame) -> np.ndarray:
    SEEN.append(rows)
    score = (rows["level"] == "a") + (rows["word"] == "x") + rows["whole"] / 10 + (rows["flag"] == True)  # noqa: E712
    return score.to_numpy(dtype=float)


def test_unusual_columns_come_to_the_model_in_their_own_types() -> None:
    SEEN.clear()
    explanation = explained(Door(None, recorded, task="regression"), UNUSUAL.iloc[[1, 4]], UNUSUAL)
    perturbed = [frame for frame in SEEN if len(frame) == SAMPLES]
    assert len(perturbed) == 2
    for frame, row in zip(perturbed, (1, 4), strict=True):
        assert list(frame.columns) == list(UNUSUAL.columns)
        assert (frame.dtypes == UNUSUAL.dtypes).all()
        assert set(map(type, frame["flag"])) <= {bool, type(None)}
        assert frame["whole"].nunique() > 2
        assert set(frame["word"].dropna()) == {"x", "y"}
        assert frame["word"].isna().any()
        assert frame["level"].isna().any()
        assert (frame["day"].isna() if row == 1 else frame["day"] == UNUSUAL["day"][row]).all()  # held
        assert np.isfinite(frame["rate"]).all()
    assert explanation.features == tuple(c for c in UNUSUAL.columns if c != "day")
    weights = dict(zip(explanation.features, explanation.values[0, :, 0], strict=True))
    assert abs(weights["level"]) > 0.1
    assert weights["same"] == pytest.approx(0.0, abs=1e-9)


def test_what_is_imputed_and_held_fixed_is_said() -> None:
    space = perturbable(UNUSUAL, UNUSUAL.iloc[[1, 4]])
    said = {(n.kind, n.what): n for n in space.notes}
    assert said[("imputed", "column rate (LIME)")].count == 4  # two in the reference, two in the rows
    assert said[("imputed", "column nullable (LIME)")].count == 2
    assert ("dropped", "column day (LIME)") in said
    assert len(said) == 3
    median = float(np.median([0.5, -1.0, 2.5, 0.0, 1.0, -2.0]))
    assert space.rows[:, 0].tolist() == [median, median]


def test_a_model_that_always_answers_the_same_has_no_fidelity() -> None:
    explanation = explained(Door(None, lambda rows: np.ones(len(rows)), task="regression"), NUMBERS.iloc[[0]], NUMBERS)
    assert np.isnan(explanation.fidelity).all()
    np.testing.assert_allclose(explanation.values, 0, atol=1e-12)


def test_dates_alone_cannot_be_perturbed() -> None:
    door = Door(None, lambda rows: np.ones(len(rows)), task="regression")
    with pytest.raises(DataError, match="perturb"):
        explained(door, UNUSUAL[["day"]], UNUSUAL[["day"]])


def test_one_feature_and_one_row() -> None:
    door = Door(None, lambda rows: rows["amount"].to_numpy() / 1000, task="regression")
    explanation = explained(door, NUMBERS[["amount"]].iloc[:1], NUMBERS[["amount"]])
    assert explanation.values.shape == (1, 1, 1)
    assert explanation.fidelity[0, 0] > 0.1


def test_nothing_is_drawn_from_the_global_random_state_and_nothing_is_printed(capfd: Any) -> None:
    np.random.seed(11)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    explained(Door(None, recorded, task="regression"), UNUSUAL.iloc[[0]], UNUSUAL)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert capfd.readouterr() == ("", "")
