"""From a change of the data to page one: what is beyond a limit is said, and what is within is not."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.assess.drift.findings import drift_findings
from explainkit.errors import InputError
from explainkit.figures import FigureSet
from explainkit.plan import DriftPlan
from explainkit.report.assemble import build
from explainkit.report.card import Group, Items, Paragraph, Table
from tests.assess.drift.cases import chance, measured, rows
from tests.assess.leakage.test_findings import evidence, page_one, risks, text

INPUTS = ["income", "debt", "years"]


def card(new, old, **more):
    return evidence(new, old, inputs=INPUTS, **more)


def groups(found):
    (data,) = [s for s in build(found).sections if s.id == "data"]
    (drift,) = [b for b in data.blocks if isinstance(b, Group) and text(b.title).startswith("Drift")]
    return drift


def test_what_moved_stands_on_page_one_and_in_section_14_and_limits_are_those_of_the_plan():
    new, old = rows(1200, 1, moved=1.0), rows(2000, 2)
    new.loc[new.index[:200], "debt"] = np.nan
    found = card(new, old)
    kinds = {(f.kind, f.columns, f.limit) for f in found.findings}
    assert {("drift", ("income",), "drift.psi"), ("drift", ("debt",), "drift.missing")} <= kinds
    assert any(kind == "told_apart" for kind, _, _ in kinds)
    lines = " ".join(page_one(found))
    assert "inputs that changed from the reference data: income (PSI 0.9" in lines
    assert "debt (missing values +0.167)" in lines
    assert any(line.startswith("drift") for line in risks(found))
    tables = [b for b in groups(found).blocks if isinstance(b, Group) for b in b.blocks if isinstance(b, Table)]
    assert text(tables[0].rows[1].cells[0]) == "income"
    lax = card(new, old, drift={"psi": 5, "missing": 0.5, "told_apart": 0.99})
    assert not [f for f in lax.findings if f.kind in ("drift", "told_apart")]


def test_two_halves_of_one_data_set_have_no_finding():
    found = card(rows(800, 3), rows(1600, 4))
    assert not [f for f in found.findings if f.kind.endswith("drift") or f.kind == "told_apart"]


def test_a_score_that_moved_and_outcomes_that_turned_are_findings():
    figures, _ = measured(rows(2500, 5, moved=1.0, turned=1.0), rows(4000, 6), predict=chance)
    found = {f.kind: f for f in drift_findings(figures, DriftPlan(), {c: c for c in (*INPUTS, "region", "job")})}
    assert found["score_drift"].figure == "drift.score_psi"
    assert found["outcome_drift"].figure == "drift.outcome_rate"
    assert found["drift"].columns == ("income",)


def test_a_tiny_change_of_many_rows_is_no_chance_and_no_finding():
    figures, _ = measured(rows(30_000, 7, moved=0.1), rows(60_000, 8), drift={"rows": 0})
    assert figures["drift.p_value[column=income]"].value < 1e-6
    assert not list(drift_findings(figures, DriftPlan(), {"income": "income"}))


def test_no_reference_is_one_line_of_section_6():
    drift = groups(card(rows(200, 9), None))
    assert [text(b.parts) for b in drift.blocks if isinstance(b, Paragraph)] == [
        "open Not measured, because: no reference data given (data.reference)."
    ]
    assert not [b for b in drift.blocks if isinstance(b, Items)]


def test_a_card_without_outcomes_estimates_and_says_so():
    new, old = rows(1500, 10, moved=0.5).drop(columns="y"), rows(3000, 11)
    figures, _ = measured(new, old, drift={"reference_target": "y", "rows": 0})
    truth = rows(60_000, 12, moved=0.5)["y"].mean()
    assert figures["drift.estimated_base_rate"].value == pytest.approx(truth, abs=0.03)
    assert "logistic relation fitted there" in figures["drift.estimated_base_rate"].method
    assert all("estimate, not measured" in f.method for f in figures if f.name.startswith("drift.estimated"))
    assert figures["drift.outcome_rate"].reason == "the evaluation data has no outcomes"
    bare, _ = measured(new, old.drop(columns="y"), drift={"rows": 0})
    assert "the scores are the chances" in bare["drift.estimated_roc_auc"].method
    known, _ = measured(rows(300, 13), old, drift={"rows": 0})
    assert not [f for f in known if f.name.startswith("drift.estimated")]


@pytest.mark.parametrize(("name", "message"), [("z", "no such column"), ("region", "no row has the positive class")])
def test_a_wrong_column_of_earlier_outcomes_is_said(name, message):
    new, old = rows(300, 14).drop(columns="y"), rows(400, 15)
    with pytest.raises(InputError, match=message):
        measured(new, old, drift={"reference_target": name})


def test_figures_of_a_set_have_distinct_names():
    _, found = measured(rows(300, 16), rows(400, 17))
    assert len({f.id for f in found.figures}) == len(found.figures) == len(list(FigureSet(found.figures)))
