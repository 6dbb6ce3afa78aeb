"""LIME against lime itself, called as a user would, and against what it must do to unusual columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lime.lime_tabular import LimeTabularExplainer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

from explainkit.errors import DataError
from explainkit.explain.lime.fit import local_fit
from explainkit.explain.lime.perturbable import perturbable
from explainkit.explain.lime.sampling import sampler
from explainkit.explain.lime.surrogate import explain_lime
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


def test_samples_are_predicted_in_one_call_for_all_rows_and_classes() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(NUMBERS, outcomes(ROWS, "multiclass"))
    door = sklearn_door(model)
    explained(door, NUMBERS.iloc[[1, 2, 3]], NUMBERS)
    assert sorted(door.calls) == [3, 3, SAMPLES - 1]  # the rows as they are, the rows as perturbed ones start, the rest


def test_memory_set_aside_bounds_every_call_and_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ROWS.assign(day=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(ROWS)) % 3, unit="D"))
    some = rows.iloc[[0, 1, 2, 3, 7]]

    def answer(frame: pd.DataFrame) -> np.ndarray:
        return (frame["day"].dt.day * (frame["age"] > 40) + (frame["purpose"] == "car")).to_numpy(dtype=float)

    def calls_and_weights() -> tuple[list[int], Any]:
        door = Door(None, answer, task="regression")
        return door.calls, explained(door, some, rows)

    calls, whole = calls_and_weights()
    assert sorted(calls) == [5, 5, 3 * (SAMPLES - 1)]  # three days: rows of one day share the answers
    assert whole.base_values[2, 0] > whole.base_values[0, 0] + 0.5  # the day of each row was held, not another's
    for cells in (2 * 6 * SAMPLES, 6 * SAMPLES // 3, 240):
        monkeypatch.setattr("explainkit.explain.lime.surrogate._CELLS", cells)
        calls, parts = calls_and_weights()
        assert max(calls) <= max(5, cells // 6)
        assert sum(calls) == 10 + 3 * (SAMPLES - 1)
        assert parts.values.tobytes() == whole.values.tobytes()
        assert parts.fidelity.tobytes() == whole.fidelity.tobytes()


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
    (both,) = [frame for frame in SEEN if len(frame) == 2 * (SAMPLES - 1)]
    halves = (both.iloc[: SAMPLES - 1], both.iloc[SAMPLES - 1 :])
    for frame, row in zip(halves, (1, 4), strict=True):
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


def reflected(matrix: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(matrix).sum(axis=1), (matrix[:, 0] > matrix[:, 1]) * 1e6 + matrix[:, 2]], axis=1)


@pytest.mark.parametrize("seed", [0, 3])
def test_lime_fits_our_samples_as_we_do(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers, a constant, bins of one value and categories, where our samples are not lime's own."""
    rng = np.random.default_rng(seed)
    count = 300
    frame = pd.DataFrame(
        {
            "heavy": rng.standard_cauchy(count),
            "whole": rng.integers(1, 5, count),
            "same": np.full(count, 3.0),
            "atom": np.where(rng.random(count) < 0.6, 7.0, rng.normal(size=count)),
            "kind": rng.choice(["a", "b", "c"], count),
        }
    )
    space = perturbable(frame, frame.iloc[[4, 8]])
    made = sampler(space)
    draws = made.draw(SAMPLES, seed)
    for row in range(2):
        own = made.codes(space.rows)[:, row]
        inverse = np.vstack([space.rows[row], draws.values])
        same = np.vstack([np.ones(5), (draws.codes == own[:, None]).T])
        found = local_fit(draws.codes == own[:, None], reflected(draws.values).T, reflected(space.rows[[row]])[0])
        for output in range(2):
            explainer = LimeTabularExplainer(
                space.reference, mode="regression", categorical_features=[4], feature_selection="none"
            )
            monkeypatch.setattr(
                explainer, "_LimeTabularExplainer__data_inverse", lambda *_, given=(same, inverse): given
            )
            theirs = explainer.explain_instance(
                space.rows[row], lambda m, k=output: reflected(m)[:, k], num_features=5, num_samples=SAMPLES
            )
            size = np.abs(found.weights[:, output]).max()
            weights = [w for _, w in sorted(theirs.local_exp[1])]
            np.testing.assert_allclose(found.weights[:, output], weights, rtol=0, atol=1e-11 * size)
            assert found.intercepts[output] == pytest.approx(theirs.intercept[1], rel=1e-11)
            assert found.fidelity[output] == pytest.approx(theirs.score, abs=1e-11)
            assert size > 0.01


def test_a_bin_of_one_value_is_perturbed_to_that_value() -> None:
    rows = pd.DataFrame({"same": [3.0] * 8, "least": [5.0] * 4 + [6.0, 7.0, 8.0, 9.0], "whole": [4] * 5 + [5, 6, 7]})
    seen = []

    def answer(frame: pd.DataFrame) -> np.ndarray:
        seen.append(frame)
        return frame["same"].to_numpy() + frame["least"].to_numpy()

    explanation = explained(Door(None, answer, task="regression"), rows.iloc[[0]], rows)
    (frame,) = [frame for frame in seen if len(frame) == SAMPLES - 1]
    assert (frame["same"] == 3.0).all()
    assert frame["least"].between(5.0, 9.0).all()
    assert 0.4 < (frame["least"] == 5.0).mean() < 0.6  # lime puts 0 there
    assert set(frame["whole"]) <= {4, 5, 6, 7}
    assert explanation.values[0, 0, 0] == 0.0
    assert explanation.values[0, 1, 0] < -0.5


def test_whole_numbers_stay_in_the_bin_that_they_count_for() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"few": rng.integers(-2, 3, 500), "many": rng.geometric(0.01, 500) * 10, "big": 2**62})
    rows.loc[::2, "big"] = np.iinfo(np.int64).max
    space = perturbable(rows, rows.iloc[[0]])
    made = sampler(space)
    draws = made.draw(SAMPLES, 1)
    assert (draws.values == np.rint(draws.values)).all()
    np.testing.assert_array_equal(made.codes(draws.values), draws.codes)
    frame = space.decode(draws.values, np.zeros(len(draws.values), dtype=np.intp))
    assert (frame["few"].dtype, frame["few"].min(), frame["few"].max()) == (np.int64, -2, 2)
    assert frame["big"].min() >= 2**62  # nothing wrapped round


@pytest.mark.parametrize("own", [0, 1])
def test_a_single_reference_row(own: int) -> None:
    door = Door(None, lambda rows: rows["amount"].to_numpy() / 1000, task="regression")
    rows = pd.DataFrame({"amount": [200.0, 300.0], "kind": ["a", "b"]})
    explanation = explained(door, rows.iloc[[own]], rows.iloc[[0]])
    # All perturbed rows are the reference row: the row explained is like them, or differs in both columns.
    if own == 0:
        assert np.isnan(explanation.fidelity).all()
        assert (explanation.values == 0).all()
        return
    others = (SAMPLES - 1) * np.exp(-1 / 0.75**2 / 2)  # weights at a distance of the square root of 2
    between = others / (1 + others)  # the row explained weighs 1
    np.testing.assert_allclose(explanation.values[0, :, 0], 0.1 * between / (2 * between + 1), rtol=1e-12)


def test_rows_none_at_all() -> None:
    door = Door(None, lambda rows: rows["amount"].to_numpy() / 1000, task="regression")
    explanation = explained(door, NUMBERS.iloc[:0], NUMBERS)
    assert explanation.values.shape == (0, 3, 1)


def test_doubles_come_in_one_block_with_those_held_in_their_places() -> None:
    rows = NUMBERS.assign(none=np.nan)[["amount", "none", "rate", "age"]]
    some = rows.iloc[[3, 4]].assign(none=[7.0, -0.0])
    seen = []

    def answer(frame: pd.DataFrame) -> np.ndarray:
        seen.append(frame)
        return frame["none"].to_numpy() + (frame["age"] > 40)

    explanation = explained(Door(None, answer, task="regression"), some, rows)
    (frame,) = [frame for frame in seen if len(frame) == 2 * (SAMPLES - 1)]
    assert list(frame.columns) == list(rows.columns)
    assert np.shares_memory(frame.to_numpy(), frame.to_numpy())  # no copy is needed to see it as a matrix
    assert (frame["none"] == np.repeat([7.0, 0.0], SAMPLES - 1)).all()
    assert explanation.features == ("amount", "rate", "age")
    for name in explanation.features:
        assert frame[name].between(rows[name].min(), rows[name].max()).all()
    np.testing.assert_array_equal(frame[: SAMPLES - 1]["age"], frame[SAMPLES - 1 :]["age"])
    np.testing.assert_allclose(explanation.base_values[0] - 7, explanation.base_values[1], atol=0.4)


def test_what_cannot_be_drawn_from_is_refused() -> None:
    door = Door(None, lambda rows: np.ones(len(rows)), task="regression")
    with pytest.raises(DataError, match="no rows to draw"):
        explained(door, NUMBERS.iloc[:1], NUMBERS.iloc[:0])
    with pytest.raises(DataError, match="2 or more"):
        explained(door, NUMBERS.iloc[:1], NUMBERS, samples=1)
