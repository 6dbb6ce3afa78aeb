"""Several classes by group: how often each class is decided, and how rightly, each against all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explainkit.assess.fairness.comparison import EMPTY, Comparison, StateRate, record_difference, record_rate
from explainkit.assess.fairness.error_rates import rates_against_the_rest
from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.cross_counts import ALL, cross, states
from explainkit.assess.outcomes import decided_classes
from explainkit.assess.recorder import Recorder, among
from explainkit.plan import FairnessPlan

NAMES = ("decided_rate", "true_positive_rate", "false_positive_rate", "precision")
MOST_CLASSES = 12


def record_class_rates(recorder: Recorder, cells: Cells, plan: FairnessPlan, *, whole: bool) -> None:
    """Record rates of each class in every group of a column, and their differences from the reference.

    Parameters
    ----------
    recorder : Recorder
        Of a subject of several classes.
    cells : Cells
        Groups of one column.
    plan : FairnessPlan
        With the references stated and the smallest numerator shown.
    whole : bool
        Whether nothing is hidden of any group or intersection: counts by class would else tell of those that are.
    """
    if cells.untested is not None:
        return
    if not whole or plan.min_count:
        why = "counts by class could tell of a group or a numerator that is hidden"
        recorder.note("suppressed", f"rates of each class by {cells.title}", why)
        return
    rows, classes = recorder.subject.rows, recorder.subject.classes
    decided = decided_classes(recorder.subject)
    often = np.bincount(decided, minlength=len(classes))
    shown = sorted(np.argsort(-often, kind="stable")[:MOST_CLASSES].tolist())
    if len(shown) < len(classes):
        why = f"the {MOST_CLASSES} classes that are decided most often are shown"
        recorder.note("not_tested", f"rates of each class by {cells.title}", why, len(classes) - len(shown))
    for place in shown:
        labels = None if rows.labels is None else np.where(np.isnan(rows.labels), np.nan, rows.labels == place)
        table = cross(cells, states(labels, decided == place), recorder.sampling)
        for rate in _rates(recorder, classes[place]):
            if not recorder.open(rate.name):
                continue
            counted = rate.counted(table, class_=classes[place])
            comparison = Comparison.of(recorder, cells, counted, plan)
            record_rate(comparison)
            record_difference(comparison, f"{rate.name}_difference")


def _rates(recorder: Recorder, name: str) -> list[StateRate]:
    whom = among(recorder.subject)
    decided = StateRate(
        name=NAMES[0],
        what="rate",
        part=tuple(state for state in ALL if state[1] == 1),
        whole=ALL,
        numerator=f"decided {name}{whom}",
        undefined=EMPTY,
    )
    rates = (decided, *rates_against_the_rest(name, whom))
    return [
        replace(rate, name=f"fairness.{rate.name}", what=f"{rate.what} of class {name}")
        for rate in rates
        if rate.name in NAMES
    ]
