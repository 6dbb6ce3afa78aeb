"""Label noise: what the figures of performance become when a share of the outcomes is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from explainkit.assess.outcomes import Outcomes, mean, with_outcome
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.intervals import Interval
from explainkit.robustness.door import FloatArray, IntArray

NAME = "robustness.label_noise"
DRAWS = 200
_MOST = 20_000_000
"""Outcomes drawn in all."""
_WHAT = "figures of performance under wrong labels"


def measure(recorder: Recorder, shares: Sequence[float], seed: int) -> None:
    """Flip outcomes at random, and measure again.

    Parameters
    ----------
    recorder : Recorder
        Of the subject; every row with an outcome counts.
    shares : sequence of float
        Chance that an outcome is flipped, of several classes to any other one.
    seed : int
        Of the draws.
    """
    subject = recorder.subject
    if subject.task == "regression":
        recorder.note("not_tested", _WHAT, "a number has no other class that it could be taken for")
        return
    measures = _measures(recorder)
    outcomes = with_outcome(subject)
    if not measures or not recorder.open(NAME):
        return
    draws = max(20, min(DRAWS, _MOST // max(1, outcomes.n)))
    if draws < DRAWS:
        recorder.note("sampled", _WHAT, f"{draws} draws for each share, as there are many rows", draws)
    for place, share in enumerate(shares):
        rng = np.random.default_rng([seed, 63, place])
        found: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(draws):
            labels = flipped(outcomes.labels, share, len(subject.classes), rng)
            for name, of in measures.items():
                found[name].append(of(outcomes, labels))
        for name, values in found.items():
            _record(recorder, name, share, np.array(values), outcomes.n)


def flipped(labels: FloatArray, share: float, classes: int, rng: np.random.Generator) -> FloatArray:
    """Outcomes of which each is another class by that chance.

    Parameters
    ----------
    labels : ndarray, shape (n_rows,)
        Numbers of classes, from 0.
    share : float
        Chance of each.
    classes : int
        How many there are.
    rng : numpy.random.Generator
        Where the draws come from.
    """
    wrong = rng.random(len(labels)) < share
    steps = rng.integers(1, max(2, classes), int(wrong.sum()))
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + steps) % max(2, classes)
    return noisy


def _measures(recorder: Recorder) -> dict[str, Callable[[Outcomes, FloatArray], float]]:
    if recorder.subject.task == "multiclass":
        return {"accuracy": _right}
    found: dict[str, Callable[[Outcomes, FloatArray], float]] = {"roc_auc": _Area(with_outcome(recorder.subject)).of}
    threshold = recorder.subject.threshold
    if threshold is not None:

        def accuracy(outcomes: Outcomes, labels: FloatArray) -> float:
            return mean((threshold.decide(outcomes.scores) == (labels == 1)).astype(np.float64), outcomes.weights)

        found["accuracy"] = accuracy
    return found


def _right(outcomes: Outcomes, labels: FloatArray) -> float:
    return mean((outcomes.scores.argmax(axis=1) == labels).astype(np.float64), outcomes.weights)


class _Area:
    """The area under the ROC curve for any outcomes of rows that are sorted once."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._order: IntArray = np.argsort(outcomes.scores, kind="stable")
        self._scores = outcomes.scores[self._order]
        self._weights = None if outcomes.weights is None else outcomes.weights[self._order]

    def of(self, _: Outcomes, labels: FloatArray) -> float:
        """NaN where only one class is left."""
        table = ranking.tabulate_sorted(self._scores, labels[self._order] == 1, self._weights)
        return ranking.auc(table) if table.both_classes else float("nan")


def _record(recorder: Recorder, name: str, share: float, values: FloatArray, n: int) -> None:
    keys = {"measure": name, "share": f"{share:g}"}
    if not np.isfinite(values).all():
        reason = "in some draws all outcomes are of one class"
        recorder.missing(NAME, keys, status="insufficient", reason=reason)
        return
    low, high = np.quantile(values, [0.025, 0.975])
    recorder.number(
        NAME,
        float(values.mean()),
        keys,
        undefined="",
        unit="score",
        n=n,
        method=(
            f"mean of {len(values)} draws in which each outcome is flipped by a chance of {share:g}; the ends hold "
            "95 % of the draws, and are no confidence interval"
        ),
        bounds=Interval(float(low), float(high)),
    )
