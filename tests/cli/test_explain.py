"""``explainkit explain``: one decision as a user asks for it."""

from __future__ import annotations

import json
import re
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from explainkit.evidence import CaseDecision, Evidence
from tests.cli.made_up import rows
from tests.report.number_check import problems

Run = Callable[..., subprocess.CompletedProcess[str]]
KEY = bytes(range(100, 132))


@pytest.fixture
def lender(case: Path) -> Path:
    """The made-up lender with ids, an input that tells a sensitive column, and a key."""
    data = rows()
    data["north"] = (data["region"] == "north").astype(int)
    data["case"] = [f"applicant-{7 * i + 100000}" for i in range(len(data))]
    data.to_csv(case / "rows.csv", index=False)
    model = LogisticRegression().fit(data[["income", "debt", "north"]], data["bad"])
    model.coef_[0, 2] = 2.5
    skops.io.dump(model, case / "model.skops")
    (case / "case.key").write_bytes(KEY)
    (case / "case.key").chmod(0o600)
    plan = (case / "audit.toml").read_text()
    plan = plan.replace('target = "bad"', 'target = "bad"\nid = "case"')
    (case / "open.toml").write_text(plan)
    (case / "private.toml").write_text(plan + '[privacy]\nid_key_file = "case.key"\n')
    return case


def refused(folder: Path) -> tuple[LogisticRegression, np.ndarray, int]:
    """The model, its rows, and the first position (from 0) that it refuses."""
    data = rows()
    model = LogisticRegression().fit(data[["income", "debt"]], data["bad"])
    return (
        model,
        data[["income", "debt"]].to_numpy(),
        int(np.argmax(model.predict_proba(data[["income", "debt"]])[:, 1] >= 0.5)),
    )


def test_reasons_and_changes_of_a_refused_row(case: Path, explainkit: Run) -> None:
    plan = case / "audit.toml"
    plan.write_text(plan.read_text() + "[features.debt]\nactionable = true\n")
    model, values, position = refused(case)
    done = explainkit("explain", "audit.toml", "--row", position + 1, "--json", folder=case)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["case"], found["decision"], found["adverse"], found["exit_code"]) == (str(position + 1), "1", True, 0)
    scores = model.predict_proba(rows()[["income", "debt"]])[:, 1]
    assert found["score"] == pytest.approx(scores[position])
    favoured = np.flatnonzero(scores < 0.5)
    near = favoured[np.argsort(0.5 - scores[favoured])[: max(30, int(np.ceil(0.1 * len(favoured))))]]
    short = model.coef_[0] * (values[position] - values[near].mean(axis=0))
    expected = [
        n for _, n in sorted(zip(-short, ("income", "debt"), strict=True)) if short[("income", "debt").index(n)] > 0
    ]
    assert found["reasons"]["ranked"] == expected
    assert found["reasons"]["status"] == "issued"
    assert len(found["reasons"]["text"]) == len(expected)
    assert not any("because" in text.lower() for text in found["reasons"]["text"])
    # The smallest debt seen that turns the decision lies where the margin is nought.
    (change,) = found["changes"]
    limit = -(model.intercept_[0] + model.coef_[0, 0] * values[position, 0]) / model.coef_[0, 1]
    assert change["values"]["debt"] == pytest.approx(values[values[:, 1] < limit, 1].max())
    assert "would change this model's output, other things equal; no promise, no causal claim" in change["text"]


def test_plain_lines_when_piped(case: Path, explainkit: Run) -> None:
    _, _, position = refused(case)
    done = explainkit("explain", "audit.toml", "--position", position + 1, folder=case)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"Row {position + 1}: asked for"
    assert "PRINCIPAL REASONS OF THIS DECISION" in lines
    assert any(re.fullmatch(r"- income = \S+ (raised|lowered) the log-odds of 1: \S+\.", line) for line in lines)
    quiet = explainkit("explain", "audit.toml", "--position", position + 1, "--quiet", folder=case)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_page_and_the_numbers_it_is_made_of(case: Path, explainkit: Run) -> None:
    _, _, position = refused(case)
    with (case / "audit.toml").open("a") as plan:
        plan.write('\n[look]\norganisation = "Bank of Examples"\naccent = "#7a1f5c"\n')
    done = explainkit("explain", "audit.toml", "--row", position + 1, "--out", "one.html", folder=case)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["one.html", "one.json"]
    evidence = Evidence.from_json((case / "one.json").read_bytes())
    assert isinstance(evidence.cases[0].decision, CaseDecision)
    assert Evidence.to_json(evidence) == (case / "one.json").read_bytes()
    html = (case / "one.html").read_bytes()
    assert problems(html, evidence) == []
    assert b"from card.json" not in html
    assert b"Bank of Examples" in html
    assert b"#7a1f5c" in html
    assert b"#1f5a8c" not in html
    again = explainkit("explain", "audit.toml", "--row", position + 1, "--out", "one.html", folder=case)
    assert again.returncode == 2
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--row ID, or --position N"),
        (("--row", "1", "--position", "1"), "--row ID, or --position N"),
        (("--row", "301"), "allowed: 1 to 300"),
        (("--row", "x"), "allowed: 1 to 300"),
        (("--row", "1", "--out", "one.pdf"), "ends in .html"),
        (("--row", "1", "--out", "no/such/one.html"), "no such folder"),
    ],
)
def test_what_cannot_be_explained(case: Path, explainkit: Run, arguments: tuple[str, ...], words: str) -> None:
    done = explainkit("explain", "audit.toml", *arguments, folder=case)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_scores_alone_are_not_explained(case: Path, explainkit: Run) -> None:
    plan = (case / "audit.toml").read_text()
    scored = plan.replace('path = "model.skops"\n', "").replace('target = "bad"', 'target = "bad"\nscore = "p"')
    data = rows()
    data.assign(p=np.linspace(0, 1, len(data))).to_csv(case / "rows.csv", index=False)
    (case / "audit.toml").write_text(scored)
    done = explainkit("explain", "audit.toml", "--row", "1", folder=case)
    assert done.returncode == 2
    assert "scores alone" in done.stderr


def test_ids_of_others_stay_hidden(lender: Path, explainkit: Run) -> None:
    done = explainkit("explain", "open.toml", "--row", "applicant-100008", folder=lender)
    assert done.returncode == 2
    assert "did you mean 'applicant-" in done.stderr
    done = explainkit("explain", "private.toml", "--row", "applicant-100008", folder=lender)
    assert done.returncode == 2
    assert re.findall(r"applicant-\d+", done.stderr) == ["applicant-100008"]


def test_a_protected_reason_is_blocked(lender: Path, explainkit: Run) -> None:
    data = rows()
    north = data[(data["region"] == "north")]
    position = int(north["debt"].sub(north["income"]).idxmax())
    done = explainkit("explain", "open.toml", "--position", position + 1, "--json", folder=lender)
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"]) == (1, 1)
    assert found["reasons"]["status"] == "blocked: a principal reason is a protected attribute"
    assert found["reasons"]["text"] == []
    assert found["reasons"]["protected"] == ["north"]
    done = explainkit("explain", "open.toml", "--position", position + 1, folder=lender)
    assert "blocked: a principal reason is a protected attribute (north)" in done.stdout
    assert "further against the person." not in done.stdout


def contents(path: Path) -> bytes:
    """All bytes of a file, and of the compressed streams in it."""
    data = path.read_bytes()
    streams = [data]
    for match in re.finditer(rb"stream\r?\n", data):
        try:
            streams.append(zlib.decompressobj().decompress(data[match.end() :]))
        except zlib.error:
            continue
    return b"\n".join(streams)


@pytest.mark.slow
def test_neither_key_nor_ids_enter_a_release(lender: Path, explainkit: Run) -> None:
    done = explainkit("audit", "private.toml", "--json", folder=lender, whole=True)
    # An input that tells the region is a principal reason: the standing gate fails.
    assert done.returncode == 1, done.stderr
    gates = {g["gate"]: (g["outcome"], g["severity"]) for g in json.loads(done.stdout)["gates"]}
    assert gates["explanation.reasons.blocked"] == ("failed", "block")
    card = json.loads((lender / "release" / "card.json").read_bytes())
    assert all(re.fullmatch("[0-9a-f]{16}", c["key"]) and "HMAC-SHA256" in c["naming"] for c in card["cases"])
    files = [p for p in (lender / "release").rglob("*") if p.is_file()]
    assert len(files) >= 5
    for path in files:
        found = contents(path)
        assert KEY not in found, path
        assert KEY.hex().encode() not in found, path
        assert b"applicant-" not in found, path
    html = (lender / "release" / "card.html").read_bytes()
    assert b"blocked: a principal reason is a protected attribute" in html
    assert b"blocked reasons" in html.partition(b'class="contents"')[0]
    assert problems(html, Evidence.from_json((lender / "release" / "card.json").read_bytes())) == []
    again = explainkit("explain", "private.toml", "--row", card["cases"][0]["key"], "--json", folder=lender)
    assert json.loads(again.stdout)["case"] == card["cases"][0]["key"]
