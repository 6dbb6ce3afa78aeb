"""Drift: false alarms at the stated rate, power printed, the size of a change, bad input said in one line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.data.values import values_of
from explainkit.assess.drift import drift
from explainkit.assess.drift.columns import columns_apart
from explainkit.assess.drift.sides import Scored, sides_of
from explainkit.assess.drift.told_apart import told_apart
from explainkit.errors import ModelError
from explainkit.figures import FigureSet
from tests.assess.drift.cases import chance, changed, measured, rows, subject

NO_TREES = {"drift": {"rows": 0}}


def alarms_of(sides, table, first):
    """What is called changed between two parts of one table."""
    parts = [part.reset_index(drop=True) for part in (table[first], table[~first])]
    scores = [chance(part) for part in parts]
    cut = replace(
        sides,
        subject=replace(sides.subject, rows=replace(sides.subject.rows, scores=scores[0])),
        evaluation=parts[0],
        reference=parts[1],
        scored=Scored(rows=np.arange(len(parts[1])), scores=scores[1]),
    )
    return changed(FigureSet(drift.figures_of(drift.tested_of(cut, min_cell=10), cut)))


def test_random_splits_of_one_data_set_give_false_alarms_at_the_stated_rate(capsys):
    """Any column or the score of 200 splits: 5 %; of each distribution by itself: about 5 %."""
    table, alarms, alone, apart, splits = rows(800, 0), 0, [], [], 200
    rng = np.random.default_rng(1)
    sides = sides_of(*(lambda s, plan: (s, s.reference, plan))(*subject(table, table)))
    for split in range(splits):
        first = rng.permutation(len(table)) < 300
        alarms += bool(alarms_of(sides, table, first))
        halves = [[values_of(table[column][half]) for half in (first, ~first)] for column in ("region", "income")]
        alone += [columns_apart(*pair).p_value for pair in halves]
        if split < 20:
            found = told_apart(table[first], table[~first], ["income", "debt", "job"], most=200, seed=split, shuffled=0)
            apart.append(found.p_value)
    single, told = np.mean(np.array(alone) <= 0.05), sum(p <= 0.05 for p in apart)
    with capsys.disabled():
        print(f"\nfalse alarms: {alarms} of {splits} splits (any column or score, Holm at 5 %)", end=", ")
        print(f"{single:.3f} of single tests, {told} of {len(apart)} by the classifier")
    assert stats.binom.sf(alarms - 1, splits, 0.05) > 0.001
    assert 0.02 <= single <= 0.08
    assert stats.binom.sf(told - 1, len(apart), 0.05) > 0.001


def test_power_on_graded_shifts(capsys):
    """Of 20 draws of 600 rows against 2000: how often a shift of the income is found, and nothing else is."""
    found, others, told = {}, 0, {}
    sides = sides_of(*(lambda s, plan: (s, s.reference, plan))(*subject(rows(50, 0), rows(50, 1))))
    for moved in (0.0, 0.1, 0.2, 0.3, 0.5):
        hits = []
        for draw in range(20):
            one, two = rows(600, 100 + draw, moved=moved), rows(2000, 500 + draw)
            both, first = pd.concat([one, two], ignore_index=True), np.arange(2600) < 600
            names = alarms_of(sides, both, first)
            hits.append({"income", "score"} <= names)
            others += bool(names - {"income", "score"})
        found[moved] = float(np.mean(hits))
        told[moved] = told_apart(rows(600, 1, moved=moved), rows(2000, 2), ["income", "debt"], most=600, seed=0).area
    with capsys.disabled():
        print("\npower by shift in standard deviations (Holm, 600 against 2000 rows):", found)
        print("area of the classifier:", {k: round(v, 3) for k, v in told.items()})
    assert found[0.0] <= 0.2
    assert found[0.5] == 1.0
    assert list(found.values()) == sorted(found.values())
    assert others <= 12
    assert told[0.5] > told[0.0] + 0.05


def test_the_classifier_finds_what_no_column_shows_by_itself_and_names_it():
    rng = np.random.default_rng(3)
    noise = pd.DataFrame(rng.normal(size=(2400, 4)), columns=["x1", "x2", "x3", "x4"])
    new, old = noise[:1200].copy(), noise[1200:].copy()
    new["x2"] = np.where(rng.random(1200) < 0.9, np.abs(new["x2"]) * np.sign(new["x1"]), new["x2"])
    for column in noise:
        assert columns_apart(values_of(new[column]), values_of(old[column])).p_value > 0.01
    found = told_apart(new, old, list(noise), most=1200, seed=0)
    assert found.p_value < 1e-6
    assert found.interval.low > 0.55
    assert {name for name, _ in found.lost[:2]} == {"x1", "x2"}
    assert told_apart(new, old, list(noise), most=1200, seed=0) == found


def test_a_shift_is_found_sized_and_a_changed_relation_too():
    figures, _ = measured(rows(4000, 1, moved=1.0, turned=0.8), rows(8000, 2))
    assert changed(figures) == {"income", "score"}
    assert figures["drift.psi[column=income]"].low > 0.25
    assert figures["drift.wasserstein[column=income]"].value == pytest.approx(1, abs=0.05)
    expected = stats.norm.cdf(0.5) - stats.norm.cdf(-0.5)
    assert figures["drift.ks[column=income]"].value == pytest.approx(expected, abs=0.03)
    # A normal input moved by one standard deviation: P(new > old) = Φ(1/√2) = 0.76
    assert figures["drift.told_apart"].value == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.04)
    assert figures.named("drift.told_apart_lost")[0].keys["column"] == "income"
    shift = figures["drift.concept_intercept"]
    assert shift.low < 0.8 < shift.high
    assert figures["drift.outcome_rate"].low > 0.05
    slope = figures["drift.concept_slope"]
    assert slope.low < 0 < slope.high


def test_missing_values_and_new_categories_are_a_change():
    new, old = rows(1000, 3), rows(3000, 4)
    new.loc[new.index[:200], "debt"] = np.nan
    new["region"] = new["region"].replace("east", "west")
    figures, _ = measured(new, old, **NO_TREES)
    assert changed(figures) == {"debt", "region"}
    gap = figures["drift.missing[column=debt]"]
    assert gap.low < gap.value == 0.2 < gap.high
    assert figures["drift.psi[column=region]"].low > 0.25


def test_no_reference_is_one_line():
    figures, found = measured(rows(200, 5), None)
    assert [(f.id, f.status, f.reason) for f in found.figures] == [
        ("drift.psi", "not_tested", "no reference data given (data.reference)")
    ]
    assert [e.what for e in found.ledger] == ["drift from the reference data"]
    assert not figures.named("drift.p_value")


def test_a_column_of_another_type_is_said_and_the_others_are_measured():
    new, old = rows(500, 6), rows(900, 7)
    old["debt"] = [f"{d:.0f} EUR" for d in old["debt"]]
    old["years"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(old["years"], "D")
    figures, found = measured(new, old, predict=lambda x: np.full(len(x), 0.3))
    for column, kind in (("debt", "text"), ("years", "date")):
        figure = figures[f"drift.psi[column={column}]"]
        assert figure.status == "insufficient"
        assert f"of kind {kind} in the reference data" in figure.reason
        assert any(column in entry.what and entry.kind == "not_tested" for entry in found.ledger)
    assert figures["drift.psi[column=income]"].status == "measured"
    assert {f.keys["column"] for f in figures.named("drift.told_apart_lost")} <= {"income", "region", "job"}


def test_a_million_categories_are_not_compared_one_by_one():
    count = 500_000
    new, old = (values_of(pd.Series([f"{side}{i}" for i in range(count)])) for side in "ab")
    assert "none of its 1000000 values is frequent enough" in columns_apart(new, old)


def test_a_model_that_fails_on_reference_rows_leaves_the_columns():
    def predict(table):
        if len(table) == 700:
            raise ModelError("no", where="model", found="reference rows")
        return np.full(len(table), 0.4)

    figures, _ = measured(rows(300, 8), rows(700, 9), predict=predict, **NO_TREES)
    score = figures["drift.score_psi"]
    assert score.status == "not_tested"
    assert "does not answer for the reference rows" in score.reason
    assert figures["drift.psi[column=income]"].status == "measured"
    assert figures["drift.outcome_rate"].status == "not_tested"


def test_weights_count_and_clusters_take_the_intervals_away():
    new, old = rows(1500, 10, moved=0.3), rows(3000, 11)
    # Weights that undo the shift: the density of the old income over that of the new one.
    new["w"] = np.exp(-0.3 * new["income"] + 0.045)
    old["w"] = 1.0
    kind = {"weight": {"column": "w", "kind": "sampling"}}
    assert "income" in changed(measured(new, old, **NO_TREES)[0])
    figures, _ = measured(new, old, data=kind, **NO_TREES)
    assert changed(figures) == set()
    assert figures["drift.wasserstein[column=income]"].value < 0.1
    assert figures["drift.outcome_rate"].low is None
    assert {f.weighting for f in figures if f.status == "measured"} == {"sampling"}
    _, bare = measured(new, old.drop(columns="w"), data=kind, **NO_TREES)
    assert any("every row counts alike" in entry.reason for entry in bare.ledger)
    new["home"] = np.arange(1500) // 3
    figures, _ = measured(new, old, data={"cluster": "home"})
    assert not figures.named("drift.p_value")
    assert all(f.low is None for f in figures.named("drift.psi"))
    assert figures["drift.told_apart"].status == "not_tested"


def test_a_small_group_of_persons_is_not_told():
    new, old = rows(600, 12), rows(600, 13)
    old["region"] = np.where(np.arange(600) < 4, "north", np.where(np.arange(600) < 300, "south", "east"))
    figures, _ = measured(new, old, data={"sensitive": ["region"]}, fairness={"min_cell": 10}, **NO_TREES)
    assert figures["drift.psi[column=region]"].status == "suppressed"
    assert figures.get("drift.p_value[column=region]") is None
    figures, _ = measured(new, old, **NO_TREES)
    assert figures["drift.psi[column=region]"].status == "measured"


def test_columns_that_cannot_be_compared_are_shuffled_last():
    new, old = rows(400, 21), rows(400, 22)
    for i in range(9):
        new[f"x{i}"], old[f"x{i}"] = [[f"{side}{j}" for j in range(400)] for side in "ab"]
    told = measured(new, old)[0].named("drift.told_apart_lost")
    assert {"income", "debt", "years", "region", "job"} <= {f.keys["column"] for f in told}


def test_few_rows_are_not_compared():
    figures, _ = measured(rows(15, 14), rows(300, 15), **NO_TREES)
    assert {f.status for f in figures.named("drift.psi")} == {"insufficient"}


def test_infinite_numbers_have_no_mean_way_to_move():
    new, old = rows(300, 16), rows(300, 17)
    new.loc[new.index[0], "debt"] = np.inf
    figures, _ = measured(new, old)
    assert figures.get("drift.wasserstein[column=debt]") is None
    assert figures["drift.ks[column=debt]"].status == "measured"


def test_the_family_of_tests_grows_with_the_columns():
    new, old = rows(800, 18, moved=0.16), rows(2000, 19)
    few = measured(new, old, **NO_TREES)[0]["drift.p_value[column=income]"].value
    rng = np.random.default_rng(20)
    for i in range(30):
        new[f"x{i}"], old[f"x{i}"] = rng.normal(size=800), rng.normal(size=2000)
    many = measured(new, old, **NO_TREES)[0]["drift.p_value[column=income]"].value
    assert many > 3 * few
    assert drift.MOST_CLASSES > 1
