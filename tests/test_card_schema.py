"""The published JSON Schema of card.json: equal to the dataclasses, met by a card, and refusing what is not one."""

from __future__ import annotations

import copy
import importlib.util
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from explainkit.evidence import (
    Case,
    Column,
    DatasetIdentity,
    Evidence,
    GateOutcome,
    LedgerEntry,
    Method,
    ModelIdentity,
)
from explainkit.figures import Figure, Series
from explainkit.statements import answered, catalogue_date

ROOT = Path(__file__).parent.parent
DIGEST = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    text = (files("explainkit") / "schemas" / "card-1.schema.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def evidence() -> Evidence:
    """A card with every kind of member, each optional one present once and absent once."""
    return Evidence(
        name="credit",
        version="1",
        date="2026-11-23",
        draft=(),
        task="binary",
        outputs=("good", "bad"),
        positive="bad",
        threshold=">=0.5",
        favourable="good",
        population=("accepted only", "resampled"),
        level="B-B",
        model=ModelIdentity(
            family="scikit-learn",
            kind="HistGradientBoostingClassifier",
            digest=DIGEST,
            digest_of="the file model.skops",
            steps=("SimpleImputer",),
            parameters=(("learning_rate", "0.1"),),
            library="scikit-learn 1.9",
        ),
        datasets=(
            DatasetIdentity(role="evaluation", name="test.parquet", digest=DIGEST, digest_of="the file test.parquet"),
        ),
        columns=(
            Column(name="age", kind="integer", roles=("sensitive",)),
            Column(name="amount", kind="number", roles=("feature",), available="application", actionable=False),
        ),
        figures=(
            Figure(id="performance.roc_auc", value=0.75, low=0.7, high=0.8, level=0.95, n=300, unit="score"),
            Figure(id='fairness.count[age="26 to 40"]', value=12, n=12, unit="count", class_="bad"),
            Figure(id="performance.brier", status="not_tested", reason="evaluation rows are resampled"),
        ),
        series=(Series(id="performance.roc_curve", columns=(("x", (0, 0.5, 1)), ("y", (0, None, "end"))), n=300),),
        methods=(
            Method(
                id="shap",
                method="TreeSHAP",
                space="margin",
                exactness="exact",
                players="columns of the model",
                background="100 rows",
                background_digest=None,
                seed=0,
            ),
        ),
        cases=(Case(key="1", chosen="the highest score", inputs=(("purpose", "car"),)),),
        ledger=(LedgerEntry(kind="sampled", what="rows explained", reason="1,000 of 25,000", count=1000),),
        gates=(
            GateOutcome(
                gate="performance.roc_auc",
                limit=">= 0.7",
                bound="low",
                severity="block",
                outcome="passed",
                figure=None,
                reason="0.70 lies within",
            ),
        ),
        statements=answered({"provider": "A bank"}),
        statements_date=catalogue_date(),
        environment=(("explainkit", "0.1.0"),),
        plan={"version": 1, "data": {"target": "bad"}},
    )


@pytest.mark.repository
@pytest.mark.parametrize("name", ["card-1.schema.json", "summary-1.schema.json"])
def test_the_committed_schema_is_the_one_of_the_dataclasses(name: str) -> None:
    spec = importlib.util.spec_from_file_location("make_schema", ROOT / "tools" / "make_schema.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    committed = (ROOT / "explainkit" / "schemas" / name).read_text("utf-8")
    assert committed == tool.texts()[name], "run: python tools/make_schema.py"


def test_a_card_meets_the_schema_and_reads_back(validator: Draft202012Validator, evidence: Evidence) -> None:
    document = json.loads(evidence.to_json())
    assert [error.message for error in validator.iter_errors(document)] == []
    assert Evidence.from_json(evidence.to_json()) == evidence


def change(document: Any, path: tuple[str | int, ...], value: Any = None) -> Any:
    """A copy with one member set, or removed where no value is given."""
    broken = copy.deepcopy(document)
    at = broken
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return broken


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("plan_digest",), None),
        (("plan_digest",), "sha256:" + "AB" * 32),
        (("schema_version",), "2.0"),
        (("verdict",), "compliant"),
        (("task",), "ranking"),
        (("model", "digest"), "md5:" + "ab" * 16),
        (("model", "family"), 3),
        (("columns", 0, "roles"), ["protected"]),
        (("columns", 0, "kind"), None),
        (("figures", 0, "value"), None),
        (("figures", 0, "value"), "0.75"),
        (("figures", 0, "n"), 1.5),
        (("figures", 0, "id"), "Performance AUC"),
        (("figures", 0, "unit"), "percent"),
        (("figures", 0, "class_"), "bad"),
        (("figures", 2, "reason"), None),
        (("figures", 2, "value"), 0.2),
        (("series", 0, "columns", 0), ["x"]),
        (("series", 0, "columns", 0), ["x", [0], [1]]),
        (("environment", 0), "explainkit 0.1.0"),
        (("ledger", 0, "kind"), "hidden"),
        (("statements", 0, "required"), "yes"),
    ],
)
def test_what_is_not_a_card_is_refused(
    validator: Draft202012Validator, evidence: Evidence, path: tuple[str | int, ...], value: Any
) -> None:
    document = json.loads(evidence.to_json())
    assert validator.is_valid(document)
    assert not validator.is_valid(change(document, path, value))
