"""Figures by group against fairlearn, scikit-learn and pandas, and the words that stand beside them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from explainkit.assess.fairness import fairness
from explainkit.assess.statistics.extremes import smallest_ratio_interval
from explainkit.assess.statistics.intervals import newcombe_difference
from explainkit.assess.statistics.mover import RateFamily
from explainkit.errors import PlanError
from explainkit.figures import figure_id, parse_figure_id
from explainkit.plan import FairnessPlan
from tests.assess.builders import check_sane, figures_of, group, reasons_of, subject_of, values_of
from tests.bounded import share
from tests.strategies import binary_rows

SHOW_ALL = FairnessPlan(min_cell=1)
CLOSE = {"rel": 1e-12, "abs": 1e-12}


def measured_groups(rows, plan=SHOW_ALL, **given):
    columns = [group("sex", rows.sexes, ["f", "m"]), group("race", rows.races, ["a", "b", "c"])]
    return fairness.measure(subject_of(rows.scores, rows.labels, weights=rows.weights, groups=columns, **given), plan)


def by_fairlearn(function, y, d, features, weights):
    """One metric of every group."""
    with warnings.catch_warnings():
        # fairlearn's own use of pandas and NumPy; undefined metrics of a group are dealt with by the caller.
        warnings.simplefilter("ignore")
        import fairlearn.metrics as fl

        weights = {} if weights is None else {"sample_params": {"sample_weight": weights}}
        frame = fl.MetricFrame(
            metrics=getattr(fl, function, None) or getattr(metrics, function),
            y_true=y,
            y_pred=d,
            sensitive_features=features,
            **weights,
        )
        return frame.by_group


RATES = {
    "selection_rate": (lambda y, d: y == y, lambda y, d: d == 0),
    "true_positive_rate": (lambda y, d: y == 1, lambda y, d: d == 1),
    "false_positive_rate": (lambda y, d: y == 0, lambda y, d: d == 1),
    "accuracy": (lambda y, d: y >= 0, lambda y, d: y == d),
    "base_rate": (lambda y, d: y >= 0, lambda y, d: y == 1),
    "precision": (lambda y, d: (y >= 0) & (d == 1), lambda y, d: y == 1),
}
"""Which rows count (labels of -1 are unknown), and which of them are in the numerator."""


@given(binary_rows())
def test_rates_by_boolean_masks(rows):
    figures = figures_of(measured_groups(rows))
    y, d = np.nan_to_num(rows.labels, nan=-1), (rows.scores >= 0.5).astype(int)
    weights = np.ones(len(y)) if rows.weights is None else rows.weights
    for level in "abc":
        member = np.array([r == level for r in rows.races])
        for name, (counts, happens) in RATES.items():
            whole = member & counts(y, d)
            part = whole & happens(y, d)
            figure = figures[f"fairness.{name}[race={level}]"]
            if not whole.any():
                assert (figure.status, figure.value) == ("insufficient", None)
                continue
            assert figure.value == pytest.approx(weights[part].sum() / weights[whole].sum(), **CLOSE)
            assert (figure.n, figure.events) == (whole.sum(), part.sum())
            if rows.weights is None:
                theirs = stats.binomtest(int(part.sum()), int(whole.sum())).proportion_ci(0.95, "wilson")
                assert (figure.low, figure.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.slow
@settings(max_examples=share(200, 50))
@given(binary_rows())
def test_rates_equal_fairlearn(rows):
    measured = measured_groups(rows)
    check_sane(measured.figures)
    values, reasons = values_of(measured), reasons_of(measured)
    decided = (rows.scores >= 0.5).astype(int)
    frame = pd.DataFrame({"sex": rows.sexes, "race": rows.races})
    labelled = ~np.isnan(rows.labels)
    for names in (["sex"], ["race"], ["sex", "race"]):
        grouped = frame[names].notna().all(axis=1).to_numpy()
        pairs = [("selection_rate", "selection_rate", grouped, np.zeros(len(frame)), 1 - decided)]
        if len(names) == 1:  # intersections show selection only
            y = np.nan_to_num(rows.labels).astype(int)
            pairs += [
                ("true_positive_rate", "true_positive_rate", grouped & labelled & (y == 1), y, decided),
                ("false_negative_rate", "false_negative_rate", grouped & labelled & (y == 1), y, decided),
                ("false_positive_rate", "false_positive_rate", grouped & labelled & (y == 0), y, decided),
                ("true_negative_rate", "true_negative_rate", grouped & labelled & (y == 0), y, decided),
                ("accuracy", "accuracy_score", grouped & labelled, y, decided),
                ("base_rate", "selection_rate", grouped & labelled, y, y),
                ("precision", "selection_rate", grouped & labelled & (decided == 1), y, y),
                ("negative_predictive_value", "selection_rate", grouped & labelled & (decided == 0), 1 - y, 1 - y),
            ]
        for name, function, mask, y, d in pairs:
            expected = {}
            if mask.any():
                weights = None if rows.weights is None else rows.weights[mask]
                series = by_fairlearn(function, y[mask], d[mask], frame.loc[mask, names], weights)
                for levels, value in series.dropna().items():
                    levels = levels if isinstance(levels, tuple) else (levels,)
                    expected[figure_id(f"fairness.{name}", dict(zip(names, levels, strict=True)))] = value
            got = {
                f.id: f.value
                for f in measured.figures
                if f.name == f"fairness.{name}" and set(f.keys) == set(names) and f.value is not None
            }
            assert got == {key: pytest.approx(value, **CLOSE) for key, value in expected.items()}
    assert all(status == "insufficient" and reason for status, reason in reasons.values())
    assert set(values).isdisjoint(reasons)


@pytest.mark.slow
@settings(max_examples=share(200, 50))
@given(binary_rows())
def test_gaps_over_groups_equal_fairlearn(rows):
    """Where every group has outcomes of both classes; fairlearn counts a rate without a denominator as 0."""
    import fairlearn.metrics as fl

    values = values_of(measured_groups(rows, favourable="1"))
    known = ~np.isnan(rows.labels) & np.array([r is not None for r in rows.races])
    y, d = np.nan_to_num(rows.labels).astype(int)[known], (rows.scores >= 0.5).astype(int)[known]
    races = np.array(rows.races, dtype=object)[known]
    if len(set(races)) < 2 or any(len(set(y[races == race])) < 2 for race in set(races)):
        return
    given_ = {"sensitive_features": races}
    if rows.weights is not None:
        given_["sample_weight"] = rows.weights[known]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "equal_opportunity_difference": fl.equal_opportunity_difference(y, d, **given_),
            "equalized_odds_difference": fl.equalized_odds_difference(y, d, **given_),
        }
        alarms = fl.MetricFrame(
            metrics=fl.false_positive_rate,
            y_true=y,
            y_pred=d,
            sensitive_features=races,
            sample_params={k: v for k, v in given_.items() if k == "sample_weight"},
        )
        expected["false_positive_rate_gap"] = alarms.difference()
        ratio = fl.equalized_odds_ratio(y, d, **given_)
    for name, value in expected.items():
        assert values[f"fairness.{name}[column=race]"] == pytest.approx(value, **CLOSE)
    own = values.get("fairness.equalized_odds_ratio[column=race]")
    assert own is None or own == pytest.approx(ratio, **CLOSE)
    if known.all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parity = fl.demographic_parity_difference(y, d, **given_)
        assert values["fairness.demographic_parity_difference[column=race]"] == pytest.approx(parity, **CLOSE)


@given(binary_rows())
def test_average_odds_and_differences_of_rates_are_those_of_the_rates(rows):
    values = values_of(measured_groups(rows, FairnessPlan(min_cell=1, reference={"race": "a"})))
    for level in "bc":
        parts = []
        for name in ("true_positive_rate", "false_positive_rate", "precision", "negative_predictive_value"):
            own, other = (values.get(f"fairness.{name}[race={g}]") for g in (level, "a"))
            difference = values.get(f"fairness.{name}_difference[race={level}]")
            ratio = values.get(f"fairness.{name}_ratio[race={level}]")
            if own is None or other is None:
                assert difference is None
                assert ratio is None
            else:
                assert difference == pytest.approx(own - other, **CLOSE)
                assert ratio == (pytest.approx(own / other, **CLOSE) if other else None)
            parts.append(difference)
        average = values.get(f"fairness.average_odds_difference[race={level}]")
        if None in parts[:2]:
            assert average is None
        else:
            assert average == pytest.approx((parts[0] + parts[1]) / 2, **CLOSE)


@given(binary_rows(), st.sampled_from([None, "f", "m"]))
def test_ratios_and_differences_equal_plain_pandas(rows, stated):
    plan = FairnessPlan(min_cell=1, reference={"sex": stated} if stated else {})
    values = values_of(measured_groups(rows, plan))
    frame = pd.DataFrame({"sex": rows.sexes, "race": rows.races, "selected": rows.scores < 0.5})
    frame["w"] = 1.0 if rows.weights is None else rows.weights
    frame["part"] = frame.w * frame.selected
    for names in (["sex"], ["race"], ["sex", "race"]):
        sums = frame.dropna(subset=names).groupby(names)[["part", "w"]].sum()
        rates = sums.part / sums.w
        title = " × ".join(names)
        if rates.empty or (names == ["sex"] and stated and stated not in rates):
            ratios = [parse_figure_id(key) for key in values]
            assert not any(kind == "fairness.impact_ratio" and set(keys) == set(names) for kind, keys in ratios)
            continue
        reference = rates[stated] if names == ["sex"] and stated else rates.max()
        for levels, rate in rates.items():
            keys = dict(zip(names, levels if isinstance(levels, tuple) else (levels,), strict=True))
            ratio = values.get(figure_id("fairness.impact_ratio", keys))
            assert ratio == (pytest.approx(rate / reference, **CLOSE) if reference > 0 else None)
            if len(names) == 1:
                difference = values[figure_id("fairness.selection_difference", keys)]
                assert difference == pytest.approx(rate - reference, **CLOSE)
        smallest = values.get(figure_id("fairness.smallest_impact_ratio", column=title))
        if reference > 0 and len(rates) > 1:
            assert smallest == pytest.approx((rates / reference).min(), **CLOSE)
        else:
            assert smallest is None


@given(binary_rows())
def test_smallest_ratio_equals_fairlearns_parity_ratio(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fairlearn's own
        from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio

        known = np.array([s is not None for s in rows.sexes])
        sexes = np.array(rows.sexes, dtype=object)[known]
        if len(set(sexes)) < 2:
            return
        weights = None if rows.weights is None else rows.weights[known]
        selected = (rows.scores < 0.5).astype(int)[known]
        common = {"sensitive_features": sexes, "sample_weight": weights}
        ratio = demographic_parity_ratio(selected, selected, **common)
        difference = demographic_parity_difference(selected, selected, **common)
    values = values_of(measured_groups(rows))
    if selected.any():
        assert values["fairness.smallest_impact_ratio[column=sex]"] == pytest.approx(ratio, **CLOSE)
    lowest = min(values[f"fairness.selection_difference[sex={s}]"] for s in "fm")
    assert -lowest == pytest.approx(difference, **CLOSE)


@given(binary_rows())
def test_areas_and_mean_scores_equal_scikit_learn(rows):
    values = values_of(measured_groups(rows))
    for level in "abc":
        mask = np.array([r == level for r in rows.races])
        weights = None if rows.weights is None else rows.weights[mask]
        expected = np.average(rows.scores[mask], weights=weights) if mask.any() else None
        got = values.get(f"fairness.mean_score[race={level}]")
        assert got == (None if expected is None else pytest.approx(expected, **CLOSE))
        mask &= ~np.isnan(rows.labels)
        y, got = rows.labels[mask], values.get(f"fairness.roc_auc[race={level}]")
        if len(set(y)) < 2:
            assert got is None
        else:
            weights = None if rows.weights is None else rows.weights[mask]
            assert got == pytest.approx(metrics.roc_auc_score(y, rows.scores[mask], sample_weight=weights), **CLOSE)


@given(binary_rows(), st.randoms(), st.integers(1, 10))
def test_the_order_of_rows_changes_nothing(rows, random, min_cell):
    order = list(range(len(rows.scores)))
    random.shuffle(order)
    plan = FairnessPlan(min_cell=min_cell)
    first, second = measured_groups(rows, plan), measured_groups(rows.permuted(order), plan)
    assert values_of(second) == pytest.approx(values_of(first), **CLOSE)
    assert reasons_of(second) == reasons_of(first)
    assert second.ledger == first.ledger


@given(binary_rows())
def test_groups_and_unknown_sum_to_all_rows(rows):
    values = values_of(measured_groups(rows))
    counts = {k: v for k, v in values.items() if k.startswith("fairness.count")}
    for column, other in (("sex", "race"), ("race", "sex")):
        own = sum(v for k, v in counts.items() if f"{column}=" in k and f"{other}=" not in k)
        assert own + values[f"fairness.unknown[column={column}]"] == len(rows.scores)
    both = sum(v for k, v in counts.items() if "sex=" in k and "race=" in k)
    assert both + values['fairness.unknown[column="sex × race"]'] == len(rows.scores)


def selection_by_group(selected_of, **given):
    """A subject whose groups have the sizes and numbers selected given."""
    names, scores = [], []
    for name, (selected, size) in selected_of.items():
        names += [name] * size
        scores += [0.1] * selected + [0.9] * (size - selected)
    return subject_of(scores, groups=[group("g", names, list(selected_of))], **given)


def test_intervals_of_ratio_and_difference_are_named_and_right():
    figures = figures_of(fairness.measure(selection_by_group({"a": (48, 80), "b": (56, 70)}), SHOW_ALL))
    ratio, difference = figures["fairness.impact_ratio[g=a]"], figures["fairness.selection_difference[g=a]"]
    theirs = stats.contingency.relative_risk(48, 80, 56, 70).confidence_interval(0.95)
    assert (ratio.low, ratio.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert "Katz" in ratio.method
    newcombe = newcombe_difference(48, 80, 56, 70)
    assert (difference.low, difference.high) == (newcombe.low, newcombe.high)
    assert "Newcombe" in difference.method
    assert ratio.reference == "b (highest selection rate of the groups shown)"
    assert (ratio.favourable, ratio.numerator, ratio.threshold) == ("0", "selected: decided 0", ">=0.5")
    own = figures["fairness.impact_ratio[g=b]"]
    assert (own.value, own.low, own.high) == (1.0, None, None)
    smallest = figures["fairness.smallest_impact_ratio[column=g]"]
    assert smallest.value == ratio.value
    assert smallest.reason == "a against b (highest selection rate of the groups shown)"


def test_a_score_interval_at_zero_counts_and_no_ratio_to_zero():
    figures = figures_of(fairness.measure(selection_by_group({"a": (0, 20), "b": (5, 20)}), SHOW_ALL))
    ratio = figures["fairness.impact_ratio[g=a]"]
    assert (ratio.value, ratio.low) == (0.0, 0.0)
    assert 0.5 < ratio.high < 1.0
    assert "Katz" not in ratio.method
    assert "Koopman" in ratio.method
    assert figures["fairness.selection_difference[g=a]"].low is not None
    reasons = reasons_of(fairness.measure(selection_by_group({"a": (0, 20), "b": (0, 20)}), SHOW_ALL))
    why = "the selection rate of the reference group is zero"
    for key in ("fairness.impact_ratio[g=a]", "fairness.impact_ratio[g=b]", "fairness.smallest_impact_ratio[column=g]"):
        assert reasons[key] == ("insufficient", why)


def test_one_group_alone_has_no_smallest_ratio():
    reasons = reasons_of(fairness.measure(selection_by_group({"a": (5, 20)}), SHOW_ALL))
    assert reasons["fairness.smallest_impact_ratio[column=g]"] == (
        "insufficient",
        "fewer than two groups are shown",
    )


def test_a_level_without_rows_is_not_computable_and_never_zero():
    measured = fairness.measure(selection_by_group({"a": (5, 20), "b": (9, 20), "c": (0, 0)}), SHOW_ALL)
    reasons = reasons_of(measured)
    assert values_of(measured)["fairness.count[g=c]"] == 0
    for name in ("selection_rate", "impact_ratio", "selection_difference", "mean_score"):
        assert reasons[f"fairness.{name}[g=c]"] == ("insufficient", "no row belongs to the group")


def test_a_group_without_positives_has_no_true_positive_rate_and_no_area():
    rows = subject_of([0.9, 0.1, 0.7, 0.2], [1, 0, 0, 0], groups=[group("g", ["a", "a", "b", "b"])])
    reasons = reasons_of(fairness.measure(rows, SHOW_ALL))
    assert reasons["fairness.true_positive_rate[g=b]"] == ("insufficient", "no outcome in the group is positive")
    assert reasons["fairness.roc_auc[g=b]"][0] == "insufficient"
    assert "fairness.roc_auc[g=a]" not in reasons


def test_small_groups_are_suppressed_in_every_figure():
    groups = {"a": (30, 60), "b": (10, 40), "c": (2, 4)}
    measured = fairness.measure(selection_by_group(groups), FairnessPlan(min_cell=10))
    values, reasons = values_of(measured), reasons_of(measured)
    for key in ("[g=b]", "[g=c]"):
        assert not any(key in i for i in values)
        suppressed = {i for i, (status, _) in reasons.items() if status == "suppressed" and key in i}
        assert suppressed >= {f"fairness.{n}{key}" for n in ("count", "selection_rate", "impact_ratio", "mean_score")}
    # Nothing tells the small group from the one hidden with it.
    assert len({reason for status, reason in reasons.values() if status == "suppressed"}) == 1
    assert ("suppressed", "groups of g", 2) in [(e.kind, e.what, e.count) for e in measured.ledger]


def test_a_suppressed_reference_gives_no_ratio():
    plan = FairnessPlan(min_cell=10, reference={"g": "c"})
    groups = {"a": (30, 60), "b": (10, 40), "c": (2, 4), "d": (4, 8)}
    reasons = reasons_of(fairness.measure(selection_by_group(groups), plan))
    assert reasons["fairness.impact_ratio[g=a]"] == ("insufficient", "the reference group is suppressed")
    assert reasons["fairness.smallest_impact_ratio[column=g]"][1] == "the reference group is suppressed"


def test_the_highest_rate_is_sought_among_the_groups_shown():
    groups = {"a": (30, 60), "b": (10, 40), "c": (8, 8), "d": (4, 8)}
    figures = figures_of(fairness.measure(selection_by_group(groups), FairnessPlan(min_cell=10)))
    assert figures["fairness.impact_ratio[g=b]"].reference == "a (highest selection rate of the groups shown)"
    assert figures["fairness.smallest_impact_ratio[column=g]"].n == 100


def test_of_equal_rates_the_first_group_is_the_reference():
    figures = figures_of(fairness.measure(selection_by_group({"a": (1, 20), "b": (10, 20), "c": (15, 30)}), SHOW_ALL))
    assert figures["fairness.impact_ratio[g=a]"].reference == "b (highest selection rate of the groups shown)"
    assert figures["fairness.impact_ratio[g=c]"].value == 1.0


def test_a_stated_reference_also_serves_pairs():
    sexes, races = ["f", "m"] * 10, ["a"] * 10 + ["b"] * 10
    scores = np.linspace(0, 1, 20)
    rows = subject_of(scores, groups=[group("sex", sexes), group("race", races)])
    figures = figures_of(fairness.measure(rows, FairnessPlan(min_cell=1, reference={"sex": "m", "race": "a"})))
    assert figures["fairness.impact_ratio[race=a,sex=f]"].reference == "m × a (stated in the plan)"
    figures = figures_of(fairness.measure(rows, FairnessPlan(min_cell=1, reference={"sex": "m"})))
    assert "highest selection rate" in figures["fairness.impact_ratio[race=a,sex=f]"].reference


@pytest.mark.parametrize(
    ("reference", "message"),
    [({"g": "beta"}, "did you mean 'beto'?"), ({"gg": "a"}, "fairness.reference.gg: not a sensitive column")],
)
def test_an_unknown_reference_is_an_error(reference, message):
    rows = selection_by_group({"a": (5, 20), "beto": (5, 20)})
    with pytest.raises(PlanError, match=message):
        fairness.measure(rows, FairnessPlan(reference=reference))


def test_an_unknown_favourable_outcome_is_an_error():
    with pytest.raises(PlanError, match="not a class of the model"):
        fairness.measure(selection_by_group({"a": (5, 20)}, favourable="good"), SHOW_ALL)


def test_multiclass_by_group():
    rng = np.random.default_rng(0)
    scores, labels = rng.dirichlet([1, 1, 1], 200), rng.integers(0, 3, 200).astype(float)
    labels[:5] = np.nan
    names = rng.choice(["a", "b"], 200)
    rows = subject_of(scores, labels, task="multiclass", groups=[group("g", names)], favourable="k1")
    values = values_of(fairness.measure(rows, SHOW_ALL))
    frame = pd.DataFrame({"g": names, "y": labels, "d": scores.argmax(axis=1)})
    rates = (frame.d == 1).groupby(frame.g).mean()
    accuracy = frame.dropna().assign(right=lambda f: f.y == f.d).groupby("g").right.mean()
    for level in "ab":
        assert values[f"fairness.selection_rate[g={level}]"] == pytest.approx(rates[level], **CLOSE)
        assert values[f"fairness.accuracy[g={level}]"] == pytest.approx(accuracy[level], **CLOSE)
        assert values[f"fairness.impact_ratio[g={level}]"] == pytest.approx(rates[level] / rates.max(), **CLOSE)


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_by_group(weighted):
    rng = np.random.default_rng(1)
    labels = rng.normal(5, 2, 300)
    scores = labels + rng.normal(0.2, 1, 300)
    labels[:4] = np.nan
    names = rng.choice(["a", "b", "c"], 300)
    weights = rng.uniform(0.5, 2, 300) if weighted else None
    rows = subject_of(scores, labels, task="regression", groups=[group("g", names)], weights=weights)
    figures = figures_of(fairness.measure(rows, FairnessPlan(reference={"g": "b"})))
    frame = pd.DataFrame({"g": names, "y": labels, "p": scores, "w": 1.0 if weights is None else weights})
    means = frame.groupby("g").apply(lambda f: np.average(f.p, weights=f.w))
    known = frame.dropna()
    bias = known.groupby("g").apply(lambda f: np.average(f.p - f.y, weights=f.w))
    size = known.groupby("g").apply(lambda f: np.average((f.p - f.y).abs(), weights=f.w))
    for level in "abc":
        assert figures[f"fairness.mean_prediction[g={level}]"].value == pytest.approx(means[level], **CLOSE)
        assert figures[f"fairness.mean_error[g={level}]"].value == pytest.approx(bias[level], **CLOSE)
        assert figures[f"fairness.mae[g={level}]"].value == pytest.approx(size[level], **CLOSE)
        difference = figures[f"fairness.mean_prediction_difference[g={level}]"]
        assert difference.value == pytest.approx(means[level] - means["b"], **CLOSE)
        assert difference.reference == "b (stated in the plan)"
    difference = figures["fairness.mean_prediction_difference[g=a]"]
    if weighted:
        parts, degrees = [], []
        for level in "ab":
            p, w = (frame.loc[frame.g == level, name].to_numpy() for name in ("p", "w"))
            spread = (w**2 @ (p - np.average(p, weights=w)) ** 2) / w.sum() ** 2
            parts.append(spread * len(p) / (len(p) - 1))
            degrees.append(len(p) - 1)
        freedom = sum(parts) ** 2 / sum(v**2 / d for v, d in zip(parts, degrees, strict=True))
        reach = stats.t.ppf(0.975, freedom) * np.sqrt(sum(parts))
        assert difference.high - difference.value == pytest.approx(reach, rel=1e-9)
        assert difference.value - difference.low == pytest.approx(reach, rel=1e-9)
    else:
        a, b = (frame.p[frame.g == level] for level in "ab")
        theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
        assert (difference.low, difference.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    assert not any("selection" in f.id or "impact" in f.id for f in figures)


def test_a_group_whose_rows_all_weigh_nothing_has_no_rate():
    rows = subject_of(
        [0.1, 0.9, 0.2, 0.8], [0, 1, 1, 0], groups=[group("g", ["a", "a", "b", "b"])], weights=[1.0, 2.0, 0.0, 0.0]
    )
    measured = fairness.measure(rows, SHOW_ALL)
    figures, reasons = figures_of(measured), reasons_of(measured)
    assert figures["fairness.count[g=b]"].value == 2
    assert figures["fairness.selection_rate[g=a]"].value == pytest.approx(1 / 3)
    for name in ("selection_rate", "impact_ratio", "accuracy", "true_positive_rate", "mean_score", "roc_auc"):
        assert reasons[f"fairness.{name}[g=b]"][0] == "insufficient"


def test_without_a_legal_basis_sizes_alone_are_measured():
    rng = np.random.default_rng(0)
    columns = [
        group("sex", rng.choice(["f", "m"], 200)),
        group("race", rng.choice(["a", "b"], 200), basis=None),
        group("age", rng.choice(["y", "z"], 200), basis="  "),
    ]
    measured = fairness.measure(subject_of(rng.random(200), rng.integers(0, 2, 200), groups=columns), FairnessPlan())
    for figure in measured.figures:
        columns_of = set(figure.keys) | set(figure.keys.get("column", "").split(" × "))
        if figure.name in ("fairness.count", "fairness.unknown") or not columns_of & {"race", "age"}:
            assert figure.status == "measured", figure
        else:
            assert figure.status == "not_tested", figure
            lacking = [f"fairness.basis.{name}" for name in ("race", "age") if name in columns_of]
            assert figure.reason == f"no legal basis is stated ({', '.join(lacking)})"
    said = {entry.what: entry.reason for entry in measured.ledger if "basis" in entry.reason}
    assert said == {
        "differences by race": "no legal basis is stated (fairness.basis.race)",
        "differences by age": "no legal basis is stated (fairness.basis.age)",
    }


@pytest.mark.parametrize("stated", [True, False])
def test_the_smallest_ratio_is_of_the_stated_reference_or_of_any_pair(stated):
    selected = {"a": 100, "b": 90, "c": 80, "d": 110}
    scores = np.concatenate([np.where(np.arange(200) < count, 0.1, 0.9) for count in selected.values()])
    subject = subject_of(scores, groups=[group("g", np.repeat(list(selected), 200))])
    plan = FairnessPlan(reference={"g": "a"} if stated else {})
    found = figures_of(fairness.measure(subject, plan))["fairness.smallest_impact_ratio[column=g]"]
    family = [RateFamily.of_counts(np.array(list(selected.values())), np.full(4, 200))]
    expected = smallest_ratio_interval(family, reference=0 if stated else None)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.value == pytest.approx(0.4 / (0.5 if stated else 0.55))
    assert ("or the reference" in found.method) != stated
