"""Performance: how well scores and decisions agree with outcomes."""

from __future__ import annotations

from explainkit.assess.performance import binary, custom, multiclass, regression, weighting
from explainkit.assess.recorder import Recorder
from explainkit.errors import PlanError
from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.plan import PerformancePlan


def measure(subject: Subject, plan: PerformancePlan | None = None, *, seed: int = 0) -> Measured:
    """Every figure and series of performance, registered metrics included; calibration apart in `calibration`.

    Parameters
    ----------
    subject : Subject
        Of any task; rows without outcome count for scores and decisions alone.
    plan : PerformancePlan, optional
        Costs of decisions, and columns of intervals; nothing of them is measured where left out.
    seed : int, default 0
        Of the resamples that intervals are made of.

    Returns
    -------
    Measured
        Figures ``performance.*``; what may not or cannot be measured is ``not_tested``.

    Raises
    ------
    PlanError
        If the favourable outcome is no class of the model, or the plan asks for what another task has.
    InputError
        If a registered metric fails, or the columns of intervals are none.
    """
    plan = plan or PerformancePlan()
    _check_task(subject, plan)
    recorder = Recorder(subject, undefined="not_tested", seed=seed)
    if subject.task == "binary":
        binary.record(recorder, plan)
    elif subject.task == "multiclass":
        multiclass.record(recorder)
    else:
        regression.record(recorder, plan)
    weighting.record(recorder)
    custom.record(recorder)
    return recorder.result()


def _check_task(subject: Subject, plan: PerformancePlan) -> None:
    asked = (("costs", plan.costs, "binary"), ("interval", plan.interval, "regression"))
    for key, value, task in asked:
        if value is not None and subject.task != task:
            where = f"performance.{key}"
            raise PlanError("not measured for this task", where=where, found=subject.task, allowed=task)
