"""This model against simple ones, on the same rows, so that the difference is paired."""

from __future__ import annotations

import numpy as np

from explainkit.assess.benchmarks.design import inputs_of
from explainkit.assess.benchmarks.learned import MAKERS, Benchmark, Lesson, names_of
from explainkit.assess.champion import COMPARABLE, Pairing
from explainkit.assess.outcomes import with_outcome
from explainkit.assess.recorder import Recorder
from explainkit.evidence import Measured
from explainkit.load.row_values import weights_of
from explainkit.load.subject import Dataset, Subject
from explainkit.plan import ChampionPlan, Plan

VALUE, DIFFERENCE = "benchmark.value", "benchmark.difference"
_COMPARED = {
    "binary": ("performance.roc_auc", "performance.log_loss", "performance.brier"),
    "multiclass": ("performance.accuracy", "performance.log_loss"),
    "regression": ("performance.mae",),
}
_SEED = 67


def measure(subject: Subject, plan: Plan) -> Measured:
    """Differences to the simple models that the plan asks for.

    Parameters
    ----------
    subject : Subject
        With outcomes, of the reference rows too.
    plan : Plan
        With ``benchmarks``; nothing is measured without.

    Returns
    -------
    Measured
        ``benchmark.value[figure=ID,model=NAME]`` and ``benchmark.difference[figure=ID,model=NAME]``, this model minus
        the simple one, with paired intervals.
    """
    recorder = Recorder(subject, undefined="insufficient")
    if plan.benchmarks is None:
        return recorder.result()
    names = [name for name in _COMPARED[subject.task] if recorder.preconditions.obstacle(name) is None]
    lesson = _lesson(subject, plan) if names else recorder.preconditions.obstacle(_COMPARED[subject.task][0])
    for kind in names_of(plan.benchmarks.models):
        made = MAKERS[kind](lesson) if isinstance(lesson, Lesson) else lesson or ""
        if isinstance(made, str):
            recorder.missing(DIFFERENCE, {"model": kind}, status="not_tested", reason=made)
            continue
        _record(recorder, kind, made, names)
    return recorder.result()


def _lesson(subject: Subject, plan: Plan) -> Lesson | str:
    """What there is to learn from, or why there is nothing."""
    reference, labels = subject.reference, subject.reference_labels
    if reference is None:
        return "there is no reference data to learn from (data.reference)"
    if labels is None or np.isnan(labels).all():
        return "no reference row has an outcome to learn from"
    weights = _weights(reference, plan)
    rows = np.flatnonzero(~np.isnan(labels) & (weights > 0))
    if not len(rows):
        return "no reference row has an outcome to learn from"
    frame = reference.frame.iloc[rows]
    return Lesson(
        task=subject.task,
        classes=len(subject.classes),
        labels=labels[rows],
        weights=weights[rows],
        inputs=tuple(inputs_of(frame, subject.evaluation.frame, subject.features)),
        asked=subject.rows.count,
        rng=np.random.default_rng([plan.explain.seed, _SEED]),
    )


def _weights(reference: Dataset, plan: Plan) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of the reference rows, 1 where they have none."""
    column = None if plan.data.weight is None else plan.data.weight.column
    if column is None or column not in reference.frame.columns:
        return np.ones(len(reference.frame))
    return weights_of(reference.frame[column])


def _record(recorder: Recorder, kind: str, made: Benchmark, names: list[str]) -> None:
    """Both figures of each measure, for one simple model."""
    outcomes = with_outcome(recorder.subject)
    pairing = Pairing(
        recorder=recorder,
        plan=ChampionPlan(score=kind, name=made.what[:200]),
        outcomes=outcomes,
        champion=made.scores[outcomes.present],
        names=(VALUE, DIFFERENCE),
        keys={"model": kind},
        tolerance=made.tolerance,
    )
    for name in names:
        if not made.ranks_only or COMPARABLE[name].kind == "area":
            pairing.record(name, name, np.ones(outcomes.n, np.bool_))
    if made.drawn is not None:
        why = "a regression is fitted to no more numbers than that; it is judged on all evaluation rows"
        recorder.note("sampled", f"reference rows that the benchmark {kind} learns from", why, made.drawn)
