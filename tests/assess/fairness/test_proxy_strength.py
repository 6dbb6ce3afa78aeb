"""How well inputs predict an attribute: against counting in loops, and where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from explainkit.assess.fairness import proxy_strength
from explainkit.assess.fairness.shown import groupings_of
from explainkit.plan import FairnessPlan, LocalLaw144Plan
from tests.assess.builders import dataset, figures_of, group, reasons_of, subject_of


def inputs(n=900, seed=0):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    frame = pd.DataFrame(
        {
            "noise": rng.normal(size=n),
            "shifted": rng.normal(size=n) + (sex == "f"),
            "title": np.where(rng.random(n) < 0.1, None, np.where(sex == "f", "Ms", "Mr")),
            "few": rng.integers(0, 3, n),
        }
    )
    frame.loc[rng.random(n) < 0.1, "shifted"] = np.nan
    return frame, sex


def measured(frame, columns, *, features=None, min_cell=10, seed=0, **changes):
    subject = subject_of(
        np.linspace(0, 1, len(frame)), groups=columns, evaluation=dataset(frame), features=features or tuple(frame)
    )
    subject = replace(subject, rows=replace(subject.rows, **changes))
    found = groupings_of(subject, FairnessPlan(min_cell=min_cell), LocalLaw144Plan())
    return proxy_strength.measure(subject, found, seed=seed)


def test_strong_and_useless_proxies():
    frame, sex = inputs()
    found = figures_of(measured(frame, [group("sex", sex)]))
    alone = {f.keys["feature"]: f for f in found.named("proxy_strength.alone")}
    assert set(alone) == set(frame)
    assert alone["noise"].value == pytest.approx(0.5, abs=0.06)
    assert alone["few"].value == pytest.approx(0.5, abs=0.06)
    assert alone["shifted"].value == pytest.approx(0.74, abs=0.04)  # Φ(1 / √2), and a tenth unknown
    assert alone["title"].value == pytest.approx(0.995, abs=0.005)  # a toss where both are unknown
    together = found["proxy_strength.together[column=sex]"]
    assert together.value > alone["title"].value
    assert together.low < together.value < together.high <= 1
    assert together.n == len(frame)


def by_loops(bins, groups, fold, names):
    """Mean over the parts of the area of the shares in each bin among the other parts, by scikit-learn."""
    areas = []
    for part in range(proxy_strength.FOLDS):
        inside = fold == part
        base = np.array([(groups[~inside] == name).mean() for name in names])
        chances = []
        for b in bins[inside]:
            own = groups[~inside][bins[~inside] == b]
            chances.append((np.array([(own == name).sum() for name in names]) + base) / (len(own) + 1))
        chances, truth = np.array(chances), groups[inside]
        if len(names) == 2:
            areas.append(roc_auc_score(truth == names[1], chances[:, 1]))
        else:
            areas.append(np.mean([roc_auc_score(truth == name, chances[:, k]) for k, name in enumerate(names)]))
    return np.mean(areas)


@pytest.mark.parametrize("names", [["f", "m"], ["f", "m", "x"]])
def test_shares_by_definition(names, monkeypatch):
    rng = np.random.default_rng(2)
    groups = rng.choice(names, 300)
    frame = pd.DataFrame({"job": np.where(rng.random(300) < 0.3, groups, rng.choice(list("abcd"), 300))})
    fold = np.arange(300) % proxy_strength.FOLDS
    monkeypatch.setattr(proxy_strength, "_folds", lambda subject, rows, rng: fold[rows])
    found = figures_of(measured(frame, [group("sex", groups)]))["proxy_strength.alone[column=sex,feature=job]"]
    assert found.value == pytest.approx(by_loops(frame.job.to_numpy(), groups, fold, names), abs=1e-12)
    assert found.low < found.value < found.high


def test_the_attribute_itself_is_left_out():
    frame, sex = inputs()
    frame["sex"] = sex
    found = figures_of(measured(frame[["noise", "sex"]], [group("sex", sex)]))
    together = found["proxy_strength.together[column=sex]"]
    assert together.value == pytest.approx(0.5, abs=0.06)
    assert "without sex itself, which is an input" in together.method
    assert [f.keys["feature"] for f in found.named("proxy_strength.alone")] == ["noise"]
    status, reason = reasons_of(measured(frame[["sex"]], [group("sex", sex)]))["proxy_strength.together[column=sex]"]
    assert (status, reason) == ("insufficient", "the model has no other input")


def test_clusters_are_parts_as_wholes():
    """Ten rows of one household are alike: to have seen nine of them would tell the tenth."""
    rng = np.random.default_rng(3)
    house = np.repeat(np.arange(30), 10)
    sex = np.repeat(rng.choice(["f", "m"], 30), 10)
    frame = pd.DataFrame({"address": [f"street {number}" for number in house]})
    torn = figures_of(measured(frame, [group("sex", sex)]))["proxy_strength.alone[column=sex,feature=address]"]
    whole = figures_of(measured(frame, [group("sex", sex)], clusters=house, cluster_column="house"))
    assert torn.value == 1
    assert whole["proxy_strength.alone[column=sex,feature=address]"].value == 0.5


def test_hidden_groups_and_unknown_rows_are_left_out():
    frame, sex = inputs()
    sex = sex.astype(object)
    sex[:7], sex[10:40] = "x", None
    found = figures_of(measured(frame, [group("sex", sex), group("other", ["a"] * len(sex))], min_cell=8))
    assert found["proxy_strength.together[column=sex]"].status == "insufficient"  # two of three are hidden with it
    assert found["proxy_strength.together[column=other]"].status == "insufficient"
    found = figures_of(measured(frame, [group("sex", sex)], min_cell=1))["proxy_strength.together[column=sex]"]
    assert found.n == len(sex) - 7 - 30  # too few to be predicted


def test_what_is_not_asked_for():
    frame, sex = inputs()
    measured_ = measured(frame, [group("sex", sex, basis=None)])
    assert reasons_of(measured_)["proxy_strength.together[column=sex]"][0] == "not_tested"
    subject = subject_of([0.1, 0.9], groups=[group("sex", ["f", "m"])], features=())
    found = groupings_of(subject, FairnessPlan(min_cell=1), LocalLaw144Plan())
    assert proxy_strength.measure(subject, found, seed=0).figures == ()


def test_many_rows_are_drawn_and_the_ledger_says_so(monkeypatch):
    monkeypatch.setattr(proxy_strength, "MOST_ROWS", 300)
    frame, sex = inputs()
    found = measured(frame, [group("sex", sex)], weights=np.ones(900), weight_kind="sampling")
    together = figures_of(found)["proxy_strength.together[column=sex]"]
    assert together.n == 300
    assert together.weighting is None
    assert [(e.kind, e.count) for e in found.ledger] == [("sampled", 300)]
    again = measured(frame, [group("sex", sex)])
    assert figures_of(again)["proxy_strength.together[column=sex]"].value == together.value


@pytest.mark.parametrize("names", [["f", "m"], ["f", "m", "x"]])
def test_the_interval_is_that_of_other_rows_for_the_same_fits(names):
    """Rows that are predicted are drawn again within their part; what was fitted stays."""
    rng = np.random.default_rng(4)
    groups, fold = rng.integers(0, len(names), 600), np.arange(600) % proxy_strength.FOLDS
    chances = rng.random((600, len(names))) + 0.4 * np.eye(len(names))[groups]

    def area(rows):
        drawn = proxy_strength.Folds(groups=groups[rows], count=len(names), fold=fold[rows])
        parts = ((fold[rows] == part, chances[rows][fold[rows] == part]) for part in range(proxy_strength.FOLDS))
        return proxy_strength._area(drawn, parts)

    value, added = area(np.arange(600))
    moved = [area(rng.integers(0, 600, 600))[0] for _ in range(400)]
    assert np.sqrt((added**2).sum()) == pytest.approx(np.std(moved), rel=0.12)
    assert value == pytest.approx(np.mean(moved), abs=0.01)


@pytest.mark.parametrize("clusters", [2, 3, 4])
def test_fewer_clusters_than_parts(clusters):
    frame, sex = inputs()
    found = figures_of(measured(frame, [group("sex", sex)], clusters=np.arange(900) % clusters, cluster_column="site"))
    assert found["proxy_strength.together[column=sex]"].status in ("measured", "insufficient")


def test_an_input_that_is_hardly_ever_known():
    frame, sex = inputs()
    frame["rare"], frame["never"] = np.nan, np.inf
    frame.loc[3, "rare"] = 1.0
    found = figures_of(measured(frame, [group("sex", sex)]))
    assert found["proxy_strength.together[column=sex]"].value > 0.9
    alone = figures_of(measured(frame[["rare", "never"]], [group("sex", sex)]))
    assert alone["proxy_strength.together[column=sex]"].value == pytest.approx(0.5, abs=0.02)
