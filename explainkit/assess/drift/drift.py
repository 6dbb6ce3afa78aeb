"""Drift: every figure of the evaluation data against the reference data.

Each column is tested twice, for its distribution and for its missing values, and the scores once. Chance alone would
find something in one of twenty such tests: p-values are corrected for their number (Holm), so that the chance of
calling anything changed, though nothing has changed, keeps to ``drift.chance``. Whether a change matters is another
question, which the size of the distance answers, not its p-value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from explainkit.assess.data.values import values_of
from explainkit.assess.drift.columns import LEAST, Apart, Gap, alike, columns_apart, missing_apart, numbers_apart
from explainkit.assess.drift.compared import compared
from explainkit.assess.drift.concept import concept
from explainkit.assess.drift.estimate import estimated
from explainkit.assess.drift.sides import Floats, Sides, sides_of
from explainkit.assess.drift.told_apart import LEAST as FEWEST
from explainkit.assess.drift.told_apart import told_apart
from explainkit.assess.outcomes import class_names
from explainkit.assess.statistics.binning import WORDS
from explainkit.assess.statistics.distances import Distance
from explainkit.assess.statistics.intervals import Interval
from explainkit.assess.statistics.multiplicity import holm
from explainkit.evidence import Column, LedgerEntry, Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject
from explainkit.plan import Plan

PSI, P_VALUE, MISSING = "drift.psi", "drift.p_value", "drift.missing"
SMIRNOV, MOVED, SHANNON = "drift.ks", "drift.wasserstein", "drift.jensen_shannon"
SCORE = "drift.score_"
APART, APART_P, APART_LOST = "drift.told_apart", "drift.told_apart_p", "drift.told_apart_lost"
MOST_CLASSES = 10
"""Classes whose scores are compared, the most frequent ones by their mean score."""
NO_REFERENCE = "no reference data given (data.reference)"
_NONCENTRAL = "noncentral chi-squared interval"
_BINS = f"Σ (p − q) ln(p/q), {WORDS}, fixed by the reference data; {_NONCENTRAL}"
_VALUES = f"Σ (p − q) ln(p/q), by value, what is rare in both data sets together as one; {_NONCENTRAL}"
_SMIRNOV = "largest distance of the cumulative distributions"
_MOVED = "Wasserstein distance, in standard deviations of the reference data; Wald interval"
_SHANNON = f"Jensen–Shannon distance, base 2, by value, what is rare in both data sets together as one; {_NONCENTRAL}"
_HOLM = (
    "p-value, corrected for all tests of columns and scores (Holm); Kolmogorov–Smirnov test of numbers, chi-squared "
)
_HOLM += "test of others, score test or Fisher's exact test of missing values"
_MISSING = "share of missing values, evaluation less reference"
_TOLD = "area under the ROC curve of randomised trees that tell evaluation rows from reference rows, each half of the "
_TOLD += "rows by what the other half taught, mean of both; interval as if both halves erred alike"
_TOLD_P = "Mann–Whitney, one-sided, the smaller of the two halves doubled"
_LOST = "area lost where the values of the column are shuffled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a family of tests is about: a column, or a score."""

    name: str
    """Of the figure of its p-value, as are those of the distances."""
    keys: dict[str, str]
    apart: Apart | str
    gap: Gap | None
    hidden: bool = False
    """Whether a group of persons is so small that distances could tell of it."""
    comparable: bool = True
    """Whether the values are of one kind in both data sets."""


def measure(subject: Subject, plan: Plan) -> Measured:
    """Every figure ``drift.*``.

    Parameters
    ----------
    subject : Subject
        Of any task, with a reference set; without one a single figure says that there is none.
    plan : Plan
        With ``drift``, the seed and the smallest groups shown.
    """
    if subject.reference is None:
        figure = Figure(id=PSI, status="not_tested", reason=NO_REFERENCE, dataset="evaluation")
        entry = LedgerEntry(kind="not_tested", what="drift from the reference data", reason=NO_REFERENCE)
        return Measured(figures=(figure,), ledger=(entry,))
    sides = sides_of(subject, subject.reference, plan)
    tested = tested_of(sides, min_cell=plan.fairness.min_cell)
    figures = [*figures_of(tested, sides)]
    ledger = list(sides.ledger)
    if isinstance(sides.scored, str):
        figures.append(Figure(id=f"{SCORE}psi", status="not_tested", reason=sides.scored, dataset="evaluation"))
    figures += _told_apart(sides, tested, plan, ledger)
    figures += [*concept(sides), *estimated(sides)]
    if sides.weighted:
        kind = subject.rows.weight_kind
        counted = [f.status == "measured" and not f.name.startswith(APART) for f in figures]
        figures = [replace(f, weighting=kind) if c else f for f, c in zip(figures, counted, strict=True)]
    refused: dict[str, list[str]] = {}
    for figure in figures:
        if figure.status != "measured":
            refused.setdefault(figure.reason or "", []).append(figure.keys.get("column", figure.name))
    open_ = []
    for why, what in refused.items():
        names = ", ".join(dict.fromkeys(what))
        open_.append(LedgerEntry(kind="not_tested", what=f"drift of {names}", reason=why))
    return Measured(figures=tuple(figures), ledger=(*open_, *ledger))


def tested_of(sides: Sides, *, min_cell: int) -> list[Tested]:
    """Compare every column, and the scores.

    Parameters
    ----------
    sides : Sides
        Both data sets.
    min_cell : int
        Smallest number of persons of a group that distances may tell of.
    """
    return [*(_column(sides, column, min_cell) for column in sides.columns), *_scores(sides)]


def _column(sides: Sides, column: Column, min_cell: int) -> Tested:
    one, two = values_of(sides.evaluation[column.name]), values_of(sides.reference[column.name])
    apart = columns_apart(one, two, sides.weights, repeats=sides.repeats)
    person = bool(set(column.roles) & {"sensitive", "proxy"})
    return Tested(
        name="drift.",
        keys={"column": column.name},
        apart=apart,
        gap=missing_apart(one, two, sides.weights, repeats=sides.repeats),
        hidden=person and isinstance(apart, Apart) and apart.smallest < min_cell,
        comparable=alike(one, two) or "empty" in (one.kind, two.kind),
    )


def _scores(sides: Sides) -> Iterator[Tested]:
    if isinstance(sides.scored, str):
        return
    subject, scored = sides.subject, sides.scored
    weights = sides.weights[0], None if sides.weights[1] is None else sides.weights[1][scored.rows]
    pairs: list[tuple[dict[str, str], Floats, Floats]] = [({}, subject.rows.scores, scored.scores)]
    if subject.task == "multiclass":
        frequent = np.argsort(-subject.rows.scores.mean(axis=0), kind="stable")[:MOST_CLASSES]
        names = class_names(subject)
        pairs = [
            ({"class": names[k]}, subject.rows.scores[:, k], scored.scores[:, k]) for k in sorted(frequent.tolist())
        ]
    for keys, one, two in pairs:
        there = [np.ones(len(s), np.bool_) if w is None else w > 0 for s, w in zip((one, two), weights, strict=True)]
        own = tuple(None if w is None else w[t] for w, t in zip(weights, there, strict=True))
        apart: Apart | str = f"fewer than {LEAST} rows in one of the two data sets"
        if min(int(t.sum()) for t in there) >= LEAST:
            apart = numbers_apart(one[there[0]], two[there[1]], (own[0], own[1]), repeats=sides.repeats)
        yield Tested(name=SCORE, keys=keys, apart=apart, gap=None)


def figures_of(tested: list[Tested], sides: Sides) -> Iterator[Figure]:
    """Distances, then what of them chance explains."""
    p_values = [
        (test, p)
        for test in tested
        for p in (
            test.apart.p_value if isinstance(test.apart, Apart) and not test.hidden else None,
            test.gap.p_value if test.gap is not None else None,
        )
        if p is not None
    ]
    least: dict[int, float] = {}
    for (test, _), adjusted in zip(p_values, holm([p for _, p in p_values]).tolist() if p_values else [], strict=True):
        least[id(test)] = min(adjusted, least.get(id(test), 1.0))
    clusters = None if sides.clustered is None else f"no interval, as rows come in clusters of {sides.clustered}"
    for test in tested:
        yield from _of_one(test, clusters)
        if id(test) in least and clusters is None:
            yield _p_value(test, least[id(test)], sides.weighted)


def _of_one(test: Tested, clusters: str | None) -> Iterator[Figure]:
    name, keys, apart = test.name, test.keys, test.apart
    if isinstance(apart, str):
        yield Figure(id=figure_id(f"{name}psi", keys), status="insufficient", reason=apart, dataset="evaluation")
    elif test.hidden:
        reason = "a value has fewer rows than fairness.min_cell in one of the data sets"
        yield Figure(id=figure_id(f"{name}psi", keys), status="suppressed", reason=reason, dataset="evaluation")
    else:
        how = _VALUES if apart.smirnov is None else _BINS
        yield _distance(f"{name}psi", keys, apart.psi, apart.rows, how, clusters)
        if apart.smirnov is not None:
            yield _distance(f"{name}ks", keys, apart.smirnov, apart.rows, _SMIRNOV, clusters)
        if apart.moved is not None and apart.spread > 0:
            scaled = _scaled(apart.moved, 1 / apart.spread)
            yield _distance(f"{name}wasserstein", keys, scaled, apart.rows, _MOVED, clusters)
        if apart.shannon is not None and name != SCORE:
            yield _distance(f"{name}jensen_shannon", keys, apart.shannon, apart.rows, _SHANNON, clusters)
    if test.gap is not None:
        ends, gap = None if clusters is not None else test.gap.interval, test.gap
        method = f"{_MISSING}; {clusters or 'Newcombe interval, Wald where rows are weighted'}"
        yield compared(MISSING, keys, gap.value, gap.rows, "difference", method, ends, gap.events)


def _scaled(found: Distance, factor: float) -> Distance:
    ends = found.interval
    return Distance(
        value=found.value * factor,
        by_chance=found.by_chance * factor,
        interval=ends and Interval(ends.low * factor, ends.high * factor),
        p_value=found.p_value,
    )


def _distance(
    name: str, keys: dict[str, str], found: Distance, rows: tuple[int, int], method: str, clusters: str | None
) -> Figure:
    said = method if clusters is None else f"{method.partition(';')[0]}; {clusters}"
    return compared(name, keys, found.value, rows[0], "score", said, None if clusters is not None else found.interval)


def _p_value(test: Tested, value: float, weighted: bool) -> Figure:
    apart = test.apart
    method = _HOLM + ("; at the effective number of rows (Kish)" if weighted else "")
    rows = apart.rows[0] if isinstance(apart, Apart) else None
    identifier = figure_id(f"{test.name}p_value", test.keys)
    return Figure(id=identifier, value=value, n=rows, unit="probability", method=method, dataset="evaluation")


def _told_apart(sides: Sides, tested: list[Tested], plan: Plan, ledger: list[LedgerEntry]) -> Iterator[Figure]:
    """The classifier two-sample test; the columns furthest apart by themselves come first."""
    most = plan.drift.rows
    tests = [t for t in tested if "column" in t.keys]
    if sides.clustered is not None or not most or not tests:
        why = "not asked for (drift.rows = 0)" if not most else "no column is in both data sets"
        if sides.clustered is not None:
            why = f"rows come in clusters of {sides.clustered}"
        yield Figure(id=APART, status="not_tested", reason=why, dataset="evaluation")
        return
    far = sorted(tests, key=lambda t: -t.apart.psi.value if isinstance(t.apart, Apart) else math.inf)
    known = [t.keys["column"] for t in far if t.comparable]
    found = told_apart(sides.evaluation, sides.reference, known, most=most, seed=sides.seed) if known else None
    if found is None:
        reason = (
            f"fewer than {FEWEST} rows in one of the two data sets" if known else "no column is of one kind in both"
        )
        yield Figure(id=APART, status="insufficient", reason=reason, dataset="evaluation")
        return
    if found.rows < len(sides.evaluation) + len(sides.reference):
        why = f"a seeded sample without replacement, at most {most} of each data set (drift.rows)"
        what = "rows that a classifier tells apart"
        ledger.append(LedgerEntry(kind="sampled", what=what, reason=why, count=found.rows))
    if sides.weighted:
        reason = "every row counts alike to the classifier that tells data sets apart"
        ledger.append(LedgerEntry(kind="not_tested", what="weights in the two-sample test of drift", reason=reason))
    yield compared(APART, {}, found.area, found.rows, "score", _TOLD, found.interval, found.evaluation)
    yield compared(APART_P, {}, found.p_value, found.rows, "probability", _TOLD_P)
    for name, lost in found.lost:
        yield compared(APART_LOST, {"column": name}, lost, found.rows, "difference", _LOST)
