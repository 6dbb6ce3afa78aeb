"""Fixtures that several test folders share."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.bounded import LONG, in_turn

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In CI, leave out the slow tests whose turn it is not."""
    if os.environ.get("CI") != "true" or LONG:
        return
    commit = _commit()
    taken, left = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        slow = item.get_closest_marker("slow") is not None
        (left if slow and not in_turn(item.nodeid, commit) else taken).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = taken


def _commit() -> str:
    """The commit that is tested; nothing where there is no git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


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


@pytest.fixture(scope="session")
def real_card(tmp_path_factory: pytest.TempPathFactory, sample_models: Path) -> Callable[[str], Path]:
    """Folder of the card of a real case, by its name in `tests.real_cards.REAL`."""
    from tests.real_cards import made

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # all processes of a run share it
    return lambda name: made(name, folder, sample_models)


@pytest.fixture(scope="session")
def warm() -> Iterator[tuple[str, ...]]:
    """What to write in place of ``python`` for a process that has loaded the libraries already; see `tests.warm`."""
    from tests.warm import server

    with server() as python:
        yield python


@pytest.fixture
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits end with card.json, for tests that look at figures alone: drawing the pages takes most of the time."""
    from explainkit.artifact import Artifact
    from explainkit.evidence import Evidence
    from explainkit.release import Release

    def alone(evidence: Evidence, *_: Any) -> Release:
        card = Artifact(name="card.json", data=evidence.to_json(), media_type="application/json")
        return Release(evidence=evidence, files=(card,))

    monkeypatch.setattr("explainkit.pipeline._release", alone)


@pytest.fixture(scope="module")
def printed_here() -> Iterator[None]:
    """Pages are laid out in this process, which has loaded the library for other tests already."""
    from explainkit.report import printer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printer, "elsewhere", lambda: nullcontext(printer.here))
        yield


@pytest.fixture(scope="module")
def front_page_alone(printed_here: None) -> Iterator[None]:
    """PDFs of cards hold their front page alone; see `tests.warm.front_page`."""
    from explainkit.report import layout
    from tests.warm.front_page import front_page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "printed", front_page(layout.printed))
        yield


@pytest.fixture(scope="module")
def warm_models(warm: tuple[str, ...]) -> Iterator[None]:
    """Model files are opened, confined as ever, in processes that have loaded the libraries already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explainkit.load.confined.client.command", lambda module: [*warm, "-P", "-m", module])
        yield


@pytest.fixture(scope="session")
def shap() -> Any:
    """The shap library, as a user would import it; its import warns about its own use of matplotlib."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    return shap
