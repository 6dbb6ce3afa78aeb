"""What the model may have been told that nobody knows when it is asked: columns that rank or determine the outcome
suspiciously well, and evaluation rows that it may have been trained on.

Every column is looked at that the model sees, or could see: a column that is no input today may be one tomorrow.
Outcomes by the values of sensitive columns are not looked for here; by group they stand in the sections on groups.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.assess.data.data import Data
from explainkit.assess.data.values import Codes, Floats, Values, values_of
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.leakage import overlap
from explainkit.assess.leakage.alone import LEAST, Alone, area, rank_correlation
from explainkit.assess.leakage.determined import Determined, determined
from explainkit.assess.outcomes import class_names
from explainkit.assess.preconditions import NO_OUTCOME, NO_POSITIVE
from explainkit.assess.statistics.sampling import Sampling
from explainkit.decision import label_name
from explainkit.evidence import Column, Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan

AUC, CORRELATION = "leakage.auc", "leakage.rank_correlation"
RUN, ROWS, CHANCE = "leakage.determined", "leakage.determined_rows", "leakage.determined_chance"
_EXAMINED = frozenset(("feature", "segment", "sensitive", "unused"))
MOST_RUNS = 3
"""Runs of a column that are told one by one, the least likely first."""
_SEED = 61
_DIRECTION = "by the value, in the direction that ranks better"
_HALVES = "by the rates of its categories in the other half of the rows"
_ALL = "rows of one value, or of an interval of values, that all have this outcome; of the rows with an outcome, and "
_ALL += "of those with this one"
_CHANCE = "chance of such rows, for all columns together, if the column had nothing to do with the outcome, or changed "
_CHANCE += "it as gradually as the rows beside them"


def measure(subject: Subject, plan: Plan, found: Groupings, data: Data) -> Measured:
    """Every figure ``leakage.*``.

    Parameters
    ----------
    subject : Subject
        Of any task.
    plan : Plan
        With the limits.
    found : Groupings
        As `shown.groupings_of` gives them: rows of hidden groups are left out for the column that makes them.
    data : Data
        Rows as numbers.
    """
    return _of_columns(subject, plan, found, data) + overlap.measure(data, chance=plan.limits.chance)


def _of_columns(subject: Subject, plan: Plan, found: Groupings, data: Data) -> Measured:
    name = CORRELATION if subject.task == "regression" else AUC
    labels = subject.rows.labels
    if labels is None or np.isnan(labels).all():
        unnamed = subject.task == "binary" and subject.positive is None
        reason = NO_POSITIVE if unnamed else NO_OUTCOME
        refused = tuple(Figure(id=n, status="not_tested", reason=reason, dataset="evaluation") for n in (name, RUN))
        return Measured(figures=refused)
    hidden = {c.title: np.append(c.hidden, False)[c.codes] for c in found.singles if c.untested is None}
    columns = [c for c in subject.columns if set(c.roles) <= _EXAMINED and c.kind != "empty"]
    columns = [c for c in columns if "sensitive" not in c.roles or c.name in hidden]
    outcomes, names = _coded(subject, labels)
    kinds = len(np.unique(outcomes[outcomes >= 0]))
    tries = kinds * sum(data.distinct[c.name] + 1 for c in columns if c.name not in hidden)
    least = max(plan.limits.determined_rows, plan.fairness.min_cell)
    half = _halves(subject, plan.explain.seed)
    figures: list[Figure] = []
    for column in columns:
        values = values_of(subject.evaluation.frame[column.name])
        if column.name in hidden:
            figures += _alone(subject, column, values, np.where(hidden[column.name], np.nan, labels), half)
            continue
        figures += _alone(subject, column, values, labels, half)
        runs = determined(values, outcomes, tries=tries, least=least, chance=plan.limits.chance)
        figures += _runs(column, runs, outcomes, names)
    return Measured(figures=tuple(figures))


def _coded(subject: Subject, labels: Floats) -> tuple[Codes, tuple[str, ...]]:
    """Outcomes as codes from 0, −1 where unknown, with their names; of a regression each distinct number is one."""
    if subject.task == "regression":
        codes, found = pd.factorize(labels)
        return codes.astype(np.int64), tuple(label_name(number) for number in found)
    return np.where(np.isnan(labels), -1, labels).astype(np.int64), class_names(subject)


def _halves(subject: Subject, seed: int) -> npt.NDArray[np.bool_]:
    """Half of the rows, drawn at random, clusters as wholes; shape (n_rows,)."""
    rng, clusters = np.random.default_rng([seed, _SEED]), subject.rows.clusters
    if clusters is None:
        return rng.random(subject.rows.count) < 0.5
    chosen: npt.NDArray[np.bool_] = rng.random(int(clusters.max()) + 1) < 0.5
    return chosen[clusters]


def _alone(
    subject: Subject, column: Column, values: Values, labels: Floats, half: npt.NDArray[np.bool_]
) -> Iterator[Figure]:
    sampling = Sampling(weights=None, clusters=subject.rows.clusters)
    how = _DIRECTION if values.numbers is not None else _HALVES
    found: Alone | None
    if subject.task == "regression":
        name, what = CORRELATION, "size of Spearman's rank correlation with the outcome"
        found, interval = rank_correlation(values, labels, half, sampling), "interval of Bonett and Wright (2000)"
    else:
        name, what = AUC, "area under the ROC curve"
        codes = np.where(np.isnan(labels), -1, labels).astype(np.int64)
        binary = subject.task == "binary"
        found = area(values, codes, half, sampling, binary=binary)
        interval = "DeLong interval" if sampling.clusters is None else "interval from what each cluster adds"
        what += "" if binary else " of one class against the others, the one told best"
    identifier = figure_id(name, column=column.name)
    if found is None:
        reason = f"fewer than {LEAST} rows with a value have, or lack, the outcome"
        yield Figure(id=identifier, status="insufficient", reason=reason, dataset="evaluation")
        return
    ends = found.interval
    yield Figure(
        id=identifier,
        value=found.value,
        low=None if ends is None else ends.low,
        high=None if ends is None else ends.high,
        level=None if ends is None else found.level,
        n=found.rows,
        unit="score",
        method=f"{what}; {how}" + (f"; {interval}" if ends is not None else ""),
        dataset="evaluation",
        class_=None if found.outcome is None else class_names(subject)[found.outcome],
    )


def _runs(column: Column, found: Determined, outcomes: Codes, names: tuple[str, ...]) -> Iterator[Figure]:
    """The least likely of the runs, and how many rows all of them have."""
    if not found.runs:
        return
    yield Figure(
        id=figure_id(ROWS, column=column.name),
        value=found.rows / found.known,
        n=found.known,
        events=found.rows,
        unit="proportion",
        method="share of the rows with an outcome that have a value which determines it",
        dataset="evaluation",
    )
    for run in found.runs[:MOST_RUNS]:
        keys = {"column": column.name, "outcome": names[run.outcome], "value": run.value}
        yield Figure(
            id=figure_id(RUN, keys),
            value=run.rows,
            n=found.known,
            events=int((outcomes == run.outcome).sum()),
            unit="count",
            method=_ALL,
            dataset="evaluation",
            class_=names[run.outcome],
        )
        yield Figure(
            id=figure_id(CHANCE, keys), value=run.chance, unit="probability", method=_CHANCE, dataset="evaluation"
        )
