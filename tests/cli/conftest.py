"""A small case on disk, and the command as a user calls it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from tests.cli.made_up import PLAN, rows
from tests.warm.front_page import ASKED

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder with audit.toml, model.skops and rows.csv."""
    folder = tmp_path / "case"
    folder.mkdir()
    data = rows()
    data.to_csv(folder / "rows.csv", index=False)
    model = LogisticRegression().fit(data[["income", "debt"]], data["bad"])
    skops.io.dump(model, folder / "model.skops")
    (folder / "audit.toml").write_text(PLAN)
    return folder


@pytest.fixture
def explainkit(tmp_path: Path, warm: tuple[str, ...]) -> Run:
    """Call ``explainkit`` in a warm process of its own; of a PDF it makes the front page, unless all is asked for."""

    def call(
        *arguments: object, folder: Path | None = None, whole: bool = False, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*warm, "-m", "explainkit", *map(str, arguments)],
            cwd=folder or tmp_path,
            env={**os.environ, **({} if whole else {ASKED: "1"}), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return call
