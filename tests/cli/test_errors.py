"""Bad input: one line on stderr that names the thing, exit code 2, nothing on stdout, nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.made_up import rows

Run = Callable[..., subprocess.CompletedProcess[str]]


def swap(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        plan = folder / "audit.toml"
        assert old in plan.read_text()
        plan.write_text(plan.read_text().replace(old, new))

    return change


def data(**columns: object) -> Callable[[Path], None]:
    return lambda folder: rows().assign(**columns).to_csv(folder / "rows.csv", index=False)


def content(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_bytes(data))


def look(logo: str) -> Callable[[Path], None]:
    return swap("[statements]", f'[look]\norganisation = "Bank"\nlogo = "{logo}"\n[statements]')


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: void([change(folder) for change in changes])


def void(_: object) -> None:
    """A change returns nothing."""


def cut(folder: Path) -> None:
    path = folder / "model.skops"
    path.write_bytes(path.read_bytes()[:500])


def folder_for_file(folder: Path) -> None:
    (folder / "rows.csv").unlink()
    (folder / "rows.csv").mkdir()


def taken(folder: Path) -> None:
    (folder / "release").mkdir()
    (folder / "release" / "precious.txt").write_text("keep me")


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing file": (lambda folder: (folder / "rows.csv").unlink(), "rows.csv: no such file"),
    "missing model": (lambda folder: (folder / "model.skops").unlink(), "model.skops: no such model file"),
    "a folder": (folder_for_file, "data is read from a file; found a folder"),
    "absent target": (swap('"bad"', '"badd"'), "no such column in the data; found 'badd'; remedy: did you mean 'bad'?"),
    "absent sensitive": (swap('"region"', '"regin"'), "found 'regin'; remedy: did you mean 'region'?"),
    "empty file": (content("rows.csv", b""), "the file is empty"),
    "header only": (content("rows.csv", b"income,debt,bad,region\n"), "no rows"),
    "one class": (data(bad=1), "target bad: one class only; found every labelled row is '1'"),
    "all missing": (data(income=None), "column income: an input of the model has no value at all"),
    "column lacking": (
        lambda folder: rows().drop(columns="debt").to_csv(folder / "rows.csv", index=False),
        "column debt: the data lacks inputs of the model",
    ),
    "label unknown": (data(bad=7), "labels that the model does not know; found '7'; allowed: '0', '1'"),
    "text for numbers": (data(income="?"), "the model raised while predicting"),
    "NaN input": (data(income=[np.nan] + [1.0] * 299), "the model raised while predicting; found ValueError"),
    "many categories": (data(region=[f"r{i}" for i in range(300)]), "too many groups; found 300 categories"),
    "duplicate columns": (content("rows.csv", b"income,income\n1,2\n"), "column names repeat; found 'income'"),
    "unknown model": (content("model.skops", b"\x00\x01\x02"), "a model file of an unknown kind"),
    "model cut short": (cut, "model.skops: the model file is cut short or damaged"),
    "folder taken": (taken, "release: the folder exists and is not a release"),
    "no logo": (look("logo.svg"), "look.logo: no such logo; found "),
    "hostile logo": (
        both(look("logo.svg"), content("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>')),
        "look.logo: logo.svg: the logo cannot be used; found attribute 'onload' of 'svg' (line 1); allowed: an SVG of",
    ),
    "no section": (
        swap("[statements]", '[look]\nsections = ["annex"]\n[statements]'),
        "explainkit.sections: no such plug-in; found 'annex'; remedy: none exist",
    ),
    "unknown key": (swap("threshold", "treshold"), "model.treshold: unknown key; remedy: did you mean 'threshold'?"),
    "gate typo": (swap("roc_auc", "roc_acu"), "did you mean 'performance.roc_auc'"),
    "gate on no group": (
        swap('"performance.roc_auc" =', '"fairness.impact_ratio[region=nort]" ='),
        "found region=nort; remedy: did you mean 'fairness.impact_ratio[region=north]'",
    ),
    "gate on no input": (
        swap('"performance.roc_auc" =', '"explanation.shap.importance[feature=incom]" ='),
        "did you mean 'explanation.shap.importance[feature=income]'",
    ),
    "no champion": (swap("min = 0.5", "no_worse_than_champion = true"), "no champion to compare with"),
    "champion absent": (
        swap("[gates]", '[champion]\nscore = "incom"\n[gates]'),
        "champion.score: no such column in the data; found 'incom'; remedy: did you mean 'income'?",
    ),
    "champion with gaps": (
        lambda folder: (
            data(old=[np.nan] + [0.5] * 299)(folder),
            swap("[gates]", '[champion]\nscore = "old"\n[gates]')(folder),
        )[0],
        "champion.score: column old: scores are missing or infinite; found 1 of 300",
    ),
    "segments of the target": (swap("[gates]", '[slices]\ncolumns = ["bad"]\n[gates]'), "the target column"),
    "threshold without side": (swap(">=0.5", "0.5"), "the threshold needs its side"),
    "duplicate ids": (
        lambda folder: (data(case=1)(folder), swap('target = "bad"', 'target = "bad"\nid = "case"')(folder))[0],
        "id column case: ids repeat or are missing; found 299 rows",
    ),
    "numbers without cuts": (
        lambda folder: (
            data(age=np.arange(300) / 3)(folder),
            swap('["region"]', '["age"]')(folder),
            swap("basis = { region", "basis = { age")(folder),
        )[0],
        "features.age.cuts: a sensitive number needs cut points",
    ),
    "no such key": (swap("[gates]", "[gate]"), "unknown key; remedy: did you mean 'gates'?"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_clear_line(case: Path, explainkit: Run, name: str) -> None:
    change, words = CASES[name]
    change(case)
    before = sorted(p.relative_to(case) for p in case.rglob("*"))
    done = explainkit("audit", "audit.toml", "--quiet", folder=case)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert words in lines[0]
    assert done.stdout == ""
    assert sorted(p.relative_to(case) for p in case.rglob("*")) == before


def test_a_gate_that_names_nothing_is_refused_before_anything_is_read(case: Path, explainkit: Run) -> None:
    swap("roc_auc", "roc_acu")(case)
    (case / "rows.csv").unlink()
    done = explainkit("audit", "audit.toml", "--quiet", folder=case)
    assert done.returncode == 2
    assert "did you mean 'performance.roc_auc'" in done.stderr


def test_scores_outside_their_range(case: Path, explainkit: Run) -> None:
    rows().assign(score=np.inf).to_csv(case / "rows.csv", index=False)
    swap('path = "model.skops"', "")(case)
    swap('target = "bad"', 'target = "bad"\nscore = "score"')(case)
    done = explainkit("audit", "audit.toml", "--quiet", folder=case)
    assert done.returncode == 2
    assert "column score: scores are missing or infinite" in done.stderr


def test_usage(case: Path, explainkit: Run) -> None:
    for arguments, words in (
        (["adit"], "no such command 'adit'; did you mean 'audit'?"),
        (["audit", "--modl", "m"], "No such option"),
        (["audit"], "nothing to audit"),
        (["audit", "audit.toml", "--model", "m"], "a plan file and flags together; found --model"),
        (["audit", "none.toml"], "no such plan"),
        (["audit", "--data", "rows.csv"], "neither a model nor scores"),
        (["audit", "audit.toml", "--certificate", "c.pem"], "without a key"),
        (["audit", "audit.toml", "--key", "none.p12"], "no such key file"),
        (["verify", "nowhere"], "nowhere"),
        (["init", "--data", "rows.csv", "--out", "audit.toml"], "the plan exists already"),
    ):
        done = explainkit(*arguments, folder=case)
        assert done.returncode == 2, (arguments, done.stderr)
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_traceback_only_on_demand(case: Path, explainkit: Run) -> None:
    (case / "rows.csv").unlink()
    assert "Traceback" not in explainkit("audit", "audit.toml", folder=case).stderr
    assert "Traceback" in explainkit("audit", "audit.toml", "--debug", folder=case).stderr


def test_parquet_and_frames_name_their_kind(case: Path, explainkit: Run) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(case / "rows.csv")
    done = explainkit("audit", "audit.toml", "--quiet", folder=case)
    assert "column debt" in done.stderr or "column income" in done.stderr or "data.target" in done.stderr
