"""What was decided in fact, beside the model: from the definitions, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.fairness import actual_decisions
from explainkit.assess.fairness.shown import groupings_of
from explainkit.plan import FairnessPlan, LocalLaw144Plan
from tests.assess.builders import check_sane, figures_of, group, reasons_of, subject_of


def cases(n=500, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"score": rng.random(n), "sex": rng.choice(["f", "m"], n), "w": rng.uniform(0.5, 2, n)})
    frame["model"] = frame.score < 0.5  # favourable is a low score
    frame["actual"] = (frame.model ^ (rng.random(n) < 0.1)).astype(float)
    frame.loc[rng.random(n) < 0.1, "actual"] = np.nan
    return frame


def measured(frame, *, weights=None, plan=None, **given):
    subject = subject_of(frame.score, None, groups=[group("sex", frame.sex)], weights=weights, **given)
    subject = replace(subject, rows=replace(subject.rows, actual=frame.actual.to_numpy()))
    plan = plan or FairnessPlan(reference={"sex": "m"})
    return actual_decisions.measure(subject, plan, groupings_of(subject, plan, LocalLaw144Plan()))


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_and_overrides_by_definition(weighted):
    frame = cases()
    found = measured(frame, weights=frame.w if weighted else None)
    check_sane(found.figures)
    figures = figures_of(found)
    known = frame.dropna(subset="actual")
    parts = {
        "actual_rate": (known, known.actual == 1),
        "model_rate": (known, known.model),
        "overridden_to_favourable": (known[~known.model], known.actual[~known.model] == 1),
        "overridden_to_unfavourable": (known[known.model], known.actual[known.model] == 0),
    }
    for name, (whole, part) in parts.items():
        weight = whole.w if weighted else pd.Series(1.0, whole.index)
        of = {"": np.ones(len(whole), bool), "[sex=f]": whole.sex == "f", "[sex=m]": whole.sex == "m"}
        rates = {}
        for key, rows in of.items():
            figure = figures[f"decisions.{name}{key}"]
            rates[key] = (weight * part)[rows].sum() / weight[rows].sum()
            assert figure.value == pytest.approx(rates[key], abs=1e-12)
            assert (figure.n, figure.events) == (rows.sum(), part[rows].sum())
            assert figure.low < figure.value < figure.high
            if not weighted:
                theirs = stats.binomtest(int(part[rows].sum()), int(rows.sum())).proportion_ci(0.95, "wilson")
                assert (figure.low, figure.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
        difference = figures[f"decisions.{name}_difference[sex=f]"]
        assert difference.value == pytest.approx(rates["[sex=f]"] - rates["[sex=m]"], abs=1e-12)
        assert difference.reference == "m (stated in the plan)"
        ratio = figures[f"decisions.{name}_ratio[sex=f]"]
        assert ratio.value == pytest.approx(rates["[sex=f]"] / rates["[sex=m]"], abs=1e-12)
    (entry,) = [e for e in found.ledger if "decision" in e.what]
    assert entry.count == frame.actual.isna().sum()


def test_without_a_threshold_the_decisions_made_are_measured_all_the_same():
    found = measured(cases(), threshold=None)
    assert figures_of(found)["decisions.actual_rate[sex=f]"].status == "measured"
    reasons = reasons_of(found)
    for name in ("model_rate", "overridden_to_favourable", "overridden_to_unfavourable"):
        assert reasons[f"decisions.{name}"][0] == "not_tested"


def test_a_group_without_basis_or_without_decisions():
    frame = cases()
    frame.loc[frame.sex == "f", "actual"] = np.nan
    status, reason = reasons_of(measured(frame))["decisions.actual_rate[sex=f]"]
    assert status == "insufficient"
    assert "no decision made is known" in reason
    subject = subject_of(frame.score, None, groups=[group("sex", frame.sex, basis=None)])
    subject = replace(subject, rows=replace(subject.rows, actual=frame.actual.to_numpy()))
    plan = FairnessPlan()
    found = actual_decisions.measure(subject, plan, groupings_of(subject, plan, LocalLaw144Plan()))
    assert reasons_of(found)["decisions.actual_rate[sex=m]"][0] == "not_tested"
    assert figures_of(found)["decisions.actual_rate"].status == "measured"


def test_nothing_where_none_are_given():
    subject = subject_of([0.1, 0.9], None)
    plan = FairnessPlan()
    found = actual_decisions.measure(subject, plan, groupings_of(subject, plan, LocalLaw144Plan()))
    assert found.figures == ()
