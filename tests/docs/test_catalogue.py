"""The catalogue of figures names what real audits produce, as they produce it, and nothing that no code makes."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import explainkit
from explainkit import plugins
from explainkit.assess.figure_names import NAMES
from explainkit.evidence import Evidence
from explainkit.report.measures import catalogue
from tests.docs.audits import ALL
from tests.report import examples

PACKAGE = Path(explainkit.__file__).parent
SMALL_PRINT = "performance.thresholds.precision"
"""A part of a series that only the ledger names."""
LATER = ("compare.", "monitor.")
"""What is measured of a card once it is there."""


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> list[Evidence]:
    """Small audits of every kind, with a metric that another package registers."""
    with pytest.MonkeyPatch.context() as patch:
        points = [EntryPoint("mean_score", "m:f", "explainkit.metrics")]
        patch.setattr(plugins, "entry_points", lambda group: [p for p in points if p.group == group])
        patch.setattr(EntryPoint, "load", lambda point: lambda y_true, y_pred, *, sample_weight: float(y_pred.mean()))
        return [audit(tmp_path_factory.mktemp(name)) for name, audit in ALL.items()]


def _produced(evidences: list[Evidence]) -> dict[str, dict[str, set[Any]]]:
    """By name: units and methods that were measured."""
    found: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for evidence in evidences:
        for figure in evidence.figures:
            found[figure.name]["method"].add(figure.method)
            if figure.status == "measured":
                found[figure.name]["unit"].add(figure.unit)
        for series in evidence.series:
            name = series.id.partition("[")[0]
            found[name]["method"].add(series.method)
            found[name]["columns"].add(tuple(column for column, _ in series.columns))
    return found


@pytest.mark.slow
def test_the_catalogue_is_what_audits_produce(audits: list[Evidence]) -> None:
    produced = _produced(audits)
    listed = {name: measure for name, measure in catalogue().items() if not name.startswith(LATER)}
    assert set(produced) - set(listed) == set()
    assert set(listed) - set(produced) == {SMALL_PRINT}
    for name, found in produced.items():
        assert found["unit"] <= set(listed[name].unit), name
        if listed[name].columns:
            assert listed[name].columns in found["columns"], name


@pytest.mark.slow
def test_methods_of_the_catalogue_are_those_of_figures(audits: list[Evidence]) -> None:
    for name, found in _produced(audits).items():
        method = catalogue()[name].method
        assert method is not None, name
        pattern = re.compile(re.escape(method).replace("…", ".+?") + r"(; (weighted by|weights not|rows of).*)?")
        assert any(pattern.fullmatch(given) for given in found["method"] if given), (name, method, found["method"])


@pytest.mark.slow
def test_parts_of_the_brier_score_add_up_as_the_catalogue_says(audits: list[Evidence]) -> None:
    figures = audits[0].figure_set
    brier, reliability, resolution, uncertainty, within = (
        figures[f"performance.brier{part}"].value
        for part in ("", "_reliability", "_resolution", "_uncertainty", "_within")
    )
    assert within == pytest.approx(brier - reliability + resolution - uncertainty, abs=1e-12)


@pytest.mark.parametrize("name", examples.ALL)
def test_every_name_of_the_examples_is_in_the_catalogue(name: str) -> None:
    evidence = examples.ALL[name]()
    names = {f.name for f in evidence.figures} | {s.id.partition("[")[0] for s in evidence.series}
    assert names - set(catalogue()) == set()


def test_gates_and_catalogue_know_the_same_figures() -> None:
    listed = {name for name, m in catalogue().items() if not m.columns and not name.startswith(LATER)}
    assert listed ^ {name for name in NAMES if not catalogue()[name].columns} == set()


def test_every_entry_says_what_it_is_and_what_it_means() -> None:
    assert [n for n, m in catalogue().items() if not (m.title and m.meaning)] == []


def test_every_last_word_of_a_name_is_mentioned_by_code() -> None:
    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "measures.py")
    words = {name.rpartition(".")[2] for name in catalogue()}
    built = re.compile("_(difference|ratio)$")
    assert sorted(w for w in words if w not in code and built.sub("", w) not in code) == []
