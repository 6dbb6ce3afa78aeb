"""Local Law 144: the rule's own tables, and scoring rates by their definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.fairness import ll144
from explainkit.errors import PlanError
from explainkit.plan import FairnessPlan, LocalLaw144Plan, plan_from
from tests.assess.builders import figures_of, group, reasons_of, subject_of, values_of

BOTH = LocalLaw144Plan(sex="sex", race_ethnicity="race")


def people(seed: int, count: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "score": rng.integers(0, 20, count) / 20,  # many ties, also at the median
            "sex": rng.choice(["f", "m", None], count, p=[0.45, 0.45, 0.1]),
            "race": rng.choice(["a", "b", "c"], count, p=[0.6, 0.39, 0.01]),
        }
    )


def measured(frame, plan=BOTH, *, min_cell=1, **given_):
    groups = [group(name, frame[name].astype(object).where(frame[name].notna(), None)) for name in ("sex", "race")]
    subject = subject_of(frame.score, None, groups=groups, **{"favourable": "1", **given_})
    return ll144.measure(subject, plan, FairnessPlan(min_cell=min_cell))


def by_pandas(frame, counted, names):
    known = frame.assign(counted=counted).dropna(subset=names)
    rates = known.groupby(names).counted.mean()
    return rates, rates / rates.max()


@given(st.integers(0, 200), st.sampled_from(["0", "1"]))
def test_rates_and_ratios_are_those_of_the_definition(seed, favourable):
    frame = people(seed)
    values = values_of(measured(frame, favourable=favourable))
    decided = frame.score >= 0.5
    selected = decided if favourable == "1" else ~decided
    median = frame.score.median()
    above = frame.score > median if favourable == "1" else frame.score < median
    assert values["ll144.median_score"] == pytest.approx(median)
    for names in (["sex"], ["race"], ["sex", "race"]):
        for kind, ratio, counted in (
            ("selection_rate", "impact_ratio", selected),
            ("scoring_rate", "scoring_impact_ratio", above),
        ):
            rates, ratios = by_pandas(frame, counted, names)
            for levels in rates.index:
                keys = dict(zip(names, levels if isinstance(levels, tuple) else (levels,), strict=True))
                key = "[" + ",".join(f"{k}={v}" for k, v in sorted(keys.items())) + "]"
                assert values[f"ll144.{kind}{key}"] == pytest.approx(rates[levels], abs=1e-12)
                if rates.max() > 0:
                    assert values[f"ll144.{ratio}{key}"] == pytest.approx(ratios[levels], abs=1e-12)
            title = " × ".join(names)
            key = title if "×" not in title else f'"{title}"'
            if len(rates) > 1 and rates.max() > 0:
                assert values[f"ll144.smallest_{ratio}[column={key}]"] == pytest.approx(ratios.min(), abs=1e-12)
    assert values["ll144.unknown[column=sex]"] == frame.sex.isna().sum()


@pytest.mark.parametrize("favourable", ["0", "1"])
def test_the_median_of_scores_that_are_no_probabilities_keeps_its_sign(favourable):
    frame = people(5)
    frame["score"] -= 2
    values = values_of(measured(frame, favourable=favourable, threshold=None))
    assert values["ll144.median_score"] == frame.score.median() < 0
    above = frame.score > frame.score.median() if favourable == "1" else frame.score < frame.score.median()
    assert values["ll144.scoring_rate[race=a]"] == pytest.approx(above[frame.race == "a"].mean())


def test_a_small_category_is_left_out_of_ratios_and_of_the_maximum_but_shown():
    frame = people(1, 1000)
    frame.loc[frame.race == "c", "score"] = 1.0  # the most selected category, with 1 % of the rows
    share = (frame.race == "c").mean()
    assert 0 < share < 0.02
    plan = LocalLaw144Plan(race_ethnicity="race", exclude_below=0.02, exclude_reason="too few to tell")
    found = figures_of(measured(frame, plan))
    kept = values_of(measured(frame, LocalLaw144Plan(race_ethnicity="race")))
    assert kept["ll144.impact_ratio[race=c]"] == 1.0
    assert found["ll144.selection_rate[race=c]"].value == 1.0
    assert found["ll144.selection_rate[race=c]"].n == (frame.race == "c").sum()
    excluded = found["ll144.impact_ratio[race=c]"]
    assert (excluded.status, excluded.value) == ("not_tested", None)
    assert "too few to tell" in excluded.reason
    rates = (frame.score >= 0.5).groupby(frame.race).mean().drop("c")
    for level, ratio in (rates / rates.max()).items():
        assert found[f"ll144.impact_ratio[race={level}]"].value == pytest.approx(ratio, abs=1e-12)
    assert found["ll144.smallest_impact_ratio[column=race]"].value == pytest.approx(rates.min() / rates.max())


def test_an_exclusion_needs_its_justification_and_stays_below_two_per_cent():
    for bad in ({"exclude_below": 0.02}, {"exclude_below": 0.05, "exclude_reason": "few"}):
        with pytest.raises(PlanError, match=r"ll144"):
            plan_from({"ll144": bad})


def test_a_category_without_applicants_is_not_computable():
    frame = people(2)
    groups = [group("sex", frame.sex.astype(object).where(frame.sex.notna(), None), ["f", "m", "x"])]
    subject = subject_of(frame.score, None, groups=groups, favourable="1")
    found = ll144.measure(subject, LocalLaw144Plan(sex="sex"), FairnessPlan(min_cell=1))
    status, reason = reasons_of(found)["ll144.selection_rate[sex=x]"]
    assert status == "insufficient"
    assert reason.startswith("not computable")


def test_small_categories_are_a_conflict_that_a_person_resolves():
    frame = people(3)
    found = measured(frame, min_cell=30)
    assert figures_of(found)["ll144.selection_rate[race=c]"].status == "suppressed"
    entries = [e for e in found.ledger if "Local Law 144" in e.what]
    assert entries
    assert all("a person has to decide" in e.reason for e in entries)


def guarded(frame, weights=None):
    """Statuses of the rates of a group ``f`` among larger ones, where numerators below 3 are not shown."""
    groups = [group("sex", frame.sex)]
    subject = subject_of(frame.score, None, groups=groups, favourable="1", weights=weights)
    plan = FairnessPlan(min_cell=1, min_count=3)
    found = figures_of(ll144.measure(subject, LocalLaw144Plan(sex="sex"), plan))
    return found["ll144.selection_rate[sex=f]"].status, found["ll144.scoring_rate[sex=f]"].status


def test_a_small_numerator_is_hidden_also_where_it_is_one_of_scores():
    scores = {"f": [0.9] * 2 + [0.6] * 28, "m": [0.9] * 20 + [0.6] * 20, "x": [0.9] * 20 + [0.6] * 20}
    frame = pd.DataFrame([(sex, score) for sex, given in scores.items() for score in given], columns=["sex", "score"])
    assert frame.score.median() == 0.6
    assert guarded(frame) == ("suppressed", "suppressed")  # of f two score above the median
    frame.loc[5:9, "score"] = 0.9
    assert guarded(frame) == ("measured", "measured")


def test_rows_of_weight_zero_are_people_whose_numerators_are_guarded_too():
    scores = {"f": [0.9] * 2 + [0.4] * 10 + [0.3] * 18, "m": [0.9] * 20 + [0.3] * 20, "x": [0.9] * 20 + [0.3] * 20}
    frame = pd.DataFrame([(sex, score) for sex, given in scores.items() for score in given], columns=["sex", "score"])
    assert (frame.score[frame.sex == "f"] > frame.score.median()).sum() == 12
    weights = np.ones(len(frame))
    weights[:2] = 0  # of the rows of f that count elsewhere none is selected, which is no small numerator
    assert guarded(frame, weights) == ("suppressed", "suppressed")


def test_what_is_not_asked_for_or_not_known_is_not_calculated():
    frame = people(4)
    assert measured(frame, LocalLaw144Plan()).figures == ()
    with pytest.raises(PlanError, match="not a sensitive column"):
        measured(frame, LocalLaw144Plan(sex="gender"))
    reasons = reasons_of(measured(frame, threshold=None))
    assert reasons["ll144.selection_rate"][0] == "not_tested"
    assert "ll144.scoring_rate[sex=f]" in values_of(measured(frame, threshold=None))
