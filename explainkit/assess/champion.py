"""The champion: how this model does against the one in use now, on the same rows, so that the difference is paired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import Outcomes, mean, with_outcome
from explainkit.assess.performance.probabilities import log_losses
from explainkit.assess.precision import LINEARISED
from explainkit.assess.preconditions import NEEDS, Need
from explainkit.assess.recorder import Details, Keys, Recorder
from explainkit.assess.statistics import ranking
from explainkit.assess.statistics.intervals import Interval, student_mean
from explainkit.assess.statistics.paired import delong_difference, newcombe_paired
from explainkit.assess.statistics.sampling import Sampling
from explainkit.errors import PlanError, nearest
from explainkit.evidence import Measured
from explainkit.figures import ROUNDING, Unit, figure_id, parse_figure_id
from explainkit.load.scores import column_of_scores
from explainkit.load.subject import Subject
from explainkit.plan import ChampionPlan, GatePlan, Plan

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["area", "log_loss", "squared", "absolute", "right", "hit", "kept", "alarm"]

VALUE, DIFFERENCE = "champion.value", "champion.difference"
_DECIDED = ("right", "hit", "kept", "alarm")
_PROBABLE = ("log_loss", "squared")


@dataclass(frozen=True, slots=True)
class Comparable:
    """A figure that two models can be compared by."""

    kind: Kind
    higher_is_better: bool


COMPARABLE: Mapping[str, Comparable] = MappingProxyType(
    {
        "performance.roc_auc": Comparable("area", True),
        "performance.log_loss": Comparable("log_loss", False),
        "performance.brier": Comparable("squared", False),
        "performance.accuracy": Comparable("right", True),
        "performance.recall": Comparable("hit", True),
        "performance.specificity": Comparable("kept", True),
        "performance.mae": Comparable("absolute", False),
        "fairness.roc_auc": Comparable("area", True),
        "fairness.accuracy": Comparable("right", True),
        "fairness.true_positive_rate": Comparable("hit", True),
        "fairness.false_positive_rate": Comparable("alarm", False),
        "fairness.mae": Comparable("absolute", False),
    }
)
"""By name of the figure; those of fairness within a group."""


def check_comparable(gates: Mapping[str, GatePlan]) -> None:
    """Raise if a gate compares with the champion by a figure that two models cannot be compared by.

    Raises
    ------
    PlanError
        With the nearest figure that can.
    """
    for key, gate in gates.items():
        name = parse_figure_id(key)[0]
        if gate.no_worse_than_champion and name not in COMPARABLE:
            raise PlanError(
                "no paired comparison with the champion by this figure",
                where=f"gates: {key}",
                allowed=", ".join(COMPARABLE),
                remedy=nearest(name, COMPARABLE),
            )


def measure(subject: Subject, plan: Plan, *, found: Groupings | None = None) -> Measured:
    """Differences to the champion: by every comparable figure of performance, and by those of groups that gates name.

    Parameters
    ----------
    subject : Subject
        With outcomes, and the champion's scores among the columns of the evaluation data.
    plan : Plan
        With ``champion`` (nothing is measured without it) and ``gates``.
    found : Groupings, optional
        As `groupings_of` gives them, where they are at hand.

    Returns
    -------
    Measured
        ``champion.value[figure=ID]`` and ``champion.difference[figure=ID]``, this model minus the champion, with paired
        intervals.

    Raises
    ------
    DataError
        If the champion's scores are absent, no numbers, missing or infinite.
    """
    recorder = Recorder(subject, undefined="insufficient")
    if plan.champion is None:
        return recorder.result()
    scores = _scores(subject, plan.champion)
    outcomes = with_outcome(subject)
    comparison = Pairing(recorder=recorder, plan=plan.champion, outcomes=outcomes, champion=scores[outcomes.present])
    for name in NEEDS[subject.task]:
        if name in COMPARABLE and name.startswith("performance."):
            comparison.record(name, name, np.ones(outcomes.n, np.bool_))
    names = {key: parse_figure_id(key) for key, gate in plan.gates.items() if gate.no_worse_than_champion}
    wanted = {name for name, _ in names.values() if name.startswith("fairness.")}
    if wanted:
        found = found or groupings_of(subject, plan.fairness, plan.ll144)
        for name, cells, cell in _groups(subject, found, wanted):
            identifier = figure_id(name, cells.keys(cell))
            if cells.hidden[cell]:
                recorder.missing(DIFFERENCE, {"figure": identifier}, **cells.absence)
            else:
                comparison.record(name, identifier, (cells.codes == cell)[outcomes.present])
    return recorder.result()


def _scores(subject: Subject, plan: ChampionPlan) -> Floats:
    """The champion's scores of all rows, shape (n_rows,)."""
    return column_of_scores(subject.evaluation.frame, plan.score, role="champion.score")


def _groups(subject: Subject, found: Groupings, names: set[str]) -> Iterator[tuple[str, Cells, int]]:
    """Name of each figure of a group that is compared, and the group: a cell of one column."""
    for name in COMPARABLE:
        if name in names and name in NEEDS[subject.task]:
            yield from ((name, cells, cell) for cells in found.singles for cell in range(len(cells.levels)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Two models on the labelled rows of one subject, whose model is this one; the other is given by its scores."""

    recorder: Recorder
    plan: ChampionPlan
    """Name and threshold of the other."""
    outcomes: Outcomes
    champion: Floats
    """Scores of the other, of the labelled rows; as in `Outcomes.scores`."""
    names: tuple[str, str] = (VALUE, DIFFERENCE)
    """What the figures are called."""
    keys: Keys = field(default_factory=dict)
    """Keys of them besides the figure compared."""
    tolerance: float = ROUNDING
    """As in `Details`."""

    def record(self, name: str, identifier: str, inside: Bools) -> None:
        """Record both figures of one comparison, over the labelled rows that are inside."""
        keys = {"figure": identifier, **self.keys}
        value_name, difference_name = self.names
        kind = COMPARABLE[name].kind
        obstacle = self._obstacle(name, kind)
        if obstacle is not None:
            self.recorder.missing(difference_name, keys, status="not_tested", reason=obstacle)
            return
        inside = inside & self._whole(kind)
        positive = self.outcomes.labels[inside] == 1
        lacking = _lacking(kind, positive)
        if lacking is not None:
            self.recorder.missing(difference_name, keys, status="insufficient", reason=lacking)
            return
        details = self._details(name, kind, int(inside.sum()))
        sampling = self.outcomes.sampling.take(inside)
        weights = sampling.weights
        own, other = self.outcomes.scores[inside], self.champion[inside]
        if kind == "area":
            values = [ranking.auc(ranking.tabulate(scores, positive, weights)) for scores in (own, other)]
            interval = area_difference(values[0] - values[1], (own, other), positive, sampling)
        else:
            losses = self._per_row(kind, own, other, inside)
            values = [mean(loss, weights) for loss in losses]
            interval = _loss_difference(kind, losses, sampling)
        unit: Unit = details["unit"]
        self.recorder.number(value_name, values[1], keys, undefined="", **(details | {"reference": self._name}))
        method = _METHODS[_family(kind)] if sampling.simple else LINEARISED
        details |= {"interval": interval, "interval_method": method, "any_sampling": True, "reference": self._name}
        details |= {"unit": "target" if unit == "target" else "difference"}
        self.recorder.number(difference_name, values[0] - values[1], keys, undefined="", **details)

    @property
    def _name(self) -> str:
        cut = f", decided positive at {self.plan.cutoff}" if self.plan.cutoff else ""
        return f"{self.plan.name}{cut}"

    def _obstacle(self, name: str, kind: Kind) -> str | None:
        subject = self.recorder.subject
        if self.champion.ndim == 2:
            return self.recorder.preconditions.obstacle(name)
        if subject.task == "multiclass":
            return "one column of scores does not say how the champion decides between several classes"
        reasons = [self.recorder.preconditions.obstacle(name)]
        if kind in _DECIDED and self.plan.cutoff is None:
            reasons.append("the champion's threshold is not stated (champion.threshold)")
        if kind in _PROBABLE and not bool(((self.champion >= 0) & (self.champion <= 1)).all()):
            reasons.append("the champion's scores are not probabilities")
        return "; ".join(reason for reason in reasons if reason) or None

    def _whole(self, kind: Kind) -> Bools:
        """Which labelled rows a figure is taken over."""
        labels = self.outcomes.labels
        if kind == "hit":
            return np.asarray(labels == 1)
        return np.asarray(labels == 0) if kind in ("kept", "alarm") else np.ones(len(labels), np.bool_)

    def _per_row(self, kind: Kind, own: Floats, other: Floats, inside: Bools) -> tuple[Floats, Floats]:
        """What is averaged, for both models."""
        labels = self.outcomes.labels[inside]
        if own.ndim == 2:
            return _of_classes(kind, own, labels), _of_classes(kind, other, labels)
        if kind == "log_loss":
            return log_losses(own, labels == 1), log_losses(other, labels == 1)
        if kind == "squared":
            return (own - labels) ** 2, (other - labels) ** 2
        if kind == "absolute":
            return np.abs(own - labels), np.abs(other - labels)
        threshold, cutoff = self.recorder.subject.threshold, self.plan.cutoff
        assert threshold is not None
        assert cutoff is not None
        decided = threshold.decide(own), cutoff.decide(other)
        wanted = np.ones(len(labels), np.bool_) if kind == "alarm" else labels == 1
        first, second = ((decision == wanted).astype(np.float64) for decision in decided)
        return first, second

    def _details(self, name: str, kind: Kind, n: int) -> Details:
        subject = self.recorder.subject
        how = "both models on the same rows"
        if Need.SAMPLE in self.recorder.preconditions.needs(name) and subject.population.resampled:
            how += "; in this sample, which was resampled"
        unit: Unit = "proportion" if kind in _DECIDED else "target" if kind == "absolute" else "score"
        threshold = str(subject.threshold) if kind in _DECIDED and subject.task == "binary" else None
        return {"n": n, "unit": unit, "method": how, "threshold": threshold, "tolerance": self.tolerance}


PAIRED_RATES = "hybrid score interval for paired proportions (Newcombe 1998, method 10)"
_METHODS = {
    "area": "paired DeLong interval (DeLong 1988)",
    "rate": PAIRED_RATES,
    "loss": "Student's interval of the differences row by row",
}


def _family(kind: Kind) -> str:
    return "area" if kind == "area" else "rate" if kind in _DECIDED else "loss"


def _of_classes(kind: Kind, chances: Floats, labels: Floats) -> Floats:
    """What is averaged of one model of several classes: log loss, or whether the most probable class is right."""
    classes = labels.astype(np.intp)
    if kind == "log_loss":
        own: Floats = chances[np.arange(len(classes)), classes]
        return log_losses(own, np.ones(len(own), np.bool_))
    right: Floats = (chances.argmax(axis=1) == classes).astype(np.float64)
    return right


def _lacking(kind: Kind, positive: Bools) -> str | None:
    """Why a figure is undefined on the rows that it is taken over."""
    if not len(positive):
        return "no row with such an outcome" if kind in ("hit", "kept", "alarm") else "no row has an outcome"
    if kind == "area" and (positive.all() or not positive.any()):
        return "the outcomes are not of both classes"
    return None


def area_difference(
    difference: float, scores: tuple[Floats, Floats], positive: Bools, sampling: Sampling
) -> Interval | None:
    """Interval of the difference of two areas under the ROC curve on the same rows, first − second."""
    if sampling.simple:
        return delong_difference(*scores, positive)
    first, second = (ranking.auc_influence(own, positive, sampling.weights) for own in scores)
    return sampling.total_interval(difference, first - second, domains=positive.astype(np.int64))


def _loss_difference(kind: Kind, losses: tuple[Floats, Floats], sampling: Sampling) -> Interval | None:
    return _of_losses(kind, *losses) if sampling.simple else sampling.mean_interval(losses[0] - losses[1])


def _of_losses(kind: Kind, own: Floats, other: Floats) -> Interval | None:
    if kind not in _DECIDED:
        difference = own - other
        variance = float(difference.var(ddof=1)) if len(difference) > 1 else 0.0
        return student_mean(float(difference.mean()), variance, len(difference))
    return rate_difference(own == 1, other == 1)


def rate_difference(own: Bools, other: Bools) -> Interval:
    """Interval of the difference of two rates of the same independent rows, own − other; rows that count, (n_rows,)."""
    counts = (own & other, own & ~other, ~own & other, ~own & ~other)
    both, alone, otherwise, neither = (int(np.count_nonzero(chosen)) for chosen in counts)
    return newcombe_paired(both, alone, otherwise, neither)
