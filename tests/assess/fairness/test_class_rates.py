"""Several classes by group, each against all others: by scikit-learn and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from explainkit.assess.fairness import class_rates, fairness
from explainkit.assess.fairness.verdicts import verdicts
from explainkit.figures import FigureSet
from explainkit.plan import FairnessPlan
from tests.assess.builders import check_sane, figures_of, group, subject_of


def cases(n=800, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"g": rng.choice(["a", "b"], n), "y": rng.integers(0, classes, n).astype(float)})
    chances = rng.dirichlet(np.ones(classes), n) + 0.5 * np.eye(classes)[frame.y.astype(int)]
    frame["w"] = rng.uniform(0.5, 2, n)
    frame.loc[rng.random(n) < 0.1, "y"] = np.nan
    return frame, chances / chances.sum(axis=1, keepdims=True)


def subject(frame, chances, *, weights=None, **given):
    return subject_of(chances, frame.y, task="multiclass", groups=[group("g", frame.g)], weights=weights, **given)


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_by_class_and_group(weighted):
    frame, chances = cases()
    decided = chances.argmax(axis=1)
    measured = fairness.measure(
        subject(frame, chances, weights=frame.w if weighted else None), FairnessPlan(reference={"g": "b"})
    )
    check_sane(measured.figures)
    figures = figures_of(measured)
    weight = frame.w if weighted else pd.Series(1.0, frame.index)
    rates = {}
    for level in "ab":
        for k in range(3):
            inside = (frame.g == level).to_numpy()
            known = inside & frame.y.notna().to_numpy()
            truth, said, w = frame.y[known] == k, decided[known] == k, weight[known]
            (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, said, sample_weight=w, labels=[False, True])
            rates[level, k] = {
                "decided_rate": np.average(decided[inside] == k, weights=weight[inside]),
                "true_positive_rate": tp / (tp + fn),
                "false_positive_rate": fp / (fp + tn),
                "precision": tp / (tp + fp),
            }
            for name, expected in rates[level, k].items():
                figure = figures[f"fairness.{name}[class=k{k},g={level}]"]
                assert figure.value == pytest.approx(expected, abs=1e-12)
                assert figure.low < figure.value < figure.high
                assert figure.class_ == f"k{k}"
    for k in range(3):
        for name in rates["a", k]:
            difference = figures[f"fairness.{name}_difference[class=k{k},g=a]"]
            assert difference.value == pytest.approx(rates["a", k][name] - rates["b", k][name], abs=1e-12)
            assert difference.low < difference.value < difference.high
            assert difference.reference == "b (stated in the plan)"


def test_every_class_of_every_group_is_judged_but_the_reference():
    frame, chances = cases()
    plan, what = FairnessPlan(tolerance=0.1, reference={"g": "b"}), subject(frame, chances)
    found = verdicts(FigureSet(fairness.measure(what, plan).figures), plan, what)
    about = {v.figure for v in found if "true_positive_rate" in v.figure}
    assert about == {f"fairness.true_positive_rate_difference[class=k{k},g=a]" for k in range(3)}


def test_nothing_by_class_where_something_is_hidden():
    frame, chances = cases()
    frame.loc[:4, "g"] = "c"
    measured = fairness.measure(subject(frame, chances), FairnessPlan())
    assert not any("class" in f.keys for f in measured.figures)
    assert any(e.kind == "suppressed" and "rates of each class" in e.what for e in measured.ledger)
    frame, chances = cases()
    measured = fairness.measure(subject(frame, chances), FairnessPlan(min_count=3))
    assert not any("class" in f.keys for f in measured.figures)


def test_the_most_frequent_of_many_classes(monkeypatch):
    monkeypatch.setattr(class_rates, "MOST_CLASSES", 4)
    frame, chances = cases(classes=6)
    measured = fairness.measure(subject(frame, chances), FairnessPlan())
    often = pd.Series(chances.argmax(axis=1)).value_counts().sort_values(ascending=False, kind="stable").index[:4]
    shown = {f.keys["class"] for f in measured.figures if "class" in f.keys}
    assert shown == {f"k{k}" for k in often}
    (entry,) = [e for e in measured.ledger if "rates of each class" in e.what]
    assert entry.count == 2


def test_without_outcomes_decisions_alone():
    frame, chances = cases()
    frame["y"] = np.nan
    measured = fairness.measure(subject(frame, chances), FairnessPlan())
    assert {f.name for f in measured.figures if "class" in f.keys} == {
        "fairness.decided_rate",
        "fairness.decided_rate_difference",
    }


def test_a_class_that_is_called_like_the_reference_group_is_judged():
    frame, chances = cases()
    frame["g"] = frame.g.map({"a": "k1", "b": "k0"})
    plan, what = FairnessPlan(tolerance=0.1, reference={"g": "k0"}), subject(frame, chances)
    found = verdicts(FigureSet(fairness.measure(what, plan).figures), plan, what)
    about = {v.figure for v in found if "true_positive_rate" in v.figure}
    assert about == {f"fairness.true_positive_rate_difference[class=k{k},g=k1]" for k in range(3)}
