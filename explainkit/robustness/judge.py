"""What changed answers do to decisions, scores and performance, on the very rows that had other answers before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explainkit.assess.champion import PAIRED_RATES, area_difference, rate_difference
from explainkit.assess.outcomes import mean
from explainkit.assess.precision import LINEARISED, of_mean, of_share
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.sampling import Sampling
from explainkit.figures import Unit
from explainkit.load.subject import Subject
from explainkit.robustness.door import BoolArray, FloatArray, IntArray

AREA = "change of the area under the ROC curve on the same rows"
ACCURACY = "change of accuracy on the same rows"
ERROR = "change of the mean absolute error on the same rows"
_NEAR = 1e-12
"""Answers to the same row may differ by so much, as sums are rounded otherwise in another batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Rows, what the model answers to them as they are, and what is known of them."""

    recorder: Recorder
    at: IntArray
    """Their positions among the evaluation rows."""
    before: FloatArray
    """Answers as `Door.answers` gives them, shape (n_rows, n_outputs)."""

    @property
    def subject(self) -> Subject:
        """What is audited."""
        return self.recorder.subject

    @property
    def sampling(self) -> Sampling:
        """How these rows came about."""
        return Sampling.of(self.subject.rows).take(self.at)

    @property
    def count(self) -> int:
        """How many rows count: all that have no weight of zero."""
        weights = self.sampling.weights
        return len(self.at) if weights is None else int(np.count_nonzero(weights))

    @property
    def unit(self) -> Unit:
        """Of a change of the answer."""
        return "target" if self.subject.task == "regression" else "probability"

    def settled(self, after: FloatArray) -> FloatArray:
        """Answers with those that differ by rounding alone put back."""
        close = np.abs(after - self.before) <= _NEAR * np.maximum(1.0, np.abs(self.before))
        return np.where(close, self.before, after)

    def flips(self, after: FloatArray) -> BoolArray | None:
        """Which rows are decided otherwise; None where nothing is decided."""
        first, second = (decided(self.subject, answers) for answers in (self.before, self.settled(after)))
        return None if first is None or second is None else first != second

    def moved(self, after: FloatArray) -> FloatArray:
        """By how much each answer moves: of several classes the share of probability that goes to others."""
        return moved(self.before, self.settled(after))

    def record(self, family: str, after: FloatArray, keys: Mapping[str, str], how: str) -> None:
        """Record how many decisions flip, and how far answers move.

        Parameters
        ----------
        family : str
            Beginning of the names of the figures, ``robustness`` or ``robustness.scenario``.
        after : ndarray, shape (n_rows, n_outputs)
            Answers after the change.
        keys : mapping
            Of the figures.
        how : str
            The change, in words.
        """
        if self.subject.task != "regression" and self.recorder.open(f"{family}.flips"):
            flips = self.flips(after)
            assert flips is not None
            self.share(f"{family}.flips", flips, self.sampling, keys, f"same rows before and after; {how}")
        moves, sampling = self.moved(after), self.sampling
        said = "mean share of probability that goes to other classes"
        if self.subject.task != "multiclass":
            said = "mean |answer after − answer before|"
        self.average(f"{family}.score_change", moves, keys, f"{said}; {how}", least=0.0)
        self.recorder.number(
            f"{family}.score_change_p95",
            quantile(moves, 0.95, sampling.weights),
            keys,
            undefined="",
            unit=self.unit,
            n=self.count,
            method=f"95th percentile of the same; {how}",
        )

    def share(self, name: str, flips: BoolArray, sampling: Sampling, keys: Mapping[str, str], method: str) -> None:
        """Record a share of rows that are decided otherwise."""
        value, interval, made = of_share(flips, sampling)
        counted = np.ones(len(flips), np.bool_) if sampling.weights is None else sampling.weights > 0
        self.recorder.number(
            name,
            value,
            keys,
            undefined="",
            unit="proportion",
            n=int(counted.sum()),
            events=int((flips & counted).sum()),
            method=method,
            interval=interval,
            any_sampling=True,
            interval_method=made,
            numerator="decided otherwise after the change",
        )

    def average(
        self, name: str, values: FloatArray, keys: Mapping[str, str], method: str, *, least: float | None = None
    ) -> None:
        """Record a mean of one number per row; no mean can be below `least`."""
        details = of_mean(values, self.sampling, least=least)
        unit: Unit = self.unit if least is not None or self.unit == "target" else "difference"
        details |= {"unit": unit, "n": self.count, "method": method}
        self.recorder.number(name, mean(values, self.sampling.weights), keys, undefined="", **details)

    def performance(self, name: str, after: FloatArray, keys: Mapping[str, str], how: str) -> None:
        """Record what a change of the inputs does to performance, the outcomes being as they were.

        Parameters
        ----------
        name : str
            Of the figure.
        after, keys, how
            As for `record`.
        """
        record, rows = self.recorder, self.subject.rows
        if not record.open(name):
            return
        assert rows.labels is not None
        labels = rows.labels[self.at]
        known = np.isfinite(labels)
        labels, sampling = labels[known], self.sampling.take(known)
        first, second = self.before[known], self.settled(after)[known]
        reason = "no drawn row has an outcome" if not len(labels) else None
        if reason is None and self.subject.task == "binary" and labels.min() == labels.max():
            reason = "the outcomes of the drawn rows are not of both classes"
        if reason is not None:
            record.missing(name, keys, status="insufficient", reason=reason)
            return
        self._changed(name, (first, second), labels, sampling, (keys, how))

    def _changed(
        self,
        name: str,
        answers: tuple[FloatArray, FloatArray],
        labels: FloatArray,
        sampling: Sampling,
        said: tuple[Mapping[str, str], str],
    ) -> None:
        """Record the change of the measure that fits the task."""
        first, second = answers
        weights, (keys, how) = sampling.weights, said
        if self.subject.task == "binary":
            positive, method, made = labels == 1, AREA, "paired DeLong interval (DeLong 1988)"
            value = area(second, positive, weights) - area(first, positive, weights)
            interval = area_difference(value, (second[:, 0], first[:, 0]), positive, sampling)
        elif self.subject.task == "multiclass":
            now, then = (found.argmax(axis=1) == labels for found in (second, first))
            gain = now.astype(np.float64) - then
            value, method, made = mean(gain, weights), ACCURACY, PAIRED_RATES
            interval = rate_difference(now, then) if sampling.simple else sampling.mean_interval(gain)
        else:
            gain = np.abs(second[:, 0] - labels) - np.abs(first[:, 0] - labels)
            value, method, made = mean(gain, weights), ERROR, "Student's interval of the differences row by row"
            interval = sampling.mean_interval(gain)
        self.recorder.number(
            name,
            value,
            keys,
            undefined="",
            unit="target" if self.subject.task == "regression" else "difference",
            n=len(labels),
            method=f"{method}; {how}",
            interval=interval,
            any_sampling=True,
            interval_method=made if sampling.simple else LINEARISED,
        )


def decided(subject: Subject, answers: FloatArray) -> IntArray | None:
    """What is decided by answers, as a number; None where nothing is."""
    if subject.task == "multiclass":
        return np.asarray(answers.argmax(axis=1))
    if subject.task == "regression" or subject.threshold is None:
        return None
    return subject.threshold.decide(answers[:, 0]).astype(np.int64)


def moved(before: FloatArray, after: FloatArray) -> FloatArray:
    """By how much answers differ, row by row: half the sum over several classes, else the difference."""
    apart = np.abs(after - before)
    return apart[:, 0] if apart.shape[1] == 1 else apart.sum(axis=1) / 2


def area(answers: FloatArray, positive: BoolArray, weights: FloatArray | None) -> float:
    """Area under the ROC curve."""
    return ranking.auc(ranking.tabulate(answers[:, 0], positive, weights))


def quantile(values: FloatArray, level: float, weights: FloatArray | None) -> float:
    """Smallest value that so large a share of the rows does not exceed (Hyndman and Fan, definition 1)."""
    return float(np.quantile(values, level, method="inverted_cdf", weights=weights))
