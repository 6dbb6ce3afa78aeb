"""ONNX models: values against the definition, asked of ONNX Runtime itself, and against shap on the model exported."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, StandardScaler

from explainkit.explain.inside import Inside, Opaque, look_inside
from explainkit.explain.players import players_of
from explainkit.explain.shapley import explain_shap
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.models.base import Adapter
from explainkit.load.open_model import open_model
from tests import onnx_graphs
from tests.onnx_graphs import classic, graft, graph, modern

COLUMNS = ["a", "b", "c", "d"]


def opened(model: Any, folder: Path) -> Adapter:
    path = folder / "model"
    path.write_bytes(model.SerializeToString())
    return open_model(path)


def door(adapter: Adapter, frame: pd.DataFrame) -> np.ndarray:
    return adapter.predict(adapter.adapt(frame)[0])


def inside(adapter: Adapter, frame: pd.DataFrame) -> Inside | Opaque:
    return look_inside(adapter.native, adapter.adapt(frame.iloc[:3])[0])


def shapley(answers: Callable[[np.ndarray], np.ndarray], row: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The definition: all coalitions, unknown columns from every row of the background; shape (columns, outputs)."""
    count = len(row)
    coalitions = list(itertools.product([False, True], repeat=count))
    mixed = np.concatenate([np.where(known, row, behind) for known in coalitions])
    worth = dict(zip(coalitions, answers(mixed).reshape(len(coalitions), len(behind), -1).mean(axis=1), strict=True))
    found = []
    for player in range(count):
        without = [known for known in coalitions if not known[player]]
        weights = [math.factorial(sum(k)) * math.factorial(count - sum(k) - 1) / math.factorial(count) for k in without]
        gains = [worth[(*k[:player], True, *k[player + 1 :])] - worth[k] for k in without]
        found.append(sum(weight * gain for weight, gain in zip(weights, gains, strict=True)))
    return np.array(found)


def explained(adapter: Adapter, frame: pd.DataFrame, rows: int = 4, behind: int = 20) -> Explanation:
    classes = ("prediction",) if adapter.classes is None else tuple(map(str, adapter.classes))
    return explain_shap(
        adapter,
        frame.iloc[:rows],
        background=frame.iloc[rows : rows + behind],
        task=adapter.task or "regression",
        classes=classes,
    )


FORMS: dict[str, tuple[Any, int]] = {
    "versions 1 and 3": (TensorProto.FLOAT, 6),
    "versions 1 and 3, double": (TensorProto.DOUBLE, 6),
    "version 5": (TensorProto.FLOAT, 7),
    "version 5, double": (TensorProto.DOUBLE, 7),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", FORMS)
def test_every_test_of_a_node_as_onnx_runtime_makes_it(form: str, seed: int, tmp_path: Path) -> None:
    elem, modes = FORMS[form]
    rng = np.random.default_rng(seed)
    trees = [graft(rng, 4, 4, modes=modes) for _ in range(6)]
    double = elem == TensorProto.DOUBLE
    if form.startswith("version 5"):
        found = modern(trees, np.float64 if double else np.float32)
        model = graph("TreeEnsemble", found, columns=4, elem=elem, opset=5)
    else:
        model = graph("TreeEnsembleRegressor", classic(trees) | {"n_targets": 1}, columns=4, elem=elem)
    adapter = opened(model, tmp_path)
    frame = pd.DataFrame(onnx_graphs.rows(rng, 80, 4), columns=COLUMNS)
    values = frame.to_numpy() if double else frame.to_numpy().astype(np.float32)
    walked = np.array([onnx_graphs.answer(trees, row) for row in values])
    np.testing.assert_allclose(door(adapter, frame), walked, rtol=0, atol=1e-5)

    read = inside(adapter, frame)
    assert isinstance(read, Inside)
    assert read.ensemble is not None
    found_values = explained(adapter, frame)
    assert found_values.exactness == "exact"
    assert found_values.method.startswith("TreeSHAP, interventional")

    def answers(matrix: np.ndarray) -> np.ndarray:
        return door(adapter, pd.DataFrame(matrix, columns=COLUMNS))

    behind = frame.to_numpy()[4:24]
    for place in range(4):
        expected = shapley(answers, frame.to_numpy()[place], behind)
        np.testing.assert_allclose(found_values.values[place], expected, rtol=0, atol=2e-6)


def test_whole_numbers_are_compared_as_single_precision(tmp_path: Path) -> None:
    at = 2.0**24  # the next whole number is none of single precision
    found = classic([("LEQ", 0, at, False, (0.75, 0.25), (0.25, 0.75))], classifier=True)
    model = graph(
        "TreeEnsembleClassifier", found | {"classlabels_int64s": [0, 1]}, columns=1, elem=TensorProto.INT64, opset=1
    )
    adapter = opened(model, tmp_path)
    frame = pd.DataFrame({"a": [2**24 - 1, 2**24, 2**24 + 1, 2**24 + 2, 5]})
    assert door(adapter, frame)[:, 1].tolist() == [0.25, 0.25, 0.25, 0.75, 0.25]
    assert isinstance(inside(adapter, frame), Inside)
    found_values = explained(adapter, frame, rows=4, behind=1)
    np.testing.assert_allclose(found_values.values[:, 0, -1], [0, 0, 0, 0.5], atol=1e-12)


@pytest.mark.parametrize(
    ("aggregate", "reason"), [("AVERAGE", None), ("MIN", "put together by their min"), ("MAX", "by their max")]
)
def test_how_trees_are_put_together(aggregate: str, reason: str | None, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    found = classic([graft(rng, 3, 4) for _ in range(5)])
    found |= {"n_targets": 1, "aggregate_function": aggregate, "base_values": [3.5]}
    adapter = opened(graph("TreeEnsembleRegressor", found, columns=4), tmp_path)
    frame = pd.DataFrame(onnx_graphs.rows(rng, 40, 4), columns=COLUMNS)
    read = inside(adapter, frame)
    assert isinstance(read, Opaque) == (reason is not None)
    assert reason is None or reason in read.reason  # type: ignore[union-attr]
    values = explained(adapter, frame)
    expected = shapley(
        lambda matrix: door(adapter, pd.DataFrame(matrix, columns=COLUMNS)), frame.to_numpy()[0], frame.to_numpy()[4:24]
    )
    np.testing.assert_allclose(values.values[0], expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(values.base_values[0], door(adapter, frame.iloc[4:24]).mean(), rtol=0, atol=2e-6)


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(160, 4)).astype(np.float32), columns=COLUMNS)
    score = frame["a"] + frame["b"] * frame["c"]
    return frame, (score > 0).to_numpy().astype(int), np.array(["low", "mid", "top"])[pd.qcut(score, 3, labels=False)]


def exported(model: Any, frame: pd.DataFrame, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skl2onnx import to_onnx

        return to_onnx(model, frame.to_numpy()[:1], options={id(model): options} if options else None)


def margins(model: Any, frame: pd.DataFrame, classes: int) -> np.ndarray:
    """What the explanation of the exported model adds up to, by scikit-learn."""
    if classes == 0:
        return model.predict(frame.to_numpy())[:, None]
    if hasattr(model, "decision_function"):
        scores = model.decision_function(frame.to_numpy())
        return scores[:, None] if scores.ndim == 1 else scores
    return model.predict_proba(frame.to_numpy())[:, -1:] if classes == 2 else model.predict_proba(frame.to_numpy())


MODELS: dict[str, tuple[Callable[[], Any], int, str]] = {
    "forest": (lambda: RandomForestClassifier(7, max_depth=4, random_state=0), 2, "tree"),
    "forest of three": (lambda: RandomForestClassifier(7, max_depth=4, random_state=0), 3, "tree"),
    "boosting": (lambda: GradientBoostingClassifier(n_estimators=7, random_state=0), 2, "tree"),
    "boosting of three": (lambda: GradientBoostingClassifier(n_estimators=7, random_state=0), 3, "tree"),
    "forest of numbers": (lambda: RandomForestRegressor(7, max_depth=4, random_state=0), 0, "tree"),
    "boosting of numbers": (lambda: GradientBoostingRegressor(n_estimators=7, random_state=0), 0, "tree"),
    "logistic": (lambda: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), 2, "linear"),
    "logistic of three": (lambda: LogisticRegression(), 3, "linear"),
    "linear": (lambda: LinearRegression(), 0, "linear"),
}


@pytest.mark.parametrize(
    ("name", "zipmap"),
    [(name, zipmap) for name, (_, k, _) in MODELS.items() for zipmap in (True, False) if k or zipmap],
)
def test_exported_by_skl2onnx(
    name: str, zipmap: bool, data: tuple[pd.DataFrame, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    frame, two, three = data
    make, classes, kind = MODELS[name]
    target = {0: frame["a"] * frame["b"] + frame["c"], 2: two, 3: three}[classes]
    model = make().fit(frame.to_numpy(), target)
    adapter = opened(exported(model, frame, **({} if zipmap else {"zipmap": False})), tmp_path)
    assert adapter.task == {0: "regression", 2: "binary", 3: "multiclass"}[classes]
    assert adapter.classes == (tuple(model.classes_) if classes else None)
    expected = model.predict_proba(frame.to_numpy()) if classes else model.predict(frame.to_numpy())[:, None]
    np.testing.assert_allclose(door(adapter, frame), expected, rtol=0, atol=2e-6)
    read = inside(adapter, frame)
    assert isinstance(read, Inside)
    assert (read.kind, read.family, read.sources) == (kind, "onnx", (0, 1, 2, 3))
    found = explained(adapter, frame)
    if kind == "linear":
        background = frame.iloc[4:24].to_numpy(dtype=np.float64).mean(axis=0, keepdims=True)
    else:
        background = frame.iloc[4:24].to_numpy(dtype=np.float64)
    scale = 1.0 if kind == "tree" else np.abs(margins(model, frame, classes)).max()
    for place in range(2):
        by_hand = shapley(
            lambda m: margins(model, pd.DataFrame(m.astype(np.float32)), classes), frame.to_numpy()[place], background
        )
        if classes == 3 and kind == "linear":  # softmax does not change with what all scores have in common
            by_hand = by_hand - by_hand.mean(axis=1, keepdims=True)
            found_here = found.values[place] - found.values[place].mean(axis=1, keepdims=True)
        else:
            found_here = found.values[place]
        np.testing.assert_allclose(found_here, by_hand, rtol=0, atol=3e-6 * scale)


@pytest.mark.parametrize("name", ["boosting", "boosting of numbers"])
def test_against_shap_on_the_model_that_was_exported(
    name: str, data: tuple[pd.DataFrame, np.ndarray, np.ndarray], tmp_path: Path, shap: Any
) -> None:
    frame, two, _ = data
    make, classes, _ = MODELS[name]
    model = make().fit(frame.to_numpy(), two if classes else frame["a"] * frame["b"])
    adapter = opened(exported(model, frame), tmp_path)
    found = explained(adapter, frame, rows=10, behind=40)
    explainer = shap.TreeExplainer(model, frame.iloc[10:50].to_numpy(), feature_perturbation="interventional")
    expected = explainer.shap_values(frame.iloc[:10].to_numpy()).reshape(10, 4)
    np.testing.assert_allclose(found.values[:, :, 0], expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("last", [RandomForestClassifier(5, max_depth=4, random_state=0), LogisticRegression()])
def test_one_input_for_each_column(
    last: Any, data: tuple[pd.DataFrame, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    numbers, two, _ = data
    frame = numbers.assign(purpose=np.random.default_rng(0).choice(["car", "house", "other"], len(numbers)))
    frame.loc[::7, "a"] = np.nan
    parts = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b", "c"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["purpose"]),
        remainder="passthrough",
    )
    model = make_pipeline(parts, last).fit(frame, two)
    given = [(c, (StringTensorType if c == "purpose" else FloatTensorType)([None, 1])) for c in frame]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proto = to_onnx(model, initial_types=given, options={id(model): {"zipmap": False}})
    adapter = opened(proto, tmp_path)
    assert adapter.features == (*COLUMNS, "purpose")
    np.testing.assert_allclose(door(adapter, frame), model.predict_proba(frame), rtol=0, atol=2e-6)
    read = inside(adapter, frame)
    assert isinstance(read, Inside)
    assert read.sources == (0, 1, 2, 4, 4, 4, 3)  # three columns of one text
    found = explained(adapter, frame)
    trees = isinstance(last, RandomForestClassifier)
    if trees:

        def answers(matrix: np.ndarray) -> np.ndarray:
            mixed = pd.DataFrame(matrix, columns=frame.columns)
            return model.predict_proba(mixed.astype(dict.fromkeys(COLUMNS, np.float32)))[:, 1:]

        expected = shapley(answers, frame.to_numpy(dtype=object)[1], frame.to_numpy(dtype=object)[4:24])
        np.testing.assert_allclose(found.values[1], expected, rtol=0, atol=3e-6)
    total = found.base_values + found.values.sum(axis=1)
    score = model.predict_proba(frame)[:4, 1:] if trees else model.decision_function(frame)[:4, None]
    np.testing.assert_allclose(total, score, rtol=0, atol=2e-5)


def test_categories_of_two_columns_at_once(tmp_path: Path) -> None:
    trees = [("GT", column, 0.5, False, (float(column + 1),), (0.0,)) for column in range(4)]
    nested = [("GT", 1, 0.5, False, trees[2], trees[3]), *trees]
    model = graph("TreeEnsembleRegressor", classic(nested) | {"n_targets": 1}, columns=2, elem=TensorProto.INT64)
    hot = helper.make_node("OneHotEncoder", ["X"], ["H"], domain="ai.onnx.ml", cats_int64s=[3, 5])
    flat = helper.make_node("Reshape", ["H", "S"], ["F"])
    model.graph.node[0].input[0] = "F"
    decides = model.graph.node.pop()
    model.graph.node.extend([hot, flat, decides])
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 4], dtype=np.int64), "S"))
    adapter = opened(model, tmp_path)
    frame = pd.DataFrame(np.random.default_rng(0).choice([3, 5, 7], (40, 2)), columns=["a", "b"])
    read = inside(adapter, frame)
    assert isinstance(read, Inside)
    assert read.sources == (0, 0, 1, 1)
    found = explained(adapter, frame)
    expected = shapley(
        lambda matrix: door(adapter, pd.DataFrame(matrix, columns=["a", "b"])),
        frame.to_numpy()[1],
        frame.to_numpy()[4:24],
    )
    np.testing.assert_allclose(found.values[1], expected, rtol=0, atol=2e-6)


def test_path_dependent_values_are_not_made_up(tmp_path: Path) -> None:
    model = graph(
        "TreeEnsembleRegressor", classic([graft(np.random.default_rng(0), 3, 4)]) | {"n_targets": 1}, columns=4
    )
    adapter = opened(model, tmp_path)
    frame = pd.DataFrame(onnx_graphs.rows(np.random.default_rng(0), 40, 4), columns=COLUMNS)
    players, target = players_of(tuple(COLUMNS), {}), Target(task="regression", classes=("prediction",), positive=None)
    strategy = choose(adapter, frame, players, target=target, output="margin", kind="path-dependent")
    assert strategy.kind == "interventional"
    assert [note.what for note in strategy.notes] == ["path-dependent SHAP values of the TreeEnsembleRegressor"]


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("library", ["lightgbm", "xgboost", "catboost"])
def test_exported_by_the_libraries_of_boosting(
    library: str, classes: int, data: tuple[pd.DataFrame, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    import onnx

    frame, two, three = data
    target = {0: (frame["a"] * frame["b"]).to_numpy(), 2: two, 3: np.unique(three, return_inverse=True)[1]}[classes]
    values = frame.to_numpy()
    model, proto = boosted(library, classes, values, target, tmp_path)
    adapter = opened(proto if proto is not None else onnx.load(tmp_path / "exported"), tmp_path)
    expected = model.predict_proba(values) if classes else model.predict(values)[:, None]
    np.testing.assert_allclose(door(adapter, frame), expected, rtol=0, atol=5e-6)
    read = inside(adapter, frame)
    assert isinstance(read, Inside)
    assert read.ensemble is not None
    found = explained(adapter, frame, rows=20)
    total = found.base_values + found.values.sum(axis=1)
    np.testing.assert_allclose(total, found.predictions, rtol=0, atol=5e-6)


def boosted(library: str, classes: int, values: np.ndarray, target: np.ndarray, folder: Path) -> tuple[Any, Any]:
    """A fitted model, and it exported; None where it was saved as ``exported``."""
    if library == "catboost":
        import catboost

        made = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
        model = made(iterations=5, depth=3, verbose=False, allow_writing_files=False).fit(values, target)
        model.save_model(str(folder / "exported"), format="onnx")
        return model, None
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    kinds = [("X", FloatTensorType([None, values.shape[1]]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if library == "lightgbm":
            import lightgbm

            kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
            model = kind(n_estimators=5, verbose=-1, n_jobs=1, min_child_samples=5).fit(values, target)
            return model, convert_lightgbm(model, initial_types=kinds)
        import xgboost

        kind = xgboost.XGBClassifier if classes else xgboost.XGBRegressor
        model = kind(n_estimators=5, n_jobs=1).fit(values, target)
        return model, convert_xgboost(model, initial_types=kinds)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: make_pipeline(Normalizer(), LogisticRegression()), "through the operator Normalizer"),
        (lambda: AdaBoostClassifier(n_estimators=3), "holds 3 operators of trees"),
    ],
    ids=["mixed columns", "several operators"],
)
def test_what_cannot_be_read_is_explained_as_a_function(
    make: Callable[[], Any], reason: str, data: tuple[pd.DataFrame, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    frame, two, _ = data
    model = make().fit(frame.to_numpy(), two)
    adapter = opened(exported(model, frame), tmp_path)
    read = inside(adapter, frame)
    assert isinstance(read, Opaque)
    assert reason in read.reason
    found = explained(adapter, frame)
    assert found.space == "probability"
    expected = shapley(
        lambda m: model.predict_proba(m.astype(np.float32))[:, 1:], frame.to_numpy()[0], frame.to_numpy()[4:24]
    )
    np.testing.assert_allclose(found.values[0], expected, rtol=0, atol=3e-6)


def test_a_quirk_of_the_runtime_is_no_explanation(tmp_path: Path) -> None:
    """Of two classes, softmax of the values of the first alone is not what ONNX Runtime answers: the trial sees it."""
    found = classic([("LEQ", 0, 0.0, False, (0.3,), (0.8,))], classifier=True)
    found |= {"classlabels_int64s": [0, 1], "post_transform": "SOFTMAX"}
    adapter = opened(graph("TreeEnsembleClassifier", found, columns=1), tmp_path)
    frame = pd.DataFrame({"a": np.linspace(-1, 1, 30)})
    values = explained(adapter, frame)
    assert values.space == "probability"
    np.testing.assert_allclose(
        values.base_values + values.values.sum(axis=1), door(adapter, frame)[:4, 1:], rtol=0, atol=1e-9
    )
