"""What a trusted pickle imports is told before it is opened, whatever it does then, and stands in the ledger."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from explainkit.artifact import sha256_file
from explainkit.cli.progress_bars import progress_for
from explainkit.errors import ModelError
from explainkit.load.assemble import load_subject
from explainkit.load.confined import client
from explainkit.load.confined.client import Limits
from explainkit.load.confined.confinement import MEASURES
from explainkit.load.confined.findings import findings, scan_of
from explainkit.load.confined.opening import Opening, opening_of
from explainkit.load.pickle_scan import Scan
from explainkit.plan import read_plan
from explainkit.report.language import language_of
from tests.cli.made_up import PLAN, rows
from tests.load.hostile_models import hostile

FORGE = """
import json, os, struct
for head in ({said}):
    text = json.dumps({{**head, "arrays": []}}).encode()
    for place in range(3, 30):
        try:
            os.write(place, struct.pack(">4sQ", b"ekm1", len(text)) + text)
        except OSError:
            pass
"""


class Heard:
    """Progress that remembers notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        yield

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_findings_are_told_before_the_file_does_anything(tmp_path: Path) -> None:
    path, digest = hostile(tmp_path, opening="import os\nos._exit(3)")
    heard = Heard()
    with pytest.raises(ModelError, match="ended without an answer"):
        Opening(path, trust=[digest], progress=heard).done()
    assert heard.notes == ["model.pkl: a trusted pickle that imports builtins.eval"]


def test_an_untrusted_file_is_not_noted(tmp_path: Path) -> None:
    heard = Heard()
    with pytest.raises(ModelError, match=r"not trusted; it imports builtins.eval"):
        Opening(hostile(tmp_path)[0], progress=heard).done()
    assert heard.notes == []


@pytest.mark.parametrize("said", ['{"scan": {"imports": [], "complete": True}},', '{"lacking": []},', "{},"])
def test_a_file_that_speaks_for_its_process(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can spoil what is said of it, not what was said before it was opened."""
    monkeypatch.setattr(client, "LIMITS", Limits(without=MEASURES))
    path, digest = hostile(tmp_path, opening=FORGE.format(said=said))
    heard = Heard()
    with pytest.raises(ModelError, match="cannot be used"):
        Opening(path, trust=[digest], progress=heard).done()
    assert heard.notes == ["model.pkl: a trusted pickle that imports builtins.eval"]


def test_what_was_lacking_cannot_be_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LIMITS", Limits(without=MEASURES))
    change = """
    import sys
    found = sys.modules["__main__"]
    for frame in iter(sys._current_frames().values()):
        while frame:
            if "lacking" in frame.f_locals:
                import ctypes
                frame.f_locals["lacking"] = ()
                ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
            frame = frame.f_back
    """
    path, digest = hostile(tmp_path, opening=change)
    assert len(Opening(path, trust=[digest]).done().shortfalls) == len(MEASURES)


@pytest.mark.parametrize("told", [None, {}, {"imports": "a", "complete": True}, {"imports": [1], "complete": True}])
def test_a_scan_that_is_none(told: object) -> None:
    with pytest.raises((TypeError, KeyError)):
        scan_of(told)


CASES = {
    Scan(imports=(), complete=True): "it imports nothing",
    Scan(
        imports=("numpy.dtype", "sklearn.tree._classes.DecisionTreeClassifier"), complete=True
    ): "it imports what pickles of models hold, from numpy, sklearn",
    Scan(imports=("numpy.dtype", "os.system"), complete=False): "it imports what pickles of models hold, from numpy; "
    "it imports what pickles of models do not hold: os.system; "
    "the scan did not reach its end, and nothing but what it had found could be imported",
    Scan(
        imports=tuple(f"x.y{i:02}" for i in range(22)), complete=True
    ): f"it imports what pickles of models do not hold: {', '.join(f'x.y{i:02}' for i in range(20))} + 2",
}
GERMAN = {
    "it imports nothing": "sie importiert nichts",
    "it imports what pickles of models hold": "sie importiert, was Pickle-Dateien von Modellen enthalten",
    "do not hold: ": "nicht enthalten: ",
    "the scan did not reach": "die Durchsicht kam nicht",
}


@pytest.mark.parametrize("scan", CASES)
def test_the_ledger_says_it_in_both_languages(scan: Scan) -> None:
    entry = findings(scan)
    trusted = "the file is a pickle, which runs code when it is opened, and whoever loads it trusts its digest; "
    assert entry.reason == trusted + CASES[scan]
    assert entry.count == (len(scan.imports) or None)
    german = language_of({"card": {"language": "de"}})
    translated = german.recorded(entry.reason)
    assert translated is not None
    assert translated.startswith("die Datei ist ein Pickle")
    for english, words in GERMAN.items():
        assert (english in entry.reason) == (words in translated)
    assert german.recorded(entry.what) == "Code in der Modelldatei"


def test_a_card_of_a_trusted_pickle(tmp_path: Path) -> None:
    """Nothing in the entry depends on where the file lies; a file that runs nothing has none."""
    data = rows(60)
    data.to_csv(tmp_path / "rows.csv", index=False)
    model = LogisticRegression().fit(data[["income", "debt"]], data["bad"])
    joblib.dump(model, tmp_path / "model.joblib", compress=("lz4", 3))
    skops.io.dump(model, tmp_path / "model.skops")
    trusting = PLAN.replace("model.skops", "model.joblib").replace(
        "positive", f'trust = ["sha256:{sha256_file(tmp_path / "model.joblib")}"]\npositive'
    )
    (tmp_path / "audit.toml").write_text(PLAN)
    (tmp_path / "trusting.toml").write_text(trusting)
    heard, found = Heard(), []
    for name in ("trusting.toml", "audit.toml"):
        plan = read_plan(tmp_path / name)
        opening = opening_of(plan, base=tmp_path, progress=heard)
        found.append(load_subject(plan, base=tmp_path, opening=opening).ledger)
    pickled, other = found
    assert pickled[1:] == other
    assert (pickled[0].kind, pickled[0].what) == ("assumed", "code in the model's file")
    assert pickled[0].reason.endswith("it imports what pickles of models hold, from joblib, numpy, sklearn")
    assert "model.joblib" not in pickled[0].reason
    (note,) = heard.notes
    assert note.startswith("model.joblib: a trusted pickle that imports ")


@pytest.mark.parametrize("terminal", [False, True])
def test_the_command_line_shows_notes(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    progress = progress_for(quiet=False)
    with progress.stage("load"):
        progress.note("a trusted pickle that imports os.system")
    told = capsys.readouterr()
    assert "a trusted pickle that imports os.system\n" in told.err
    assert told.out == ""
    progress_for(quiet=True).note("nothing")
    assert capsys.readouterr().err == ""
