"""Verdicts: what the intervals of the differences between groups say about the tolerance that the plan states.

There are three: within (the whole interval is tolerated), exceeds (all of it lies outside), and insufficient evidence.
A verdict speaks of one figure under its conditions; it is not one on the model.
"""

from __future__ import annotations

from explainkit.assess.fairness.references import STATED
from explainkit.assess.statistics.verdict import verdict
from explainkit.evidence import Verdict
from explainkit.figures import Figure, FigureSet, reference_group
from explainkit.load.subject import Subject
from explainkit.plan import FairnessPlan

JUDGED = (
    "fairness.selection_difference",
    "fairness.true_positive_rate_difference",
    "fairness.false_positive_rate_difference",
    "fairness.precision_difference",
)
"""Differences that a tolerance is held against: of single columns, from the reference."""

_POPULATION = "population: the rows are accepted cases, and nothing is known of those who were refused"
_LOOKED = "the reference was chosen after looking, and is further away by chance alone; state it (fairness.reference)"
_SELECTION = "fairness.selection_difference"


def verdicts(figures: FigureSet, plan: FairnessPlan, subject: Subject) -> tuple[Verdict, ...]:
    """Judge every difference from a reference, where the plan states a tolerance.

    Parameters
    ----------
    figures : FigureSet
        What was measured.
    plan : FairnessPlan
        With the tolerance.
    subject : Subject
        Whose population decides whether selection can be judged.

    Returns
    -------
    tuple of Verdict
        Empty without a tolerance; the reference group itself is not judged.
    """
    if plan.tolerance is None:
        return ()
    tolerance = plan.tolerance
    judged = (figure for name in JUDGED for figure in figures.named(name))
    return tuple(
        _judge(figure, tolerance, figures, subject)
        for figure in judged
        if figure.status == "measured" and not _of_reference(figure)
    )


def _of_reference(figure: Figure) -> bool:
    """Whether the figure belongs to the group that it is taken against."""
    groups = [value for key, value in figure.keys.items() if key != "class" or figure.class_ is None]
    return figure.reference is not None and reference_group(figure.reference) in groups


def _chosen_by_looking(figure: Figure, figures: FigureSet) -> bool:
    """Whether the reference is the best off of more than two groups: chance alone makes it further away."""
    column, class_ = set(figure.keys), figure.keys.get("class")
    alike = [f for f in figures.named(figure.name) if set(f.keys) == column and f.keys.get("class") == class_]
    groups = [f for f in alike if f.status == "measured"]
    return len(groups) > 2 and not str(figure.reference).endswith(STATED)


def _judge(figure: Figure, tolerance: float, figures: FigureSet, subject: Subject) -> Verdict:
    outcome = verdict(figure.low, figure.high, tolerance)
    reason = {
        "within": "the whole interval lies within the tolerance",
        "exceeds": "the whole interval lies beyond the tolerance",
        "insufficient evidence": "the interval reaches over the tolerance",
    }[outcome]
    if figure.low is None:
        reason = "the difference has no interval"
    if outcome == "exceeds" and _chosen_by_looking(figure, figures):
        outcome, reason = "insufficient evidence", _LOOKED
    if figure.name == _SELECTION and subject.population.accepted_only:
        outcome, reason = "insufficient evidence", _POPULATION
    bounds = figures.get(figure.id.replace("_difference[", "_difference_bounds["))
    overturned = bounds is not None and verdict(bounds.low, bounds.high, tolerance) != outcome
    if outcome != "insufficient evidence" and overturned:
        outcome, reason = "insufficient evidence", "the rows of unknown group could overturn it"
    return Verdict(figure=figure.id, tolerance=tolerance, outcome=outcome, reason=reason)
