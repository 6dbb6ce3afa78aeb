"""The assessing half of the pipeline: everything that is measured of scores, decisions, outcomes and groups."""

from __future__ import annotations

from explainkit.assess import champion
from explainkit.assess.benchmarks import benchmarks
from explainkit.assess.data import data
from explainkit.assess.drift import drift
from explainkit.assess.fairness import actual_decisions, fairness, ll144, proxy_bounds, proxy_strength
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.leakage import leakage
from explainkit.assess.monitoring import baseline
from explainkit.assess.over_time import over_time
from explainkit.assess.performance import calibration, performance
from explainkit.assess.segments import slices
from explainkit.evidence import Measured
from explainkit.load.subject import Subject
from explainkit.plan import Plan


def assess(subject: Subject, plan: Plan, found: Groupings) -> Measured:
    """Measure a subject.

    Parameters
    ----------
    subject : Subject
        What is audited.
    plan : Plan
        What is asked for.
    found : Groupings
        As `groupings_of` gives them: what is hidden of groups, the same for every figure.

    Raises
    ------
    PlanError
        If the plan names a column or a group that does not exist.
    """
    facts = data.measure(subject, plan, found)
    return (
        facts.measured
        + leakage.measure(subject, plan, found, facts)
        + drift.measure(subject, plan)
        + baseline.measure(subject, plan, found)
        + performance.measure(subject, plan.performance, seed=plan.explain.seed)
        + calibration.measure(subject, seed=plan.explain.seed)
        + fairness.measure(subject, plan.fairness, seed=plan.explain.seed, found=found)
        + proxy_strength.measure(subject, found, seed=plan.explain.seed)
        + proxy_bounds.measure(subject, min_cell=plan.fairness.min_cell)
        + slices.measure(subject, plan, found=found)
        + over_time.measure(subject, plan, found)
        + champion.measure(subject, plan, found=found)
        + benchmarks.measure(subject, plan)
        + actual_decisions.measure(subject, plan.fairness, found)
        + ll144.measure(subject, plan.ll144, plan.fairness, found=found)
    )
