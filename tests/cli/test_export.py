"""``explainkit export``, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import explainkit as ek
from explainkit.cli.main import run

GOLDEN = Path(__file__).parents[1] / "golden" / "0.1" / "release"


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the command in an empty folder; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments: str) -> tuple[int, bytes, bytes]:
        with pytest.raises(SystemExit) as stop:
            run(["export", *arguments])
        out, err = capfdbinary.readouterr()
        return int(str(stop.value.code)), out, err

    return called


Call = Callable[..., tuple[int, bytes, bytes]]


def test_stdout_is_the_document_alone(call: Call) -> None:
    code, out, err = call(str(GOLDEN), "--to", "model-card")
    assert (code, out, err) == (0, ek.export(GOLDEN, to="model-card").data, b"")


def test_a_file_is_written_once(call: Call, tmp_path: Path) -> None:
    arguments = (
        str(GOLDEN / "card.json"),
        "--to",
        "cyclonedx",
        "--spec-version",
        "1.7",
        "--internal",
        "--out",
        "b.json",
    )
    assert call(*arguments) == (0, b"b.json\n", b"")
    assert json.loads((tmp_path / "b.json").read_text())["specVersion"] == "1.7"
    code, out, err = call(*arguments)
    assert (code, out) == (2, b"")
    assert err.decode() == (
        "explainkit: b.json: the place for the file is taken; remedy: --force replaces it, or choose another place\n"
    )
    code, out, _ = call(*arguments, "--force", "--json")
    document = json.loads(out)
    assert (code, document["file"], document["internal"], document["exit_code"]) == (0, "b.json", True, 0)


def test_json_without_a_file_holds_the_document(call: Call) -> None:
    _, out, _ = call(str(GOLDEN), "--to", "cyclonedx", "--json")
    assert json.loads(json.loads(out)["content"])["bomFormat"] == "CycloneDX"


def test_what_is_no_release(call: Call) -> None:
    code, _, err = call("nowhere", "--to", "cyclonedx")
    assert (code, err) == (2, b"explainkit: nowhere: no release there; remedy: explainkit audit makes one\n")
