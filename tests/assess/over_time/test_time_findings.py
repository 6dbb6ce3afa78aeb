"""When a change over time is a finding: as often as stated where nothing changed, and reliably where something did."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.over_time.findings import time_findings
from explainkit.figures import FigureSet, figure_id
from explainkit.plan import LimitsPlan, plan_from
from explainkit.report.assemble import build
from explainkit.report.card import Group, Items, Tiles
from explainkit.report.numbers import figure_text
from tests.assess.leakage.test_findings import evidence, page_one, risks, text
from tests.assess.over_time.test_over_time import LEVELS, measured
from tests.assess.over_time.test_samples import frame
from tests.assess.over_time.test_samples import measured as measured_samples
from tests.bounded import share
from tests.stages import page_of

NO_LIMITS = LimitsPlan(change_discrimination=0, change_calibration=0, change_rates=0, change_errors=0)
SMALL = plan_from({"fairness": {"min_cell": 1}})


def lender(
    seed: int, *, n: int = 1500, signal: float = 1.0, log_odds: float = 0.0, moved: float = 0.0
) -> dict[str, np.ndarray]:
    """Calibrated scores whose last third ranks worse, has more events at equal scores, or has higher scores."""
    rng = np.random.default_rng(seed)
    late = np.arange(n) >= 2 * n // 3
    x = rng.normal(-1 + moved * late, 1, n)
    logits = np.where(late, signal * (x + 1) - 1 + log_odds, x)
    labels = (rng.random(n) < 1 / (1 + np.exp(-logits))).astype(float)
    return {"scores": 1 / (1 + np.exp(-x)), "labels": labels, "periods": np.repeat(LEVELS, n // 3)}


def found_in(limits: LimitsPlan = NO_LIMITS, **rows) -> set[str]:
    """Measures that are called changed in the latest period."""
    figures = FigureSet(measured(plan=SMALL, **rows).figures)
    return {figures[f.figure].keys["measure"] for f in time_findings(figures, limits)}


def test_false_alarms_keep_to_the_stated_chance(capsys):
    tries = share(2000, 300)
    alarms = sum(bool(found_in(**lender(seed))) for seed in range(tries))
    with capsys.disabled():
        print(f"\nfalse alarms: {alarms} of {tries} stationary data sets (any of 4 measures, Holm at 5 %)")
    assert alarms <= stats.binom.ppf(0.999, tries, 0.05)
    assert alarms > 0  # tests that never fire would keep to any chance


def test_false_alarms_of_clusters_keep_to_the_stated_chance(capsys):
    """Customers with several rows each, all of them with one outcome and one score."""
    tries, alarms, naive = share(1000, 150), 0, 0
    for seed in range(tries):
        rows = lender(seed, n=300)
        rows = {name: np.repeat(values, 4) for name, values in rows.items()}
        alarms += bool(found_in(**rows, clusters=np.arange(1200) // 4))
        naive += bool(found_in(**rows))
    with capsys.disabled():
        print(f"\nfalse alarms, rows in clusters of 4: {alarms} of {tries}; {naive} if they were independent")
    assert alarms <= stats.binom.ppf(0.999, tries, 0.05)
    assert naive > 0.25 * tries


def test_power_grows_with_the_change(capsys):
    tries = share(200, 25)
    rows = {
        "roc_auc": [{"signal": s} for s in (1.0, 0.7, 0.4, 0.0)],
        "observed_expected": [{"log_odds": s} for s in (0.0, 0.25, 0.5, 1.0)],
        "selection_rate": [{"moved": s} for s in (0.0, 0.25, 0.5, 1.0)],
    }
    for name, shifts in rows.items():
        power = [
            np.mean([name in found_in(LimitsPlan(), **lender(1000 + i, **shift)) for i in range(tries)])
            for shift in shifts
        ]
        with capsys.disabled():
            told = ", ".join(f"{next(iter(s.values()))}: {p:.2f}" for s, p in zip(shifts, power, strict=True))
            print(f"\npower of {name} at the default limits, 500 against 1000 rows: {told}")
        assert power[0] <= 0.1
        assert power[-1] >= 0.9
        assert all(np.diff(power) > -0.15)


def test_p_values_are_those_of_other_libraries_corrected_by_holm():
    rows = lender(5, signal=0.5)
    scores, labels, late = rows["scores"], rows["labels"], rows["periods"] == LEVELS[2]
    figures = FigureSet(measured(plan=SMALL, **rows).figures)
    wanted = {}
    for name, chosen in (("base_rate", labels == 1), ("selection_rate", scores < 0.5)):
        table = [[np.sum(chosen & part), np.sum(~chosen & part)] for part in (late, ~late)]
        wanted[name] = stats.chi2_contingency(table, correction=False).pvalue
    variances, areas = [], []
    for part in (late, ~late):
        up, down = scores[part & (labels == 1)], scores[part & (labels == 0)]
        right = np.sign(up[:, None] - down) / 2 + 0.5
        areas.append(right.mean())
        variances += [
            (right.mean(axis=1).var(ddof=1) / len(up), len(up)),
            (right.mean(axis=0).var(ddof=1) / len(down), len(down)),
        ]
    total = sum(v for v, _ in variances)
    freedom = total**2 / sum(v**2 / (n - 1) for v, n in variances)
    wanted["roc_auc"] = 2 * stats.t.sf(abs(areas[0] - areas[1]) / np.sqrt(total), freedom)
    drawn, rng = [], np.random.default_rng(0)
    for _ in range(800):
        parts = [rng.choice(np.flatnonzero(part), part.sum()) for part in (late, ~late)]
        drawn.append(np.subtract(*(labels[p].mean() / scores[p].mean() for p in parts)))
    change = figures["period.change[measure=observed_expected]"].value
    wanted["observed_expected"] = 2 * stats.norm.sf(abs(change) / np.std(drawn))
    corrected = dict(zip(wanted, np.minimum.accumulate([1.0] * 4), strict=True))
    worst = 0.0
    for place, name in enumerate(sorted(wanted, key=wanted.__getitem__)):
        worst = corrected[name] = max(worst, min(1.0, (4 - place) * wanted[name]))
    for name, value in corrected.items():
        figure = figures[figure_id("period.change_p", measure=name)]
        assert figure.value == pytest.approx(value, rel=0.25 if name == "observed_expected" else 1e-9, abs=1e-12), name


def test_a_regressions_errors_are_held_against_those_before():
    rng = np.random.default_rng(3)
    truth, late = rng.normal(size=1500), np.arange(1500) >= 1000
    guess = truth + rng.normal(size=1500) * np.where(late, 1.6, 1.0)
    rows = {"scores": guess, "labels": truth, "periods": np.repeat(LEVELS, 500), "task": "regression"}
    figures = FigureSet(measured(plan=SMALL, **rows).figures)
    error = np.abs(guess - truth)
    low, before = figures["period.change[measure=mae]"].low, error[~late].mean()
    for factor, expected in ((0.99, {"mae"}), (1.01, set())):
        limits = LimitsPlan(change_errors=factor * low / before)
        assert {figures[f.figure].keys["measure"] for f in time_findings(figures, limits)} == expected


def test_a_loss_on_new_rows_is_a_finding_and_a_gain_is_none():
    train, worse = frame(2000, 1, "2019-01-01", 0.3), frame(2000, 2, "2025-01-01", 0.1)
    found = list(time_findings(FigureSet(measured_samples(worse, train).figures), LimitsPlan()))
    assert ("new_rows", "sample.change[measure=roc_auc,rows=out_of_time]") in [(f.kind, f.figure) for f in found]
    better = frame(2000, 3, "2025-01-01", 0.6)
    figures = FigureSet(measured_samples(better, train).figures)
    assert figures["sample.change[measure=roc_auc,rows=out_of_time]"].low > 0.02
    kept = {figures[f.figure].keys["measure"] for f in time_findings(figures, LimitsPlan()) if f.kind == "new_rows"}
    assert "roc_auc" not in kept


def test_many_rows_prove_a_change_too_small_to_matter():
    rows = lender(9, n=60_000, log_odds=0.1)
    figures = FigureSet(measured(plan=SMALL, **rows).figures)
    assert figures["period.change_p[measure=observed_expected]"].value < 0.001
    assert "observed_expected" in found_in(**rows)
    assert not found_in(LimitsPlan(), **rows)


def test_what_has_no_interval_is_no_finding():
    rows = lender(11)
    rows["labels"] = np.where(rows["periods"] == LEVELS[2], 0.0, rows["labels"])
    figures = FigureSet(measured(plan=SMALL, **rows).figures)
    assert figures.get("period.change_p[measure=observed_expected]") is None
    assert found_in(**rows) == {"base_rate"}
    none = measured(plan=SMALL, **(rows | {"periods": np.repeat(LEVELS[:1], 1500)}))
    assert not [f for f in none.figures if f.name == "period.change_p"]


@pytest.fixture(scope="module")
def card():
    """Rows of 2024, the last quarter of which turned; the model was trained on 2023."""
    rng = np.random.default_rng(4)
    parts = []
    for start, sign in (("2023-01-01", 1.0), ("2024-01-01", 1.0), ("2024-10-01", -0.2)):
        x = rng.normal(size=900)
        y = (rng.random(900) < 1 / (1 + np.exp(-2 * sign * x))).astype(int)
        day = pd.date_range(start, periods=90).repeat(10).strftime("%Y-%m-%d")
        parts.append(pd.DataFrame({"x": x, "day": day, "y": y}))
    more = {"fairness": {"favourable": "0"}, "time": {"cuts": ["2024-02-15", "2024-10-01"]}, "drift": {"rows": 0}}
    data = {"time": "day", "trained_on_reference": True}
    return evidence(
        pd.concat(parts[1:], ignore_index=True),
        parts[0],
        inputs=["x"],
        predict=lambda rows: 1 / (1 + np.exp(-2 * rows["x"].to_numpy())),
        data=data,
        **more,
    )


def test_what_changed_stands_on_page_one_in_its_section_and_in_section_14(card):
    (latest,) = [line for line in page_one(card) if "latest period" in line]
    (new,) = [line for line in page_one(card) if "in sample" in line]
    change = card.figure_set["period.change[measure=roc_auc]"]
    assert latest.startswith("changed from 2024-10-01, the latest period, differs from all earlier rows: AUC ")
    assert f"AUC {figure_text(change, 'value')}" in latest
    assert re.search(r"AUC −0\.\d+ out of time", new)
    assert {latest, new} <= set(risks(card))
    assert change.reference == "until 2024-09-30"
    front = build(card).front
    (tile,) = [t for g in front if isinstance(g, Group) for b in g.blocks if isinstance(b, Tiles) for t in b.tiles[4:]]
    assert tile.attention
    assert text(tile.note).startswith("from 2024-10-01 against until 2024-09-30")
    assert text(tile.note).endswith("beyond the limit")
    (section,) = [s for s in build(card).sections if s.id == "performance"]
    groups = {text(b.title): b for b in section.blocks if isinstance(b, Group)}
    assert isinstance(groups["Over time"].blocks[0], Items)
    inside = groups["In sample and out of it"].blocks
    assert isinstance(inside[0], Items)
    assert text(inside[1].parts).startswith("AUC is 0.")


def test_periods_are_named_in_german(card):
    _, _, page = page_of(card, "de")
    page = re.sub(r"period=[^\]]*\]|measure=[^\]]*\]", "", page)  # ids are those of card.json
    for said in ("ab 2024-10-01", "vor 2024-02-15", "2024-02-15 bis 2024-09-30", "bis 2024-09-30"):
        assert said in page
    assert not re.search(r"(from|before|until) 2024|2024-\d\d-\d\d to", page)


def test_that_later_rows_have_later_times_is_no_finding(card):
    assert card.figure_set["data.off_reference[column=day]"].value > 0.9
    assert not [f for f in card.findings if "day" in f.columns]
