"""Effective numbers of rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.assess.performance import performance
from explainkit.assess.statistics.intervals import effective_n
from tests.assess.builders import figures_of, reasons_of, subject_of


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40), st.floats(1e-200, 1e200))
def test_kish_by_definition(weights, scale):
    w = np.array(weights)
    expected = w.sum() ** 2 / (w**2).sum()
    assert effective_n(w) == pytest.approx(expected, rel=1e-12)
    assert effective_n(w * scale) == pytest.approx(expected, rel=1e-9)
    assert expected <= len(w) * (1 + 1e-12)


def test_equal_weights_lose_nothing_and_zero_weights_add_nothing():
    assert effective_n(np.full(9, 3.0)) == 9
    assert effective_n(np.array([1.0, 1.0, 0.0])) == 2
    assert effective_n(np.zeros(3)) is None


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_of_all_rows_and_of_labelled_ones(task):
    subject = subject_of([0.1, 0.9, 0.3, 0.4], [0, 1, np.nan, 0], weights=[1, 2, 3, 0], task=task)
    figures = figures_of(performance.measure(subject))
    every, labelled = (figures[f"performance.effective_n[rows={name}]"] for name in ("all", "labelled"))
    assert (every.value, every.n) == (pytest.approx(36 / 14), 3)
    assert (labelled.value, labelled.n) == (pytest.approx(9 / 5), 2)
    assert "Kish" in labelled.method
    assert labelled.weighting == "sampling"


def test_frequencies_are_summed():
    subject = subject_of([0.1, 0.9], [0, 1], weights=[1, 3])
    subject = dataclasses.replace(subject, rows=dataclasses.replace(subject.rows, weight_kind="frequency"))
    figure = figures_of(performance.measure(subject))["performance.effective_n[rows=all]"]
    assert figure.value == 4
    assert "Kish" not in figure.method


def test_none_without_weights_and_a_reason_without_outcomes():
    assert not [f for f in performance.measure(subject_of([0.1], [0])).figures if "effective" in f.id]
    reasons = reasons_of(performance.measure(subject_of([0.1], None, weights=[1.0])))
    assert reasons["performance.effective_n[rows=labelled]"] == ("not_tested", "no row has an outcome")
