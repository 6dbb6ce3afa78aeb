"""What monitoring writes: metrics that promtool accepts, a dashboard that Grafana's schemas know, a page, JUnit."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from explainkit.artifact import sha256_file
from explainkit.assess.monitoring.limits import BY_COLUMN, OTHERS
from explainkit.cli.main import COMMANDS
from explainkit.evidence import Evidence
from explainkit.junit import limit_checks
from explainkit.monitoring.monitoring import Monitored, monitor
from explainkit.report.assemble import SECTIONS
from explainkit.report.card import Table
from explainkit.report.measures import catalogue
from explainkit.report.sections.stated import monitoring
from explainkit.sign.keys import TrialKeys
from tests.monitoring.conftest import lender
from tests.registries.servers import program


@pytest.fixture(scope="module")
def history(release: Path, keys: TrialKeys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of two days, the second one with an income that moved."""
    path = tmp_path_factory.mktemp("history") / "h.jsonl"
    for day, moved in ((1, 0.0), (2, 0.8)):
        date = f"2026-11-0{day}"
        monitor(release, lender(600, day, moved=moved), date=date, score="p", trust=keys.ca, history=path)
    return path


@pytest.fixture(scope="module")
def made(release: Path, keys: TrialKeys, history: Path) -> Monitored:
    """The latest day, with the history."""
    table = lender(600, 2, moved=0.8)
    given: dict[str, Any] = {"score": "p", "trust": keys.ca, "history": history, "replace": True}
    return monitor(release, table, date="2026-11-02", **given)


def test_promtool_accepts_the_metrics(made: Monitored) -> None:
    tool = program("promtool", "prometheus/usr/bin/promtool")
    for text, accepted in ((made.metrics(), True), (made.metrics().replace(b"} ", b"} x", 1), False)):
        done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, timeout=60, check=False)
        assert (done.returncode == 0) is accepted, done.stderr


def test_openmetrics_read_back_are_the_figures(made: Monitored) -> None:
    families = {f.name: f for f in text_string_to_metric_families(made.metrics().decode())}
    for figure in made.figures:
        for end in ("value", "low", "high"):
            wanted = getattr(figure, end)
            if wanted is not None:
                metric = f"explainkit_{figure.name.replace('.', '_')}" + ("" if end == "value" else f"_{end}")
                column = figure.keys.get("column")
                found = [s.value for s in families[metric].samples if s.labels.get("column") == column]
                assert found == [wanted], (figure.id, end)
    crossed = {
        (s.labels["kind"], s.labels["limit"]): s.value for s in families["explainkit_monitor_limit_crossed"].samples
    }
    assert crossed == {
        ("rollback", "monitor.roc_auc"): 0,
        ("alert", "monitor.psi"): 1,
        ("alert", "monitor.psi[column=income]"): 1,
    }
    assert families["explainkit_monitor_day_timestamp_seconds"].samples[0].value == 1_793_577_600


def test_names_from_outside_do_not_break_the_metrics(made: Monitored) -> None:
    odd = 'a "b"\\ {c}\nd'
    named = dataclasses.replace(made, evidence=dataclasses.replace(made.evidence, name=odd))
    families = list(text_string_to_metric_families(named.metrics().decode()))
    assert {s.labels["model"] for f in families for s in f.samples} == {odd}
    assert odd in json.loads(named.dashboard())["title"]


def test_the_dashboard_is_one_by_the_schemas_of_grafana(made: Monitored) -> None:
    plugins.register_default_plugins()
    given = json.loads(made.dashboard())

    def kept(document: dict[str, Any]) -> Any:
        return json.loads(JSONEncoder().encode(Dashboard.from_json(document)))

    assert lost(given, kept(given)) == []
    assert lost(given | {"pannels": []}, kept(given | {"pannels": []})) == ["/pannels"]


def lost(given: Any, kept: Any, at: str = "") -> list[str]:
    """Places of what a schema does not know, or changes."""
    if isinstance(given, dict):
        return [p for k, v in given.items() for p in (lost(v, kept[k], f"{at}/{k}") if k in kept else [f"{at}/{k}"])]
    if isinstance(given, list) and len(given) == len(kept):
        return [p for n, pair in enumerate(zip(given, kept, strict=True)) for p in lost(*pair, f"{at}/{n}")]
    return [] if given == kept else [at]


def test_the_dashboard_asks_for_metrics_that_there_are(made: Monitored) -> None:
    there = {f.name for f in text_string_to_metric_families(made.metrics().decode())}
    # New values are of categories, of which this model has none.
    there |= {f"explainkit_monitor_new_values{end}" for end in ("", "_low", "_high")}
    asked = set(re.findall(r"explainkit_monitor_\w+", made.dashboard().decode()))
    assert asked
    assert asked - there == set()


def test_the_page_prints_figures_and_loads_nothing(made: Monitored, history: Path) -> None:
    page = made.page().decode()
    assert f"from h.jsonl, sha256 {sha256_file(history)}" in page
    assert "LOOK INTO IT" in page
    assert "TAKE THE MODEL BACK" not in page
    assert page.index("2026-11-02") < page.rindex("2026-11-01")
    assert re.findall(r'(?:src|href)="(?!#|data:)', page) == []
    values = re.findall(r'<data value="([^"]+)"[^>]*data-figure="monitor.score_psi\[day=2026-11-02\]">', page)
    assert [float(v) for v in values] == [made.figure("monitor.score_psi").value]


def test_the_card_prints_its_limits_and_not_its_counts(evidence: Evidence) -> None:
    section = monitoring(evidence)
    page = str(section)
    assert "monitor.psi" not in page, "measures by their titles"
    assert all(text in page for text in ("PSI of new data", "AUC of new data", "≥ 0.6", "≤ 0.1"))
    assert sum(isinstance(block, Table) for group in section.blocks for block in getattr(group, "blocks", ())) == 2
    assert monitoring(dataclasses.replace(evidence, series=())).blocks == section.blocks[1:]
    assert "baseline." not in str([section(evidence) for section in SECTIONS])


def test_gates_and_catalogue_know_the_figures_of_monitoring(made: Monitored) -> None:
    listed = {name for name in catalogue() if name.startswith("monitor.")}
    assert listed == {f"monitor.{name}" for name in (*BY_COLUMN, *OTHERS)}
    for figure in made.figures:
        assert figure.unit in catalogue()[figure.name].unit
        assert figure.method
        assert figure.method.startswith((catalogue()[figure.name].method or "").partition(";")[0])


def test_the_command_says_what_was_crossed(
    release: Path, keys: TrialKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explainkit.cli.monitor_command.supervised", lambda job, *, target: job())
    from explainkit.cli.monitor_command import command

    assert "monitor" in COMMANDS
    lender(400, 2, moved=0.8).to_csv(tmp_path / "new.csv", index=False)
    places = {name: tmp_path / f"out.{name}" for name in ("metrics", "dashboard", "html", "junit")}
    options = [text for name, place in places.items() for text in (f"--{name}", str(place))]
    common = [str(release), "--data", str(tmp_path / "new.csv"), "--score", "p", "--trust", str(keys.ca)]
    done = CliRunner().invoke(
        command, [*common, "--date", "2026-11-02", "--history", str(tmp_path), *options], standalone_mode=False
    )
    assert done.exception is None, done.exception
    assert done.return_value == 1
    assert "ALERT monitor.psi[column=income] <= 0.1: failed" in done.output
    assert "rollback monitor.roc_auc >= 0.6: passed" in done.output
    assert (tmp_path / "monitor.jsonl").is_file()
    cases = ElementTree.fromstring(places["junit"].read_bytes()).findall(".//testcase")
    assert [c.get("classname") for c in cases] == ["explainkit.monitor.rollback", *["explainkit.monitor.alert"] * 2]
    assert sum(c.find("failure") is not None for c in cases) == 2
    (check,) = limit_checks(())
    assert check.outcome == "skipped"
    done = CliRunner().invoke(command, [*common, "--date", "2026-11-02", "--json"], standalone_mode=False)
    document = json.loads(done.output)
    assert document["exit_code"] == 1
    assert {limit["kind"] for limit in document["limits"]} == {"alert", "rollback"}
