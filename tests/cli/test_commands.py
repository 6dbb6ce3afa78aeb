"""The commands as a user types them, from an empty folder to a verified release."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from junitparser import JUnitXml

from explainkit.plan import plan_from, read_plan
from tests.cli.made_up import rows

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_whole_way(case: Path, explainkit: Run) -> None:
    done = explainkit("keygen", "keys", folder=case)
    assert done.returncode == 0, done.stderr
    key = ("--key", "keys/test-provider.key", "--certificate", "keys/test-provider.pem")
    done = explainkit("audit", "audit.toml", *key, folder=case, whole=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["release/card.pdf", "release/card.html", "release/card.json"]
    assert "load model and data" in done.stderr
    assert "\x1b" not in done.stderr
    assert explainkit("verify", "release", "--trust", "keys/test-ca.pem", folder=case).returncode == 0
    assert explainkit("verify", "release", folder=case).returncode == 3
    done = explainkit("verify", "release", "--trust", "keys/test-ca.pem", "--release", folder=case)
    assert done.returncode == 3
    assert "TEST" in done.stdout
    again = explainkit("audit", "audit.toml", *key, folder=case)
    assert again.returncode == 2
    assert "--force" in again.stderr
    done = explainkit("audit", "audit.toml", *key, "--force", "--json", folder=case)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["signed"] is True
    assert done.stderr == ""
    with (case / "release" / "card.html").open("ab") as stream:
        stream.write(b" ")
    done = explainkit("verify", "release", "--trust", "keys/test-ca.pem", "--json", "--junit", "v.xml", folder=case)
    assert done.returncode == 3
    assert json.loads(done.stdout)["state"] == "invalid"
    failed = {case_.name for suite in JUnitXml.fromfile(str(case / "v.xml")) for case_ in suite if case_.result}
    assert {"valid", "card.html"} <= failed


def test_signed_later(case: Path, explainkit: Run) -> None:
    flags = ("--model", "model.skops", "--data", "rows.csv", "--target", "bad", "--quiet")
    done = explainkit("audit", *flags, folder=case)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = explainkit("verify", "release", folder=case)
    assert done.returncode in (2, 3)
    explainkit("keygen", "keys", folder=case)
    key = ("--key", "keys/test-provider.key", "--certificate", "keys/test-provider.pem")
    assert explainkit("sign", "release", *key, folder=case).returncode == 0
    assert explainkit("verify", "release", "--trust", "keys/test-ca.pem", folder=case).returncode == 0
    again = explainkit("sign", "release", *key, folder=case)
    assert again.returncode == 2
    assert explainkit("verify", "release", "--trust", "keys/test-ca.pem", folder=case).returncode == 0


def test_a_failed_gate_still_writes_the_card(case: Path, explainkit: Run) -> None:
    plan = case / "audit.toml"
    plan.write_text(plan.read_text().replace("min = 0.5", "min = 0.999"))
    done = explainkit("audit", "audit.toml", "--json", "--junit", "gates.xml", folder=case)
    assert done.returncode == 1
    (suite,) = JUnitXml.fromfile(str(case / "gates.xml"))
    assert (suite.name, suite.tests, suite.failures) == ("release", 1, 1)
    inside = explainkit("audit", "audit.toml", "--force", "--junit", "release/gates.xml", folder=case)
    assert inside.returncode == 2
    assert "release/gates.xml: a release holds nothing but what is signed" in inside.stderr
    assert json.loads(done.stdout)["gates"] == [
        {"gate": "performance.roc_auc", "outcome": "failed", "severity": "block"}
    ]
    assert (case / "release" / "card.pdf").is_file()


def test_a_known_figure_that_was_not_measured_fails_its_gate(case: Path, explainkit: Run) -> None:
    plan = case / "audit.toml"
    plan.write_text(plan.read_text().replace("performance.roc_auc", "performance.mae"))
    done = explainkit("audit", "audit.toml", folder=case)
    assert done.returncode == 1, done.stderr
    assert "gate performance.mae >= 0.5: failed (no figure of that name was measured" in done.stdout


@pytest.mark.parametrize(("noise", "code"), [(3.0, 0), (0.05, 1)])
def test_no_worse_than_the_champion(case: Path, explainkit: Run, noise: float, code: int) -> None:
    data = rows()
    rng = np.random.default_rng(1)
    data["old"] = 1 / (1 + np.exp(-(2 * data["bad"] - 1 + noise * rng.normal(size=len(data)))))
    data.to_csv(case / "rows.csv", index=False)
    plan = case / "audit.toml"
    gate = '"performance.roc_auc" = { no_worse_than_champion = true, margin = 0.01 }\n[champion]\nscore = "old"'
    plan.write_text(plan.read_text().replace('"performance.roc_auc" = { min = 0.5 }', gate))
    done = explainkit("audit", "audit.toml", folder=case)
    assert done.returncode == code, done.stderr
    assert "gate performance.roc_auc >= champion − 0.01: " + ("passed" if code == 0 else "failed") in done.stdout
    card = json.loads((case / "release" / "card.json").read_text())
    figures = {f["id"]: f for f in card["figures"]}
    difference = figures["champion.difference[figure=performance.roc_auc]"]
    assert (difference["low"] >= -0.01) == (code == 0)
    assert [c["roles"] for c in card["columns"] if c["name"] == "old"] == [["champion"]]


def test_init_writes_a_plan_that_can_be_filled_in(case: Path, explainkit: Run) -> None:
    done = explainkit("init", "--model", "model.skops", "--data", "rows.csv", "--out", "mine.toml", folder=case)
    assert done.returncode == 0, done.stderr
    plan = read_plan(case / "mine.toml")
    assert (plan.model.path, plan.data.evaluation) == ("model.skops", "rows.csv")
    # Every open line, once its # is taken away, is TOML that the plan knows.
    text = re.sub(r"^# (?=\S+ = |\[|\")", "", (case / "mine.toml").read_text(), flags=re.MULTILINE)
    document = tomllib.loads(text)
    document["statements"]["population"] = "all cases"
    filled = plan_from(document)
    assert len(filled.statements) > 20
    assert filled.gates


def test_a_plan_elsewhere_keeps_its_paths(case: Path, explainkit: Run, tmp_path: Path) -> None:
    done = explainkit("audit", case / "audit.toml", "--quiet", "--out", "here", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "card.json").is_file()
