"""Unusual inputs: evaluation rows that are far from every reference row, and what the model does there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from explainkit.assess.outcomes import mean
from explainkit.assess.precision import STUDENT, of_mean, of_share
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.sampling import Sampling
from explainkit.explain.codes import stack
from explainkit.explain.points import coordinates
from explainkit.figures import Unit
from explainkit.robustness.door import BoolArray, FloatArray, IntArray

FAMILY = "robustness.off_data"
LEAST_REFERENCE = 100
LEAST = 10
"""Fewest rows off the data, and on it, of which means are told."""
_FEW = "fewer than ten of these rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """Distances of drawn evaluation rows to drawn reference rows."""

    recorder: Recorder
    rows: pd.DataFrame
    """Drawn evaluation rows, inputs of the model only."""
    at: IntArray
    """Their positions."""
    reference: pd.DataFrame
    """Drawn reference rows."""
    level: float
    """Share of the reference rows that are not off their own data."""

    def measure(self) -> None:
        """Share of rows off the data, and answers and errors there against the others."""
        if len(self.reference) < LEAST_REFERENCE:
            reason = f"fewer than {LEAST_REFERENCE} reference rows"
            self.recorder.missing(f"{FAMILY}.rows", status="insufficient", reason=reason)
            return
        own, there = distances(self.reference, self.rows)
        usual = float(np.quantile(own, self.level))
        far = there > usual * (1 + 1e-9)
        sampling = Sampling.of(self.recorder.subject.rows).take(self.at)
        value, interval, method = of_share(far, sampling)
        near = (
            f"farther from the nearest of {len(own)} reference rows than {100 * self.level:g} % of these are from "
            "theirs (numbers in units of their spread, categories as agreeing or not)"
        )
        self.recorder.number(
            f"{FAMILY}.rows",
            value,
            undefined="",
            unit="proportion",
            n=len(far),
            events=int(far.sum()),
            method=f"share of the drawn evaluation rows {near}",
            interval=interval,
            any_sampling=True,
            interval_method=method,
            numerator="off the data",
        )
        self._compare(far, sampling)

    def _compare(self, far: BoolArray, sampling: Sampling) -> None:
        """Answers and errors off the data and on it."""
        rows = self.recorder.subject.rows
        everyone = np.ones(len(far), np.bool_)
        if self.recorder.subject.task != "multiclass":
            unit: Unit = "target" if self.recorder.subject.task == "regression" else "score"
            self._means("score", rows.scores[self.at], everyone, far, sampling, unit, "mean answer")
        losses = self._losses()
        if losses is not None:
            values, known, unit, what = losses
            self._means("loss", values, known, far, sampling, unit, what)

    def _losses(self) -> tuple[FloatArray, BoolArray, Unit, str] | None:
        """Error of each row, which of them have an outcome, its unit and what its mean is called."""
        subject = self.recorder.subject
        if not self.recorder.open(f"{FAMILY}.loss"):
            return None
        assert subject.rows.labels is not None
        labels, scores = subject.rows.labels[self.at], subject.rows.scores[self.at]
        known = np.isfinite(labels)
        if subject.task == "multiclass":
            return (scores.argmax(axis=1) != labels).astype(np.float64), known, "score", "share of wrong classes"
        if subject.task == "regression":
            return np.abs(scores - labels), known, "target", "mean absolute error"
        return (scores - labels) ** 2, known, "score", "mean squared error of the score (Brier score)"

    def _means(
        self, name: str, values: FloatArray, known: BoolArray, far: BoolArray, sampling: Sampling, unit: Unit, what: str
    ) -> None:
        figure, recorder = f"{FAMILY}.{name}", self.recorder
        parts = {"off": known & far, "on": known & ~far}
        for side, inside in parts.items():
            if inside.sum() < LEAST:
                recorder.missing(figure, {"rows": side}, status="insufficient", reason=_FEW)
                continue
            taken = sampling.take(inside)
            value = mean(values[inside], taken.weights)
            positive = name == "loss" or recorder.subject.task == "binary"
            details = of_mean(values[inside], taken, least=0.0 if positive else None)
            details |= {"unit": unit, "n": int(inside.sum()), "method": what}
            recorder.number(figure, value, {"rows": side}, undefined="", **details)
        if min(int(inside.sum()) for inside in parts.values()) < LEAST:
            recorder.missing(f"{figure}_difference", status="insufficient", reason=_FEW)
            return
        both = sampling.take(known)
        own, weights = values[known], both.weights
        first = far[known]
        difference = mean(own[first], None if weights is None else weights[first])
        difference -= mean(own[~first], None if weights is None else weights[~first])
        recorder.number(
            f"{figure}_difference",
            difference,
            undefined="",
            unit="target" if unit == "target" else "difference",
            n=int(known.sum()),
            method=f"{what} of rows off the data, less that of the others",
            interval=both.difference_interval(own, first),
            any_sampling=True,
            interval_method=STUDENT,
        )


def distances(reference: pd.DataFrame, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """How far each reference row is from the nearest other one, and each row from the nearest reference row.

    Parameters
    ----------
    reference, rows : pandas.DataFrame
        Of the same columns; numbers count in units of their spread in the reference, as `coordinates` says.
    """
    places, _ = coordinates(stack(reference.reset_index(drop=True), rows.reset_index(drop=True)), len(reference))
    base, probes = places[: len(reference)], places[len(reference) :]
    finder = NearestNeighbors(n_neighbors=2).fit(base)
    return finder.kneighbors(base)[0][:, 1], finder.kneighbors(probes, n_neighbors=1)[0][:, 0]
