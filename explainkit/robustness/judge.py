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
        """Record flips, moves and the change of performance.

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
        record, sampling = self.recorder, self.sampling
        if self.subject.task != "regression" and record.open(f"{family}.flips"):
            flips = self.flips(after)
            assert flips is not None
            value, interval, method = of_share(flips, sampling)
            record.number(
                f"{family}.flips",
                value,
                keys,
                undefined="",
                unit="proportion",
                n=len(flips),
                events=int(flips.sum()),
                method=f"same rows before and after; {how}",
                interval=interval,
                any_sampling=True,
                interval_method=method,
                numerator="decided otherwise after the change",
            )
        moves = self.moved(after)
        said = f"mean |answer after − answer before|; {how}"
        if self.subject.task == "multiclass":
            said = f"mean share of probability that goes to other classes; {how}"
        record.number(
            f"{family}.score_change",
            mean(moves, sampling.weights),
            keys,
            undefined="",
            unit=self.unit,
            n=len(moves),
            method=said,
            **of_mean(moves, sampling, least=0.0),
        )
        record.number(
            f"{family}.score_change_p95",
            quantile(moves, 0.95, sampling.weights),
            keys,
            undefined="",
            unit=self.unit,
            n=len(moves),
            method=f"95th percentile of the same; {how}",
        )

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
        if self.subject.task == "binary" and (labels.min(initial=1) == 1 or labels.max(initial=0) == 0):
            reason = "the outcomes of the drawn rows are not of both classes"
        if reason is not None:
            record.missing(name, keys, status="insufficient", reason=reason)
            return
        weights = sampling.weights
        method, unit = AREA, "difference"
        if self.subject.task == "binary":
            positive = labels == 1
            value = area(second, positive, weights) - area(first, positive, weights)
            interval = area_difference(value, (second[:, 0], first[:, 0]), positive, sampling)
            made = "paired DeLong interval (DeLong 1988)"
        elif self.subject.task == "multiclass":
            right = [answers.argmax(axis=1) == labels for answers in (second, first)]
            gain = right[0].astype(np.float64) - right[1]
            value, method, made = mean(gain, weights), ACCURACY, PAIRED_RATES
            interval = rate_difference(right[0], right[1]) if sampling.simple else sampling.mean_interval(gain)
        else:
            gain = np.abs(second[:, 0] - labels) - np.abs(first[:, 0] - labels)
            value, method, unit = mean(gain, weights), ERROR, "target"
            interval = sampling.mean_interval(gain)
            made = "Student's interval of the differences row by row"
        record.number(
            name,
            value,
            keys,
            undefined="",
            unit="target" if unit == "target" else "difference",
            n=len(labels),
            method=f"{method}; {how}",
            interval=interval,
            any_sampling=True,
            interval_method=made if sampling.simple else LINEARISED,
        )


def decided(subject: Subject, answers: FloatArray) -> IntArray | None:
    """What is decided by answers, as a number; None where nothing is."""
    if subject.task == "multiclass":
        return answers.argmax(axis=1)
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
