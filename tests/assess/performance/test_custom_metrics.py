"""Metrics registered by other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from explainkit import plugins
from explainkit.assess.performance import performance
from explainkit.errors import InputError
from tests.assess.builders import figures_of, reasons_of, subject_of


def f_two(y_true, y_pred, *, sample_weight):
    return fbeta_score(y_true, y_pred >= 0.5, beta=2, sample_weight=sample_weight)


def undefined(y_true, y_pred, *, sample_weight):
    return float("nan")


def wordy(y_true, y_pred, *, sample_weight):
    return "good"


def broken(y_true, y_pred, *, sample_weight):
    raise ValueError("no such thing")


@pytest.fixture
def register(monkeypatch):
    """Registers functions of this module under their names."""

    def registering(**metrics):
        points = [EntryPoint(name, "m:f", "explainkit.metrics") for name in metrics]
        monkeypatch.setattr(plugins, "entry_points", lambda group: [p for p in points if p.group == group])
        monkeypatch.setattr(EntryPoint, "load", lambda point: metrics[point.name])

    return registering


SCORES, LABELS = [0.9, 0.7, 0.4, 0.2, 0.6], [1, 0, 1, 0, np.nan]


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_a_registered_metric_is_given_the_labelled_rows(register, weights):
    register(f_two=f_two)
    figure = figures_of(performance.measure(subject_of(SCORES, LABELS, weights=weights)))[
        "performance.custom[metric=f_two]"
    ]
    expected = fbeta_score(LABELS[:4], np.array(SCORES[:4]) >= 0.5, beta=2, sample_weight=weights and weights[:4])
    assert figure.value == pytest.approx(expected, abs=1e-12)
    assert (figure.n, figure.weighting) == (4, None if weights is None else "sampling")


def test_no_number_is_not_tested(register):
    register(undefined=undefined)
    reasons = reasons_of(performance.measure(subject_of(SCORES, LABELS)))
    assert reasons["performance.custom[metric=undefined]"] == ("not_tested", "the metric gave no finite number")
    assert reasons_of(performance.measure(subject_of(SCORES)))["performance.custom"][0] == "not_tested"


@pytest.mark.parametrize(("metric", "message"), [(wordy, "returned no number"), (broken, "ValueError: no such thing")])
def test_a_metric_that_fails_is_an_error(register, metric, message):
    register(m=metric)
    with pytest.raises(InputError, match=message):
        performance.measure(subject_of(SCORES, LABELS))


def test_a_metric_cannot_change_the_rows(register):
    def vandal(y_true, y_pred, *, sample_weight):
        y_true[:] = 0
        y_pred[:] = 0
        return 1.0

    register(vandal=vandal)
    subject = subject_of(SCORES[:4], LABELS[:4])
    performance.measure(subject)
    assert list(subject.rows.scores) == SCORES[:4]
