"""Weak slices: the segments of the rows, by one or two columns, where errors are largest.

Whoever looks at thousands of segments finds a bad one by chance. So each is told with a p-value that holds for the
whole search: how often permuted errors, which know no columns, give any segment with an excess as large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.shown import groupings_of
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.outcomes import Outcomes, decided_classes, mean, with_outcome
from explainkit.assess.performance.probabilities import log_losses
from explainkit.assess.precision import LINEARISED, linearised, of_mean
from explainkit.assess.recorder import Details, Recorder, among
from explainkit.assess.segments.axes import axes as make_axes
from explainkit.assess.segments.permuted import NULL_ROWS, null_maxima
from explainkit.assess.segments.search import (
    MOST_PAIRED,
    Block,
    Candidate,
    Setting,
    adjusted,
    blocks,
    candidates,
    rows_of,
    worst,
)
from explainkit.assess.statistics.intervals import newcombe_difference, welch_difference
from explainkit.assess.statistics.sampling import Sampling
from explainkit.assess.statistics.spread import effective_rows
from explainkit.evidence import Measured
from explainkit.figures import Unit
from explainkit.load.subject import Subject
from explainkit.plan import Plan, SlicesPlan

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST = 10
SMALLEST = 30
SMALLEST_SHARE = 0.01
ERROR, ELSEWHERE, DIFFERENCE = "slice.error", "slice.error_elsewhere", "slice.difference"
ADJUSTED, ROWS, SEARCHED = "slice.p_adjusted", "slice.rows", "slice.searched"
_NOT_EXCHANGED = "errors can be exchanged between independent rows that count alike, and these are not"
_AFTERWARDS = "the segment was chosen after looking, which the interval does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What is called an error, row by row."""

    values: Floats
    """From 0, shape (n_labelled,)."""
    counted: bool
    """Whether errors are 0 or 1."""
    unit: Unit
    what: str
    """In words, for the method."""
    threshold: str | None


def measure(subject: Subject, plan: Plan, *, found: Groupings | None = None) -> Measured:
    """The ten worst segments, by how far their mean error lies above that of all other rows.

    The error is the share decided wrongly where a threshold is stated or there are more than two classes, the log loss
    of a binary model without a threshold, and the absolute error of a regression.

    Parameters
    ----------
    subject : Subject
        Of any task, with outcomes.
    plan : Plan
        With ``slices`` (columns, smallest segment, permutations) and ``fairness.min_cell``.
    found : Groupings, optional
        As `groupings_of` gives them, where they are at hand.

    Returns
    -------
    Measured
        Figures ``slice.*[slice=1]`` and so on, the worst first; the segment in words is the `reason` of each.
        Where rows are weighted or come in clusters there is no p-value.

    Raises
    ------
    PlanError
        If ``slices.columns`` names a column that segments cannot be made of.
    """
    recorder = Recorder(subject, undefined="not_tested")
    if not plan.slices.enabled:
        recorder.missing(ERROR, status="not_tested", reason="switched off in the plan (slices.enabled)")
    elif recorder.open(ERROR):
        outcomes = with_outcome(subject)
        errors = _errors(recorder, outcomes)
        if isinstance(errors, str):
            recorder.missing(ERROR, status="not_tested", reason=errors)
        else:
            _search(recorder, plan, found or groupings_of(subject, plan.fairness, plan.ll144), outcomes, errors)
    return recorder.result()


def _errors(recorder: Recorder, outcomes: Outcomes) -> Errors | str:
    """Errors of the labelled rows, or why there are none."""
    subject = recorder.subject
    if subject.task == "regression":
        size = np.abs(outcomes.scores - outcomes.labels)
        return Errors(values=size, counted=False, unit="target", what="mean absolute error", threshold=None)
    wrong = f"share decided otherwise than the outcome turned out{among(subject)}"
    if subject.task == "multiclass":
        missed = (decided_classes(subject)[outcomes.present] != outcomes.labels).astype(np.float64)
        return Errors(values=missed, counted=True, unit="proportion", what=wrong, threshold=None)
    decided = subject.decisions
    if decided is not None:
        missed = (decided[outcomes.present] != (outcomes.labels == 1)).astype(np.float64)
        return Errors(values=missed, counted=True, unit="proportion", what=wrong, threshold=str(subject.threshold))
    obstacle = recorder.preconditions.obstacle("performance.log_loss")
    if obstacle is not None:
        return f"no threshold is stated (model.threshold), and for the log loss: {obstacle}"
    losses = log_losses(outcomes.scores, outcomes.labels == 1)
    what = "mean log loss, as no threshold is stated"
    return Errors(values=losses, counted=False, unit="score", what=what, threshold=None)


def smallest_segment(plan: Plan, rows: int) -> int:
    """Fewest rows of a segment, of so many with an outcome."""
    stated = plan.slices.min_rows
    return max(
        plan.fairness.min_cell, stated if stated is not None else max(SMALLEST, math.ceil(SMALLEST_SHARE * rows))
    )


def _search(recorder: Recorder, plan: Plan, groupings: Groupings, outcomes: Outcomes, errors: Errors) -> None:
    support = smallest_segment(plan, outcomes.n)
    axes = make_axes(recorder, plan, groupings, outcomes.present, support=support)
    setting = Setting(
        axes=axes,
        errors=errors.values,
        weights=outcomes.weights,
        support=support,
        min_cell=plan.fairness.min_cell,
        crossable=groupings.whole,
        max_columns=plan.slices.max_columns,
    )
    found, protected = blocks(setting)
    looked_at = sum(int(block.allowed.sum()) for block in found)
    _note_search(recorder, setting, protected)
    recorder.count(SEARCHED, looked_at, n=outcomes.n)
    if not looked_at:
        why = f"no segment has {support} rows or more and as many beside it"
        recorder.missing(ERROR, status="insufficient", reason=why)
        return
    if bool((errors.values == errors.values[0]).all()):
        recorder.missing(ERROR, status="insufficient", reason="the errors of all rows are equal")
        return
    chosen = worst(setting, found, candidates(setting, found), most=MOST)
    if not chosen:
        recorder.missing(ERROR, status="insufficient", reason="no segment has a larger error than the other rows")
        return
    values = _adjusted(recorder, plan.slices, setting, found, chosen)
    for place, (candidate, p) in enumerate(zip(chosen, values, strict=True), start=1):
        words = " and ".join(axes[axis].words[code] for axis, code in candidate.cells)
        _record(recorder, str(place), rows_of(axes, candidate), (words, p, looked_at), errors, outcomes)


def _note_search(recorder: Recorder, setting: Setting, protected: int) -> None:
    if protected:
        why = "small groups could be computed from them by subtraction"
        recorder.note("suppressed", "segments of two columns, at least one of them sensitive", why, protected)
    beyond = len(setting.axes) - MOST_PAIRED
    if setting.max_columns > 1 and beyond > 0:
        why = f"the first {MOST_PAIRED} columns are looked at in pairs, further ones alone (slices.columns)"
        recorder.note("not_tested", "segments of two columns", why, beyond)


def _adjusted(
    recorder: Recorder, plan: SlicesPlan, setting: Setting, found: Sequence[Block], chosen: Sequence[Candidate]
) -> list[float | None]:
    """The p-value of each segment chosen, None where rows are not independent or do not count alike."""
    looked_at = sum(int(block.allowed.sum()) for block in found)
    what = f"p-values of the worst of {looked_at} segments"
    if not recorder.sampling.simple:
        recorder.note("not_tested", what, _NOT_EXCHANGED)
        return [None] * len(chosen)
    recorder.note("estimated", what, "by permuting the errors over the rows, so many times", plan.permutations)
    if len(setting.errors) > NULL_ROWS:
        why = "errors are permuted on rows drawn at random; the segments themselves are measured on all"
        recorder.note("sampled", what, why, NULL_ROWS)
    rng = np.random.default_rng([plan.seed, 1])
    maxima = null_maxima(setting, found, permutations=plan.permutations, rng=rng)
    return list(adjusted([candidate.score for candidate in chosen], maxima))


def _record(
    recorder: Recorder,
    place: str,
    inside: Bools,
    told: tuple[str, float | None, int],
    errors: Errors,
    outcomes: Outcomes,
) -> None:
    """All figures of one segment: its words, its p-value and the number of segments looked at are `told`."""
    words, p, looked_at = told
    keys = {"slice": place}
    n = int(np.count_nonzero(inside))
    common: Details = {"reason": words, "threshold": errors.threshold, "unit": errors.unit}
    means = []
    for name, rows in ((ERROR, inside), (ELSEWHERE, ~inside)):
        sampling = outcomes.sampling.take(rows)
        means.append(mean(errors.values[rows], sampling.weights))
        details = common | {"method": errors.what}
        if errors.counted:
            details |= {"numerator": "decided otherwise than the outcome turned out"}
            wrong = errors.values > 0
            effective = effective_rows(sampling, wrong[rows])
            part, whole = outcomes.tally(wrong & rows), outcomes.tally(rows)
            recorder.rate(name, part, whole, keys, undefined="", effective=effective, **details)
        else:
            details |= {"n": int(np.count_nonzero(rows))} | of_mean(errors.values[rows], sampling, least=0.0)
            recorder.number(name, means[-1], keys, undefined="", **details)
    details = common | {
        "n": n,
        "unit": "target" if errors.unit == "target" else "difference",
        "method": f"{errors.what}, in the segment minus all other rows",
        "reference": "all other rows",
    }
    details |= _difference(errors, inside, outcomes.sampling)
    recorder.number(DIFFERENCE, means[0] - means[1], keys, undefined="", **details)
    details = common | {
        "unit": "probability",
        "n": n,
        "method": f"adjusted for the search over {looked_at} segments: share of permutations of the errors in which "
        "any of them has as large an excess (Westfall and Young 1993, single-step max-T, one-sided)",
    }
    recorder.number(ADJUSTED, p, keys, undefined=_NOT_EXCHANGED, **details)
    recorder.count(ROWS, n, keys, n=outcomes.n)


def _difference(errors: Errors, inside: Bools, sampling: Sampling) -> Details:
    own, other = errors.values[inside], errors.values[~inside]
    if not sampling.simple:
        most = 1.0 if errors.counted else math.inf
        details = linearised(sampling.difference_interval(errors.values, inside), -most, most)
        return details | {"interval_method": f"{LINEARISED}; {_AFTERWARDS}"}
    if errors.counted:
        counted = newcombe_difference(int(own.sum()), len(own), int(other.sum()), len(other))
        method = f"hybrid score interval (Newcombe 1998); {_AFTERWARDS}"
        return {"interval": counted, "interval_method": method}
    if min(len(own), len(other)) < 2:
        return {}
    samples = [(float(v.mean()), float(v.var(ddof=1)), len(v)) for v in (own, other)]
    return {"interval": welch_difference(*samples), "interval_method": f"Welch's interval; {_AFTERWARDS}"}
