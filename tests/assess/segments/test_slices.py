"""Weak slices against brute force with pandas, on planted segments and on noise."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.segments import permuted, slices
from explainkit.assess.segments import search as slice_search
from explainkit.assess.segments.axes import Axis, axes, short_cut
from explainkit.assess.statistics.intervals import newcombe_difference
from explainkit.errors import PlanError
from explainkit.evidence import Column
from explainkit.load.columns import kind_of
from explainkit.plan import plan_from
from tests.assess.builders import check_sane, dataset, figures_of, group, reasons_of, subject_of, values_of


def subject(frame, wrong, *, sensitive=(), basis="for a test", roles=None, **given):
    """A binary subject that is wrong where it is told to be."""
    wrong = np.asarray(wrong, bool)
    labels = np.arange(len(wrong)) % 2
    scores = np.where(labels.astype(bool) ^ wrong, 0.75, 0.25)
    roles = roles or {}
    return subject_of(
        scores,
        given.pop("labels", labels),
        evaluation=dataset(frame),
        features=tuple(c for c in frame if c not in roles),
        columns=tuple(Column(name=c, kind=kind_of(frame[c]), roles=(roles.get(c, "feature"),)) for c in frame),
        groups=[group(name, [None if pd.isna(v) else v for v in frame[name]], basis=basis) for name in sensitive],
        **given,
    )


def frame_of(n, rng):
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "savings": rng.choice(["none", "some", "much"], n),
            "income": np.where(rng.random(n) < 0.15, np.nan, rng.lognormal(size=n)),
            "job": rng.choice([f"j{i}" for i in range(8)], n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.08, 0.01, 0.01]),
        }
    )


def planted(seed=1, n=3000):
    rng = np.random.default_rng(seed)
    frame = frame_of(n, rng)
    weak = (frame["age"] >= 60) & (frame["savings"] == "none")
    return frame, rng.random(n) < np.where(weak, 0.45, 0.1)


def plan(**more):
    return plan_from({"slices": more})


# By brute force


def segments(frame, *, support):
    """Every segment as words and rows, from the definition."""
    columns = {}
    for name in frame:
        values = frame[name]
        parts = {}
        if values.dtype.kind in "if" and values.nunique() > 5:
            rank = values.rank(method="average")  # middle ranks: half a rank above the count of smaller ones
            which = np.floor(5 * (rank - 0.5) / values.notna().sum())
            for b in sorted(which.dropna().unique()):
                parts[f"{name} bin {b:.0f}"] = (which == b).to_numpy()
        else:
            sizes = values.value_counts()
            for value in sorted(sizes[sizes >= support].index):
                parts[f"{name} = {value}"] = (values == value).to_numpy()
        rare = values.notna().to_numpy() & ~np.any(list(parts.values()), axis=0)
        parts[f"{name} others"], parts[f"{name} missing"] = rare, values.isna().to_numpy()
        columns[name] = {words: rows for words, rows in parts.items() if rows.any()}
    single = [(words, rows) for parts in columns.values() for words, rows in parts.items()]
    found = list(single)
    for a, b in combinations(columns, 2):
        for (one, rows), (other, more) in product(columns[a].items(), columns[b].items()):
            both = rows & more
            if both.sum() not in (rows.sum(), more.sum()):
                found.append((f"{one} and {other}", both))
    return {w: rows for w, rows in found if support <= rows.sum() <= len(frame) - support}


def z_of(rows, errors):
    """Excess in standard deviations of the sum under permutation (hypergeometric moments)."""
    n, k = len(errors), rows.sum()
    return (errors[rows].sum() - k * errors.mean()) / np.sqrt(k * (n - k) / (n - 1) * errors.var())


def test_the_planted_segment_is_found_with_what_brute_force_says_of_it():
    frame, wrong = planted()
    found = slices.measure(subject(frame, wrong), plan())
    check_sane(found.figures)
    every = segments(frame, support=30)
    figures, values = figures_of(found), values_of(found)
    assert values["slice.searched"] == len(every)
    words, rows = max(every.items(), key=lambda item: z_of(item[1], wrong))
    assert words.startswith(("age bin", "savings"))
    worst = figures["slice.error[slice=1]"]
    assert "age" in worst.reason
    assert "savings = none" in worst.reason
    assert (worst.n, worst.events) == (rows.sum(), wrong[rows].sum())
    assert worst.value == pytest.approx(wrong[rows].mean(), rel=1e-12)
    assert values["slice.error_elsewhere[slice=1]"] == pytest.approx(wrong[~rows].mean(), rel=1e-12)
    difference = figures["slice.difference[slice=1]"]
    assert difference.value == pytest.approx(wrong[rows].mean() - wrong[~rows].mean(), rel=1e-12)
    ends = newcombe_difference(wrong[rows].sum(), rows.sum(), wrong[~rows].sum(), (~rows).sum())
    assert (difference.low, difference.high) == (ends.low, ends.high)
    assert values["slice.p_adjusted[slice=1]"] == pytest.approx(1 / 501)
    assert values["slice.rows[slice=1]"] == rows.sum()
    assert worst.threshold == difference.threshold == ">=0.5"


def test_every_segment_is_scored_as_by_brute_force():
    frame, wrong = planted(seed=3, n=800)
    setting, found = searched(frame, wrong)
    scores = sorted(c.score for c in slice_search.candidates(setting, found))
    every = segments(frame, support=30)
    assert scores == pytest.approx(sorted(z_of(rows, wrong) for rows in every.values()), rel=1e-9, abs=1e-9)


def searched(frame, errors, **given):
    from explainkit.assess.recorder import Recorder

    whole = subject(frame, np.zeros(len(frame)))
    recorder = Recorder(whole, undefined="not_tested")
    groups = groupings_of(whole, plan().fairness, plan().ll144)
    columns = axes(recorder, plan(), groups, np.ones(len(frame), bool), support=30)
    setting = slice_search.Setting(
        axes=columns,
        errors=np.asarray(errors, float),
        weights=None,
        support=30,
        min_cell=10,
        crossable=True,
        max_columns=2,
        **given,
    )
    return setting, slice_search.blocks(setting)[0]


@pytest.mark.parametrize("kind", ["counted", "continuous"])
def test_the_largest_score_under_permutation_is_that_of_brute_force(kind):
    rng = np.random.default_rng(5)
    frame = frame_of(400, rng)
    errors = (rng.random(400) < 0.2).astype(float) if kind == "counted" else rng.exponential(size=400)
    setting, found = searched(frame, errors)
    maxima = permuted.null_maxima(setting, found, permutations=7, rng=np.random.default_rng(9))
    whole = slice_search.exact(errors)
    shuffled = np.random.default_rng(9).permuted(np.broadcast_to(whole.astype(np.float64), (7, 400)), axis=1)
    every = segments(frame, support=30)
    expected = [max(z_of(rows, e) for rows in every.values()) for e in shuffled]
    assert maxima == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("paired", "most"), [(30, 2), (3, 2), (30, 1)])
@pytest.mark.parametrize("kind", ["counted", "continuous"])
def test_permuted_errors_are_scored_as_errors_are(kind, paired, most, monkeypatch):
    monkeypatch.setattr(slice_search, "MOST_PAIRED", paired)
    rng = np.random.default_rng(6)
    frame = pd.concat([frame_of(300, rng).add_suffix(f"_{i}") for i in range(3)], axis=1)
    errors = (rng.random(300) < 0.3).astype(float) if kind == "counted" else rng.exponential(size=300)
    setting = replace(searched(frame, errors)[0], max_columns=most)
    maxima = permuted.null_maxima(
        setting, slice_search.blocks(setting)[0], permutations=21, rng=np.random.default_rng(2)
    )
    draws = np.random.default_rng(2)
    for largest in maxima:
        shuffled = replace(setting, errors=draws.permuted(errors))
        score = slice_search.candidates(shuffled, slice_search.blocks(shuffled)[0])[0].score
        assert largest == pytest.approx(score, rel=1e-12)


def test_permutations_do_not_depend_on_the_size_of_the_blocks(monkeypatch):
    frame, wrong = planted(seed=4, n=500)
    setting, found = searched(frame, wrong)
    whole = permuted.null_maxima(setting, found, permutations=20, rng=np.random.default_rng(1))
    monkeypatch.setattr(permuted, "_BLOCK_BYTES", 1)
    parts = permuted.null_maxima(setting, found, permutations=20, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(whole, parts)


def test_maxima_of_many_columns_are_the_same_however_few_indicators_are_held(monkeypatch):
    rng = np.random.default_rng(3)
    axes = [
        Axis(name=f"c{i}", codes=rng.integers(0, 4, 400).astype(np.int16), words=tuple("abcd"), group=None)
        for i in range(9)
    ]
    setting = slice_search.Setting(
        axes=axes, errors=rng.random(400), weights=None, support=10, min_cell=1, crossable=True, max_columns=2
    )
    found, _ = slice_search.blocks(setting)
    whole = permuted.null_maxima(setting, found, permutations=20, rng=np.random.default_rng(1))
    monkeypatch.setattr(permuted, "_BLOCK_BYTES", 1)
    parts = permuted.null_maxima(setting, found, permutations=20, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(whole, parts)


def test_p_is_the_share_of_permutations_that_reach_the_score():
    assert slice_search.adjusted([0.5, 3.0, 9.0], np.array([1.0, 2.0, 3.0])) == [1.0, 0.5, 0.25]


@pytest.mark.slow
def test_on_noise_the_adjusted_p_is_no_smaller_than_it_should_be():
    told, largest = [], []
    for seed in range(200):
        rng = np.random.default_rng([7, seed])
        frame = frame_of(500, rng)
        wrong = rng.random(500) < 0.15
        told.append(values_of(slices.measure(subject(frame, wrong), plan(seed=seed)))["slice.p_adjusted[slice=1]"])
        setting, found = searched(frame, wrong)
        maxima = permuted.null_maxima(setting, found, permutations=200, rng=rng)
        largest += slice_search.adjusted([slice_search.candidates(setting, found)[0].score], maxima)
    assert np.mean(np.array(told) <= 0.05) <= 0.08
    # Of the largest score it is uniform; what is told may be less extreme, as refinements are left out.
    assert np.mean(np.array(largest) <= 0.05) <= 0.08
    assert stats.kstest(largest, "uniform").pvalue > 1e-3
    assert np.mean(np.array(told) <= 0.3) > 0.1


# What is told


def test_a_segment_that_a_larger_one_explains_is_left_out():
    rng = np.random.default_rng(2)
    frame = frame_of(4000, rng)
    wrong = rng.random(4000) < np.where(frame["savings"] == "none", 0.4, 0.1)
    found = slices.measure(subject(frame, wrong), plan())
    words = [f.reason for f in found.figures if f.name == "slice.error"]
    assert words[0] == "savings = none"
    errors = {f.reason: f.value for f in found.figures if f.name == "slice.error"}
    within = [w for w in words if w.startswith("savings = none and") or w.endswith("and savings = none")]
    assert all(errors[w] > errors["savings = none"] for w in within)
    assert len(within) <= 3  # of about twenty


def test_of_the_same_rows_under_two_names_one_is_told():
    frame, wrong = planted()
    frame["thrift"] = frame["savings"].map({"none": "low", "some": "low", "much": "high"})
    found = slices.measure(subject(frame, wrong), plan())
    told = [(f.n, f.events) for f in found.figures if f.name == "slice.error"]
    assert len(set(told)) == len(told)
    # What is all of one segment is no segment of two columns.
    assert values_of(found)["slice.searched"] == len(segments(frame, support=30))


def test_rare_values_stand_together_and_missing_ones_by_themselves():
    frame, wrong = planted()
    frame.loc[::20, "job"] = None
    frame.loc[::50, "income"] = np.inf
    columns = {axis.name: axis for axis in searched(frame, wrong)[0].axes}
    job = columns["job"]
    assert job.words[-2:] == ("job is one of its other values", "job is missing")
    assert (job.codes == len(job.words) - 1).sum() == frame["job"].isna().sum()
    sizes = frame["job"].value_counts()
    assert (job.codes == len(job.words) - 2).sum() == sizes[sizes < 30].sum() > 0
    income = columns["income"]
    assert income.words[-1] == "income is missing"
    assert (income.codes == len(income.words) - 1).sum() == frame["income"].isna().sum()


def test_other_errors_by_task():
    frame, wrong = planted()
    n = len(frame)
    rng = np.random.default_rng(3)
    y = rng.normal(size=n)
    predicted = y + np.where(wrong, 3.0, 0.5) * rng.normal(size=n)
    regression = subject(frame, wrong)
    given = {"evaluation": regression.evaluation, "features": regression.features, "columns": regression.columns}
    figures = figures_of(slices.measure(subject_of(predicted, y, task="regression", **given), plan()))
    worst = figures["slice.error[slice=1]"]
    assert "savings = none" in worst.reason
    assert worst.unit == figures["slice.difference[slice=1]"].unit == "target"
    inside = segments(frame, support=30)
    rows = next(
        rows
        for rows in inside.values()
        if rows.sum() == worst.n and np.isclose(np.abs(predicted - y)[rows].mean(), worst.value)
    )
    ends = stats.ttest_ind(np.abs(predicted - y)[rows], np.abs(predicted - y)[~rows], equal_var=False)
    ends = ends.confidence_interval()
    difference = figures["slice.difference[slice=1]"]
    assert (difference.low, difference.high) == pytest.approx((ends.low, ends.high))
    scores = np.full((n, 3), 0.2)
    labels = np.arange(n) % 3
    scores[np.arange(n), (labels + wrong) % 3] = 0.6
    figures = figures_of(slices.measure(subject_of(scores, labels, task="multiclass", **given), plan()))
    assert figures["slice.error[slice=1]"].threshold is None
    assert figures["slice.error[slice=1]"].events > 0
    loss = figures_of(slices.measure(subject(frame, wrong, threshold=None), plan()))["slice.error[slice=1]"]
    assert "log loss" in loss.method
    assert loss.threshold is None


def test_weighted_means_have_an_interval_and_no_p():
    frame, wrong = planted()
    weights = np.random.default_rng(1).uniform(0, 2, len(frame))
    weights[::10] = 0
    found = slices.measure(subject(frame, wrong, weights=weights), plan())
    figures = figures_of(found)
    worst = figures["slice.error[slice=1]"]
    counts = weights > 0
    every = segments(frame[counts], support=30)
    rows = next(
        r
        for r in every.values()
        if r.sum() == worst.n and np.isclose(np.average(wrong[counts][r], weights=weights[counts][r]), worst.value)
    )
    assert worst.events == wrong[counts][rows].sum()
    assert worst.low < worst.value < worst.high
    gap = figures["slice.difference[slice=1]"]
    assert gap.low < gap.value < gap.high
    assert "chosen" in gap.method
    assert figures["slice.p_adjusted[slice=1]"].status == "not_tested"
    assert any("count alike" in e.reason for e in found.ledger)
    same = figures_of(slices.measure(subject(frame, wrong, weights=np.full(len(frame), 3.0)), plan()))
    plain = figures_of(slices.measure(subject(frame, wrong), plan()))
    assert [f.reason for f in same if f.name == "slice.error"] == [f.reason for f in plain if f.name == "slice.error"]


def test_rows_without_outcome_do_not_count():
    frame, wrong = planted()
    labels = (np.arange(len(frame)) % 2).astype(float)
    labels[::3] = np.nan
    kept = ~np.isnan(labels)
    holes = values_of(slices.measure(subject(frame, wrong, labels=labels), plan()))
    every = segments(frame[kept], support=30)
    assert holes["slice.searched"] == len(every)
    assert holes["slice.error[slice=1]"] in [pytest.approx(wrong[kept][rows].mean()) for rows in every.values()]


def test_columns_left_out_stand_in_the_ledger():
    frame, wrong = planted()
    frame["note"] = [f"free text {i}" for i in range(len(frame))]
    frame["when"] = pd.date_range("2020-01-01", periods=len(frame), freq="h")
    frame["same"] = 1
    ledger = slices.measure(subject(frame, wrong), plan()).ledger
    told = {e.what: e.count for e in ledger if e.kind == "not_tested"}
    assert told == {"segments of note, same": 2, "segments of when": 1}
    assert any(e.kind == "estimated" and e.count == 500 for e in ledger)


# Protection of small groups


def test_a_column_with_a_hidden_group_makes_no_segment():
    frame, wrong = planted()
    frame["sex"] = np.where(np.arange(len(frame)) < 5, "x", np.where(np.arange(len(frame)) % 2, "f", "m"))
    found = slices.measure(subject(frame, wrong, sensitive=["sex"]), plan())
    assert not any("sex" in (f.reason or "") for f in found.figures)
    assert [e.kind for e in found.ledger if e.what == "segments of sex"] == ["suppressed"]


def test_a_small_remainder_of_a_sensitive_group_hides_the_segment():
    n = 400
    frame = pd.DataFrame({"sex": ["f"] * 200 + ["m"] * 200, "region": (["n"] * 195 + ["s"] * 5) + ["n", "s"] * 100})
    wrong = np.zeros(n, bool)
    wrong[:195:2] = True
    found = slices.measure(subject(frame, wrong, sensitive=["sex"]), plan())
    told = [f.reason for f in found.figures if f.name == "slice.error"]
    assert not any("sex" in words and "region" in words for words in told)
    assert any(e.kind == "suppressed" and e.count for e in found.ledger)
    shown = slices.measure(subject(frame, wrong), plan())
    assert any("sex" in (f.reason or "") and "region" in (f.reason or "") for f in shown.figures)


def test_a_column_without_a_basis_makes_no_segment():
    frame, wrong = planted()
    frame["sex"] = np.where(np.arange(len(frame)) % 2, "f", "m")
    found = slices.measure(subject(frame, wrong, sensitive=["sex"], basis=None), plan())
    assert not any("sex" in (f.reason or "") for f in found.figures)
    assert [e.kind for e in found.ledger if e.what == "segments of sex"] == ["not_tested"]


def test_two_columns_of_many_groups_that_are_not_crossed_make_no_segment_together():
    cells = [(a, b) for a in range(25) for b in range(25) for _ in range(3 if a == b == 24 else 20)]
    frame = pd.DataFrame(cells, columns=["a", "b"])
    wrong = (frame["a"] == 0) & (frame["b"] == 0)
    whole = subject(frame, wrong, sensitive=["a", "b"])
    assert groupings_of(whole, plan().fairness, plan().ll144).crossed == ()
    found = slices.measure(whole, plan(min_rows=10))
    told = [f.reason for f in found.figures if f.name == "slice.error"]
    assert sorted(told) == ["a = 0", "b = 0"]
    assert any(e.kind == "suppressed" and e.what.startswith("segments of two columns") for e in found.ledger)
    without = slices.measure(subject(frame.astype(str), wrong), plan(min_rows=10)).figures
    assert "a = 0 and b = 0" in [f.reason for f in without if f.name == "slice.error"]


def test_no_segment_is_smaller_than_stated():
    frame, wrong = planted(n=500)
    for more, least in (({}, 30), ({"min_rows": 60}, 60), ({"min_rows": 2}, 10)):
        found = slices.measure(subject(frame, wrong), plan(**more))
        assert min(f.value for f in found.figures if f.name == "slice.rows") >= least
    assert slices.smallest_segment(plan(), 10_000) == 100
    assert slices.smallest_segment(plan_from({"fairness": {"min_cell": 50}}), 100) == 50


# What cannot be done


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"labels": None}, "not_tested", "no outcome"),
        ({"labels": np.full(300, np.nan)}, "not_tested", "no row has an outcome"),
        ({"positive": None}, "not_tested", "the positive class is not stated"),
        ({"threshold": None, "population": "resampled"}, "not_tested", "no threshold is stated"),
    ],
)
def test_what_is_not_known_is_not_tested(change, status, words):
    frame, wrong = planted(n=300)
    reasons = reasons_of(slices.measure(subject(frame, wrong, **change), plan()))
    assert reasons["slice.error"][0] == status
    assert words in reasons["slice.error"][1]


def test_too_few_rows_no_error_and_one_class():
    frame, wrong = planted(n=50)
    assert "no segment has 30 rows" in reasons_of(slices.measure(subject(frame, wrong), plan()))["slice.error"][1]
    frame, wrong = planted(n=300)
    none = slices.measure(subject(frame, np.zeros(300)), plan())
    assert reasons_of(none)["slice.error"] == ("insufficient", "the errors of all rows are equal")
    one = values_of(slices.measure(subject_one_class(frame, wrong), plan()))
    assert one["slice.error[slice=1]"] > 0
    off = slices.measure(subject(frame, wrong), plan(enabled=False))
    assert [f.id for f in off.figures] == ["slice.error"]


def subject_one_class(frame, wrong):
    given = subject(frame, wrong)
    scores = np.where(wrong, 0.25, 0.75)
    return subject_of(
        scores, np.ones(len(frame)), evaluation=given.evaluation, features=given.features, columns=given.columns
    )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["agee"], "slices.columns: no such column; found 'agee'; remedy: did you mean 'age'?"),
        (["bad"], "found 'bad', the target column"),
    ],
)
def test_columns_that_make_no_segments_are_errors(columns, words):
    frame, wrong = planted(n=300)
    frame["bad"] = 1
    with pytest.raises(PlanError, match=words.replace("?", r"\?")):
        slices.measure(subject(frame, wrong, roles={"bad": "target"}), plan(columns=columns))


def test_stated_columns_only_and_one_at_a_time():
    frame, wrong = planted()
    found = slices.measure(subject(frame, wrong), plan(columns=["age", "job"], max_columns=1))
    words = [f.reason for f in found.figures if f.name == "slice.error"]
    assert words
    assert all(w.startswith(("age", "job")) and " and " not in w for w in words)


@pytest.mark.parametrize("below", [0.1 + 0.2, 11, -3.5, 1e-9, 123456789.123])
@pytest.mark.parametrize("step", [1e-12, 0.004, 1, 1e6])
def test_a_printed_cut_parts_what_it_should(below, step):
    above = below + step
    if below < above:
        assert below < float(short_cut(below, above)) <= above


def test_equal_inputs_give_equal_figures():
    frame, wrong = planted(n=600)
    assert slices.measure(subject(frame, wrong), plan()) == slices.measure(subject(frame, wrong), plan())
