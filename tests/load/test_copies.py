"""A model's process is asked by this process and by a copy of it, each in its turn, and both learn how it ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explainkit import beside as module
from explainkit.beside import beside
from explainkit.errors import ModelError
from explainkit.load.confined import client
from explainkit.load.confined.client import Limits
from explainkit.load.confined.facts import ConfinedAdapter
from explainkit.load.confined.opening import open_confined
from tests.load.hostile_models import ROWS, hostile

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="copies need Linux and a second processor"
)


@pytest.fixture(autouse=True)
def _owned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_own", True)


def test_each_gets_its_own_answers(sample_models: Path) -> None:
    case = sample_models / "credit"
    adapter = open_confined(case / "model-lightgbm.txt")
    rows = adapter.adapt(pd.read_parquet(case / "test.parquet")[list(adapter.features)])[0]
    parts = [rows.iloc[begin : begin + 40] for begin in range(0, 200, 40)]

    def ask(order: int) -> list[list[float]]:
        return [adapter.predict(part)[:, 1].tolist() for _ in range(40) for part in parts[::order]]

    here = ask(1)
    with beside(lambda: ask(-1)) as result:
        meanwhile = ask(1)
        there = result()
    adapter.native.close()
    assert meanwhile == here
    assert there == [answer for answers in np.reshape(here, (40, 5, 40))[:, ::-1].tolist() for answer in answers]


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("import os; os.abort()", "ended by SIGABRT"),
        ("import os; os._exit(7)", "ended without an answer; found exit code 7"),
        ("import time; time.sleep(60)", "no answer in time, and its process was ended"),
    ],
)
def test_a_copy_learns_how_it_ended(attack: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LIMITS", Limits(answering=2.0))
    path, digest = hostile(tmp_path, attack=attack)
    adapter: ConfinedAdapter = open_confined(path, trust=[digest])
    with pytest.raises(ModelError, match=said), beside(lambda: adapter.predict(ROWS)) as result:
        result()
    with pytest.raises(ModelError, match="ended"):  # and whoever asks later is told as well
        adapter.predict(ROWS)
    assert not _runs(adapter)


def _runs(adapter: ConfinedAdapter) -> bool:
    try:
        os.kill(adapter.native._child._process.pid, 0)
    except ProcessLookupError:
        return False
    return True
