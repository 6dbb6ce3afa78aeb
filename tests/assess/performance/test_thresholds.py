"""The tables of thresholds and of lift by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from explainkit.assess.performance import performance
from explainkit.assess.performance.thresholds import quantiles
from explainkit.assess.statistics.ranking import tabulate
from tests.assess.builders import series_of, subject_of
from tests.strategies import binary_rows


@pytest.mark.slow
@given(binary_rows(), st.sampled_from([">=0.5", ">0.5", ">=0.25", None]))
def test_every_row_of_the_thresholds_by_scikit_learn(rows, threshold):
    subject = subject_of(rows.scores, rows.labels, weights=rows.weights, threshold=threshold)
    table = series_of(performance.measure(subject), "performance.thresholds")
    known = ~np.isnan(rows.labels)
    s, y = rows.scores[known], rows.labels[known]
    kind = {"sample_weight": None if rows.weights is None else rows.weights[known]}
    assert 1 <= len(table) <= 21
    assert list(table.threshold) == sorted(set(table.threshold))
    if threshold is not None:
        assert float(threshold.lstrip(">=")) in set(table.threshold)
    near = {"rel": 1e-12, "abs": 1e-12}
    for row in table.itertuples():
        d = s > row.threshold if threshold == ">0.5" else s >= row.threshold
        assert row.positive_rate == pytest.approx(np.average(d, weights=kind["sample_weight"]), **near)
        assert row.recall == pytest.approx(metrics.recall_score(y, d, **kind), **near)
        assert row.false_positive_rate == pytest.approx(1 - metrics.recall_score(y, d, pos_label=0, **kind), **near)
        assert row.f1 == pytest.approx(metrics.f1_score(y, d, **kind), **near)
        if d.any():
            assert row.precision == pytest.approx(metrics.precision_score(y, d, **kind), **near)
        else:
            assert row.precision is None or np.isnan(row.precision)


def test_thresholds_are_scores_at_even_shares_of_the_rows():
    table = tabulate(np.arange(100.0), np.arange(100) % 2 == 0)
    assert list(quantiles(table, 20)) == [4.0 + 5 * i for i in range(19)]
    assert list(quantiles(tabulate(np.zeros(7), np.ones(7, bool)), 20)) == [0.0]


def test_an_undefined_rate_is_a_gap():
    table = series_of(performance.measure(subject_of([0.2, 0.4], [0, 0], threshold=">0.9")), "performance.thresholds")
    assert table.recall.isna().all()
    assert np.isnan(float(table.precision[2]))
    assert list(table.false_positive_rate) == [0.5, 0, 0]


@given(binary_rows())
def test_lift_by_sorting_rows(rows):
    table = series_of(
        performance.measure(subject_of(rows.scores, rows.labels, weights=rows.weights)), "performance.lift"
    )
    known = ~np.isnan(rows.labels)
    s, y = rows.scores[known], rows.labels[known]
    w = np.ones(len(s)) if rows.weights is None else rows.weights[known]
    expected = []
    for tenth in range(1, 11):
        shares = [(w[s >= at].sum() / w.sum(), at) for at in np.unique(s)[::-1]]
        at = next(at for share, at in shares if share >= tenth / 10 - 1e-11)
        if at not in [e[0] for e in expected]:
            share, captured = w[s >= at].sum() / w.sum(), (w * y)[s >= at].sum() / (w * y).sum()
            expected.append((at, share, captured, captured / share))
    got = table[["score", "share_of_rows", "share_of_positives", "lift"]].to_numpy()
    assert got == pytest.approx(np.array(expected), rel=1e-11, abs=1e-11)
    assert table.share_of_rows.iloc[-1] == pytest.approx(1, abs=1e-12)
    assert table.lift.iloc[-1] == pytest.approx(1, abs=1e-12)


def test_equal_scores_stay_together_in_the_lift():
    scores = [0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1]
    table = series_of(performance.measure(subject_of(scores, [1, 1] + [0] * 8)), "performance.lift")
    assert list(table.share_of_rows) == [0.1, 0.9, 1.0]
    assert list(table.share_of_positives) == [0.5, 1.0, 1.0]
    assert list(table.lift) == pytest.approx([5, 1 / 0.9, 1], abs=1e-12)


def test_equal_weights_cut_where_no_weights_do():
    """Sums of tenths round; a cut must not move by it."""
    scores, labels = np.linspace(0.05, 0.95, 10), [0, 1] * 5
    for name in ("performance.lift", "performance.thresholds"):
        plain = series_of(performance.measure(subject_of(scores, labels)), name)
        weighted = series_of(performance.measure(subject_of(scores, labels, weights=np.full(10, 0.1))), name)
        assert weighted.to_numpy(float) == pytest.approx(plain.to_numpy(float), abs=1e-12, nan_ok=True)


def test_there_is_no_lift_without_both_classes():
    assert "performance.lift" not in [s.id for s in performance.measure(subject_of([0.1, 0.2], [1, 1])).series]
