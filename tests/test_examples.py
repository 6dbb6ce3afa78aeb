"""The examples do what they are there for: what a user would copy runs, and gives a card."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence
from explainkit.progress import Progress
from explainkit.report import files
from explainkit.report.html import render_html
from explainkit.testing import assert_gates

EXAMPLES = Path(__file__).parent.parent / "examples"
EXPECTED = {
    "after_scikit_learn": ("scikit-learn", "LogisticRegression"),
    "after_xgboost": ("xgboost", "XGBClassifier"),
    "after_lightgbm": ("lightgbm", "LGBMClassifier"),
    "after_catboost": ("catboost", "CatBoostClassifier"),
    "after_a_network": ("callable", "probabilities"),
    "after_onnx": ("callable", "probabilities"),
    "scorecard_alone": ("scores", ""),
}
pytestmark = pytest.mark.repository


def on_screen(evidence: Evidence, progress: Progress, **_: object) -> tuple[Artifact, ...]:
    """The card without its pages on paper, which take longest and are the same work for every model."""
    page = Artifact(name="card.html", data=render_html(evidence), media_type="text/html")
    return (page, Artifact(name="card.json", data=evidence.to_json(), media_type="application/json"))


def test_every_example_is_run_and_listed() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(EXPECTED)
    page = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"[{name}.py]({name}.py)" in page for name in EXPECTED)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_an_example(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "report_files", on_screen)
    made = runpy.run_path(str(EXAMPLES / f"{name}.py"))["release"]
    assert capsys.readouterr().out == "passed\n"
    assert_gates(tmp_path / "release")
    evidence = Evidence.from_json((tmp_path / "release" / "card.json").read_bytes())
    assert evidence == made.evidence
    assert (evidence.model.family, evidence.model.kind) == EXPECTED[name]
    assert evidence.draft == (("no favourable outcome stated (fairness.favourable)",) if "lightgbm" in name else ())
    assert bool(evidence.cases) is (name != "scorecard_alone")
