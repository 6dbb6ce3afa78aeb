"""Performance: how well scores and decisions agree with outcomes."""

from __future__ import annotations

from explainkit.assess import binary, custom, multiclass, regression
from explainkit.assess.recorder import Recorder
from explainkit.evidence import Measured
from explainkit.load.subject import Subject

_TASKS = {"binary": binary.record, "multiclass": multiclass.record, "regression": regression.record}


def measure(subject: Subject) -> Measured:
    """Every figure and series of performance, registered metrics included; calibration apart in `calibration`.

    Parameters
    ----------
    subject : Subject
        Of any task; rows without outcome count for scores and decisions alone.

    Returns
    -------
    Measured
        Figures ``performance.*``; what may not or cannot be measured is ``not_tested``.

    Raises
    ------
    PlanError
        If the favourable outcome is no class of the model.
    InputError
        If a registered metric fails.
    """
    recorder = Recorder(subject, undefined="not_tested")
    _TASKS[subject.task](recorder)
    custom.record(recorder)
    return recorder.result()
