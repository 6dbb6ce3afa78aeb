"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the data sets that the repository does not carry; without it a test is skipped, in CI it fails."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        reason = "the shared data sets are missing: ../shared/data beside the repository"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def sample_models() -> Path:
    """Folder of the sample models: in the source tree, or in the installed package where there is no source tree."""
    folder = ROOT / "sample_models"
    return folder if folder.is_dir() else Path(str(files("explainkit") / "sample_models"))
