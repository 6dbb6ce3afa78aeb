"""The plan is checked once, at its boundary, and every error names the key and what would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.decision import Population, Threshold, label_name
from explainkit.errors import PlanError
from explainkit.plan import plan_from, read_plan


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"modle": {}}, "modle: unknown key; remedy: did you mean 'model'?"),
        ({"model": {"treshold": 1}}, "model.treshold: unknown key; remedy: did you mean 'threshold'?"),
        ({"features": {"age": {"cut": [1]}}}, "features.age.cut: unknown key; remedy: did you mean 'cuts'?"),
        ({"data": {"weight": {"colum": "w"}}}, "data.weight.colum: unknown key; remedy: did you mean 'column'?"),
        ({"features": {"age": {"cuts": [3, 1], "cuts_reason": "x"}}}, "cuts must ascend"),
        ({"features": {"age": {"cuts": [3]}}}, "cuts need a cuts_reason"),
        ({"model": {"threshold": "0.5"}}, "model.threshold: the threshold needs its side; found '0.5'"),
        ({"model": {"threshold": 0.5}}, "model.threshold: the threshold needs its side; found '0.5'"),
        ({"statements": {"population": "everybody"}}, "statements.population: the population is stated in fixed words"),
        (
            {"statements": {"popultion": "x"}},
            "statements.popultion: unknown statement; remedy: did you mean 'population'",
        ),
        ({"gates": {"a b": {"min": 1}}}, "not the id of a figure"),
        (
            {"gates": {"a.b": {"min": 1, "max": 2}}},
            "gates.a.b: a gate has exactly one of min, max, within and no_worse",
        ),
        ({"gates": {"a.b": {}}}, "exactly one of"),
        ({"model": {"task": "bin"}}, "model.task: "),
        ({"version": 2}, "unknown version of the plan; found 2; allowed: 1"),
        ({"explain": {"rows": 0}}, "explain.rows: "),
        ({"explain": {"seed": -1}}, "explain.seed: "),
    ],
)
def test_errors_name_the_key(document: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_from(document, where="audit.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("audit.toml: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_no_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such plan.*explainkit init"):
        read_plan(tmp_path / "audit.toml")
    with pytest.raises(PlanError, match="found a folder"):
        read_plan(tmp_path)
    path = tmp_path / "audit.toml"
    path.write_text("version = \n")
    with pytest.raises(PlanError, match="not a TOML file"):
        read_plan(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="not a TOML file"):
        read_plan(path)


def test_the_document_names_no_folder(tmp_path: Path) -> None:
    plan = plan_from({"model": {"path": str(tmp_path / "m.skops")}, "data": {"evaluation": "deep/down/rows.csv"}})
    document = plan.document()
    assert document["model"]["path"] == "m.skops"
    assert document["data"]["evaluation"] == "rows.csv"
    assert str(tmp_path) not in str(document)


def test_the_document_names_no_case() -> None:
    document = plan_from({"explain": {"local": ["4711", 12]}}).document()
    assert document["explain"] == {"local": 2}


def test_labels_are_words_whatever_their_type() -> None:
    assert [label_name(v) for v in (0, 0.0, np.int64(0), np.float32(0), True, np.bool_(True), "x", 1.5)] == [
        *("0", "0", "0", "0", "True", "True", "x", "1.5")
    ]
    assert plan_from({"fairness": {"favourable": 0}}).fairness.favourable == "0"


@given(at=st.floats(-1e6, 1e6), side=st.sampled_from([">=", ">"]))
def test_thresholds_round_trip(at: float, side: str) -> None:
    threshold = Threshold.parse(f"{side} {at!r}")
    assert threshold == Threshold.parse(str(threshold))
    assert threshold.decide(np.array([at]))[0] == (side == ">=")


def test_population() -> None:
    population = Population.parse("accepted only, resampled")
    assert population.accepted_only
    assert population.resampled
    assert not Population.parse(None).stated
    assert not Population.parse("all applicants").accepted_only
