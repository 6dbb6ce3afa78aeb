"""Files whose trees lead astray are refused before a library walks them; honest ones are opened as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightgbm")
pytest.importorskip("xgboost")

from explainkit.errors import ModelError
from explainkit.load.models.soundness import unsound
from explainkit.load.open_model import open_model
from tests.bounded import share
from tests.load import crafted
from tests.load.crafted import KINDS, changed, rows

MANY = share(500, 40)


@pytest.mark.parametrize(
    ("left", "right", "features", "problem"),
    [
        ((1, -1, -1), (2, -1, -1), (0, 0, 0), None),
        ((2, -1, -1), (1, -1, -1), (1, 9, 9), None),
        ((1, -1, -1), (3, -1, -1), (0, 0, 0), "leads to number 3 of 3 nodes"),
        ((0, -1, -1), (2, -1, -1), (0, 0, 0), "leads to number 0 of 3 nodes"),
        ((1, -1, -1), (-7, -1, -1), (0, 0, 0), "leads to number -7 of 3 nodes"),
        ((1, -1, -1), (1, -1, -1), (0, 0, 0), "two ways lead to one node"),
        ((1, 3, -1, 1, -1), (2, 4, -1, 4, -1), (0, 0, 0, 0, 0), "two ways lead to one node"),
        ((1, -1, -1), (2, -1, -1), (2, 0, 0), "feature number 2 of 2"),
        ((1, -1, -1), (2, -1, -1), (-1, 0, 0), "feature number -1 of 2"),
        ((1, -1), (2, -1, -1), (0, 0, 0), "differ in length"),
        ((), (), (), "differ in length"),
    ],
)
def test_nodes(left: tuple[int, ...], right: tuple[int, ...], features: tuple[int, ...], problem: str | None) -> None:
    one, two, asked = (np.array(values, dtype=np.int64) for values in (left, right, features))
    found = unsound(one, two, asked, inner=two != -1, width=2)
    assert (found is None) if problem is None else problem in (found or "")


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_file_is_opened(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crafted, "put", lambda values, place, value: None)
    monkeypatch.setattr(crafted, "changed", lambda text, *change: text)
    extension, write = KINDS[kind]
    write(tmp_path / f"model.{extension}", 0, 0, 0)
    assert crafted.asked(tmp_path / f"model.{extension}", kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_crashes_or_hangs_whoever_opens_it(kind: str, tmp_path: Path) -> None:
    """In a process of its own: without the check, the library ends it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.crafted", kind, "20261129", str(MANY), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["answered"] > 0
    assert told["refused"] > MANY / 10


def test_one_line_says_what_is_wrong(tmp_path: Path) -> None:
    KINDS["tree"][1](tmp_path / "model.skops", 0, 0, 10**6)
    with pytest.raises(ModelError) as refused:
        open_model(tmp_path / "model.skops")
    assert str(refused.value).startswith(
        f"{tmp_path / 'model.skops'}: the model file holds a tree that cannot be walked; "
        "found a node leads to number 1000000 of "
    )


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    KINDS["xgboost"][1](tmp_path / "model.json", 0, 0, 0)
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"learner":', '"learner": {}, "learner":', 1))
    with pytest.raises(ModelError, match="a name twice"):
        open_model(tmp_path / "model.json")


def test_sizes_that_lightgbm_would_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crafted, "changed", lambda text, *change: text.replace("tree_sizes=", "tree_sizes=9"))
    KINDS["lightgbm"][1](tmp_path / "model.txt", 0, 0, 0)
    with pytest.raises(ModelError, match="other sizes than it announces"):
        open_model(tmp_path / "model.txt")


def test_linear_models_in_leaves(tmp_path: Path) -> None:
    import lightgbm

    frame, outcome = rows()
    settings = {"objective": "binary", "num_leaves": 4, "verbose": -1, "linear_tree": True}
    booster = lightgbm.train(settings, lightgbm.Dataset(frame, outcome), 3)
    # The first tree of LightGBM is constant in its leaves.
    text = booster.model_to_string(start_iteration=1)
    path = tmp_path / "model.txt"
    path.write_text(text)
    answer = open_model(path).predict(frame)
    assert len(answer) == len(frame)
    for name, value in (("leaf_features", 10**6), ("num_features", 99)):
        path.write_text(changed(text, name, 0, value))
        with pytest.raises(ModelError, match="a tree that cannot be walked"):
            open_model(path)
