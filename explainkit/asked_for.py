"""What is measured only where the plan asks for it; what it does not ask for is not even loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Progress

if TYPE_CHECKING:
    from explainkit.assess.groups.groupings import Groupings


def check(subject: Subject, plan: Plan) -> None:
    """What is asked for fits the subject.

    Raises
    ------
    PlanError
        If it does not.
    """
    if plan.properties:
        from explainkit.explain.properties import stage as properties

        properties.check(subject, plan)
    if plan.robustness or plan.scenarios or plan.load or any(f.noise for f in plan.features.values()):
        from explainkit.robustness import stage as robustness

        robustness.check(subject, plan)


def measure(subject: Subject, plan: Plan, found: Groupings, progress: Progress) -> Measured:
    """What is measured only where the plan asks for it."""
    measured = Measured()
    if plan.properties:
        with progress.stage("decide the properties stated"):
            from explainkit.explain.properties.stage import properties

            measured += properties(subject, plan)
    if plan.robustness or plan.scenarios:
        with progress.stage("change the inputs"):
            from explainkit.robustness.stage import robustness

            measured += robustness(subject, plan, found)
    if plan.load:
        with progress.stage("time the model"):
            from explainkit.robustness.timing import load

            measured += load(subject, plan)
    return measured
