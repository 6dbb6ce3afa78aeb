"""The simple models: what each learns from the reference rows, and its answers for the evaluation rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.benchmarks.design import Input, design, filled
from explainkit.assess.leakage.alone import area, rank_correlation
from explainkit.assess.statistics.ranking import auc, tabulate
from explainkit.assess.statistics.sampling import Sampling
from explainkit.plan import Task

Floats = npt.NDArray[np.float64]

MOST_CELLS = 20_000_000
"""Numbers of the reference rows that a regression is fitted to; of more rows so many are drawn at random."""
NEWTON = 1e-6
"""How far answers of a fitted model may lie off where it is fitted again."""
_UNKNOWN_INPUTS = "the inputs of the model are not known"
_NO_FEATURE = "no input ranks the outcomes of the reference rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the simple models learn from, and what they are asked."""

    task: Task
    classes: int
    """How many there are; 1 of a regression."""
    labels: Floats
    """Outcomes of the reference rows, as in `Rows.labels`, none missing; shape (n_reference,)."""
    weights: Floats
    """Of the reference rows, shape (n_reference,)."""
    inputs: tuple[Input, ...]
    """Inputs of the model, of the same reference rows and of all evaluation rows."""
    asked: int
    """Number of evaluation rows."""
    rng: np.random.Generator
    """Of the draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One simple model."""

    what: str
    """In words, or the name of the one feature."""
    scores: Floats
    """Of all evaluation rows, as in `Rows.scores`."""
    ranks_only: bool = False
    """Whether scores are no probabilities, though the task has some."""
    tolerance: float = 1e-9
    drawn: int | None = None
    """Reference rows that were drawn to learn from, where not all were."""


def _base_rate(lesson: Lesson) -> Benchmark:
    """The same answer for every row: shares of the classes, or the median outcome."""
    if lesson.task == "regression":
        order = np.argsort(lesson.labels, kind="stable")
        reached = lesson.weights[order].cumsum() >= lesson.weights.sum() / 2
        middle = float(lesson.labels[order][int(reached.argmax())])
        return Benchmark(what="the median outcome of the reference rows", scores=np.full(lesson.asked, middle))
    counts = np.bincount(lesson.labels.astype(np.intp), lesson.weights, minlength=lesson.classes)
    shares: Floats = counts / counts.sum()
    scores: Floats = np.tile(shares, (lesson.asked, 1))
    if lesson.task == "binary":
        scores = scores[:, 1]
    return Benchmark(what="the rates of the outcomes of the reference rows", scores=scores)


def _linear(lesson: Lesson) -> Benchmark | str:
    """Logistic regression on standardised inputs; of a regression least squares."""
    if not lesson.inputs:
        return _UNKNOWN_INPUTS
    known, asked = design(lesson.inputs)
    if not known.shape[1]:
        return _NO_FEATURE
    rows, drawn = np.arange(len(known)), None
    most = MOST_CELLS // known.shape[1]
    if len(known) > most:
        rows, drawn = np.sort(lesson.rng.choice(len(known), most, replace=False)), most
    labels = lesson.labels[rows]
    if lesson.task != "regression" and len(np.unique(labels)) < 2:
        return "the outcomes of the reference rows are all of one class"
    answers = _fitted(lesson, known[rows], labels, lesson.weights[rows], asked)
    what = "linear regression by least squares"
    if lesson.task != "regression":
        what = "logistic regression with a ridge penalty of one half"
    return Benchmark(what=what, scores=answers, tolerance=NEWTON, drawn=drawn)


def _fitted(lesson: Lesson, known: Floats, labels: Floats, weights: Floats, asked: Floats) -> Floats:
    """Answers for the evaluation rows, of shape (n_rows,) or (n_rows, n_classes)."""
    from sklearn.linear_model import LinearRegression, LogisticRegression  # late: most audits do without

    if lesson.task == "regression":
        answers: Floats = LinearRegression().fit(known, labels, sample_weight=weights).predict(asked)
        return answers
    solver: Any = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-8, max_iter=200)
    model = solver.fit(known, labels, sample_weight=weights)
    chances = np.zeros((len(asked), lesson.classes))
    chances[:, model.classes_.astype(np.intp)] = model.predict_proba(asked)
    return chances[:, 1] if lesson.task == "binary" else chances


def _feature(lesson: Lesson) -> Benchmark | str:
    """The one input that alone ranks the reference rows best."""
    if not lesson.inputs:
        return _UNKNOWN_INPUTS
    if lesson.task == "multiclass":
        return "one feature does not say how to decide between several classes"
    half = lesson.rng.random(len(lesson.labels)) < 0.5
    best = _best(lesson, half)
    if best is None:
        return _NO_FEATURE
    if lesson.task == "regression":
        known, asked = _ranks(lesson, best)
        answers = _fitted(lesson, known[:, None], lesson.labels, lesson.weights, asked[:, None])
        return Benchmark(what=best.name, scores=answers, tolerance=NEWTON)
    return Benchmark(what=best.name, scores=_ranks(lesson, best)[1], ranks_only=True)


def _best(lesson: Lesson, half: npt.NDArray[np.bool_]) -> Input | None:
    """The input with the largest area under the ROC curve, or rank correlation; the first of equals."""
    best, most = None, -1.0
    sampling = Sampling(weights=None)
    for one in lesson.inputs:
        if lesson.task == "regression":
            found = rank_correlation(one.known, lesson.labels, half, sampling)
        else:
            found = area(one.known, lesson.labels.astype(np.int64), half, sampling, binary=True)
        if found is not None and found.value > most:
            best, most = one, found.value
    return best


def _ranks(lesson: Lesson, one: Input) -> tuple[Floats, Floats]:
    """Numbers of one input by which reference rows and evaluation rows are ranked.

    A number as it is, or turned round where that ranks the reference rows better; a category by the mean outcome of
    its reference rows and one more row with that of all.
    """
    if one.known.numbers is None:
        assert one.known.codes is not None
        assert one.asked.codes is not None
        assert one.known.levels is not None
        codes, count = one.known.codes + 1, len(one.known.levels) + 2  # the first is missing, the last is new
        mean = float(lesson.labels.mean())
        sums, rows = np.bincount(codes, lesson.labels, minlength=count), np.bincount(codes, minlength=count)
        rates: Floats = (sums + mean) / (rows + 1)
        return rates[codes], rates[one.asked.codes + 1]
    known, asked = filled(one)
    if lesson.task == "binary" and auc(tabulate(known, lesson.labels == 1)) < 0.5:
        return -known, -asked
    return known, asked


MAKERS: Mapping[str, Callable[[Lesson], Benchmark | str]] = MappingProxyType(
    {"base_rate": _base_rate, "linear": _linear, "feature": _feature}
)
"""By their names in the plan."""


def names_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """The simple models in the order in which they are told."""
    return tuple(kind for kind in MAKERS if kind in kinds)
