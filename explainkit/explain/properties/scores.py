"""The answer that a property is about: as the model gives it, and as sums of trees behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit, softmax

from explainkit.errors import PlanError, nearest
from explainkit.explain.inside import Inside, Opaque
from explainkit.explain.margins import margin, space_of
from explainkit.explain.properties.cells import UndecidableError
from explainkit.explain.target import UNITS
from explainkit.explain.task import Task
from explainkit.explain.tree.ensemble import Ensemble
from explainkit.figures import Unit
from explainkit.plan.properties import PropertyPlan

FloatArray = npt.NDArray[np.float64]
Link = Literal["identity", "logistic", "softmax"]

_AGREEMENT = 1e-5
_SINGLE = ("xgboost", "onnx")
"""Libraries that add in 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A sum of trees."""

    values: FloatArray
    """Of each leaf, shape (n_nodes,); 0 at inner nodes."""
    base: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The sums of trees that an answer rises with."""

    scores: tuple[Score, ...]
    """One; for the probability of one of several classes, its log-odds against each other class: where all of them
    rise it does."""
    link: Link
    """How they become the answer; ``identity`` where the property is about the sum itself."""
    unit: Unit
    rounding: float
    """How far the model's own sum may lie off the exact one."""

    def inner(self, limit: float, *, below: bool) -> float:
        """The limit of the sum that a limit of the answer stands for, moved so that rounding breaks no proof."""
        if self.link == "identity":
            return limit
        if not 0 < limit < 1:
            outside = limit <= 0 if below else limit >= 1
            return -math.inf if outside == below else math.inf
        found = float(logit(limit))
        slack = 1e-12 * (1.0 + abs(found))
        return found + slack if below else found - slack

    def step(self, tolerance: float) -> float:
        """How far the sum may move if the answer must move by at most so much, wherever it starts."""
        if self.link == "identity" or tolerance == 0:
            return tolerance
        # The logistic function is steepest around 0.
        return math.inf if tolerance >= 1 else 2 * float(logit((1 + tolerance) / 2)) * (1 - 1e-12)


def outcome_of(task: Task, wanted: PropertyPlan, where: str) -> int:
    """Which of the outputs explained a property is about.

    Raises
    ------
    PlanError
        If there are several and it names none, or one that does not exist.
    """
    outputs = task.target.outputs
    if wanted.outcome is None:
        if len(outputs) > 1:
            listed = ", ".join(map(repr, outputs))
            raise PlanError("which class is meant is not stated", where=f"{where}.outcome", allowed=listed)
        return 0
    if len(outputs) == 1:
        raise PlanError(
            "only a model of several classes has an outcome to choose",
            where=f"{where}.outcome",
            found=repr(wanted.outcome),
            remedy="leave it out",
        )
    if wanted.outcome not in outputs:
        remedy = nearest(wanted.outcome, outputs)
        raise PlanError("no such class", where=f"{where}.outcome", found=repr(wanted.outcome), remedy=remedy)
    return outputs.index(wanted.outcome)


def answers(task: Task, rows: pd.DataFrame, output: int, *, space: Literal["probability", "margin"]) -> FloatArray:
    """What the model itself answers for rows, its log-odds where the property is about those; shape (n_rows,)."""
    adapted = task.model.adapt(rows)[0]
    if space == "probability":
        return np.ascontiguousarray(task.target.answers(task.model.predict(adapted))[:, output])
    inside = task.trial.inside
    assert isinstance(inside, Inside)
    return np.ascontiguousarray(task.target.signed(margin(inside, inside.prepare(adapted)))[:, output])


def opened(task: Task) -> tuple[Inside, Ensemble]:
    """The trees of a model, where its answers are known to come from them.

    Raises
    ------
    UndecidableError
        If they are not; with the reason.
    """
    inside = task.trial.inside
    if isinstance(inside, Opaque):
        raise UndecidableError(inside.reason)
    if inside.kind != "tree":
        raise UndecidableError("it is no ensemble of trees")
    if inside.ensemble is None:
        raise UndecidableError(inside.refusal or "its trees cannot be read")
    if task.trial.problem is not None:
        raise UndecidableError(task.trial.problem.reason)
    if task.trial.apart is not None:
        raise UndecidableError("asked twice it gave different answers")
    return inside, inside.ensemble


def scores_of(task: Task, inside: Inside, ensemble: Ensemble, wanted: PropertyPlan, output: int) -> Scores:
    """The sums of trees behind an answer.

    Raises
    ------
    UndecidableError
        If the answer is no function of one sum, and of several only in a way that decides nothing.
    PlanError
        If the property is about log-odds that the model does not have.
    """
    space = space_of(inside, task.target.task)
    if wanted.output == "margin" and space != "margin":
        raise no_margin(task, wanted)
    if task.target.task == "regression":
        return _scores(inside, ensemble, [{0: 1.0}], "identity", "target")
    binary = task.target.task == "binary"
    if space == "probability":
        return _scores(inside, ensemble, [{task.target.index if binary else output: 1.0}], "identity", "probability")
    if binary:
        sign = -1.0 if task.target.index == 0 else 1.0
        return _scores(inside, ensemble, [{0: sign}], _link(wanted, "logistic"), UNITS["margin"])
    if wanted.output == "margin":
        return _scores(inside, ensemble, [{output: 1.0}], "identity", UNITS["margin"])
    if wanted.kind == "bounds" or wanted.tolerance > 0:
        raise UndecidableError("the probability of one of several classes is no function of one sum of trees")
    _require_softmax(task, inside)
    others = [k for k in range(ensemble.outputs) if k != output]
    return _scores(inside, ensemble, [{output: 1.0, k: -1.0} for k in others], "softmax", UNITS["margin"])


def no_margin(task: Task, wanted: PropertyPlan) -> PlanError:
    """That a property is about log-odds where there are none."""
    regression = task.target.task == "regression"
    return PlanError(
        "the model has no log-odds that could be read",
        where=f"properties: {wanted.called}",
        found='output = "margin"',
        allowed="a regression's prediction: leave output out" if regression else 'output = "probability"',
    )


def _link(wanted: PropertyPlan, link: Link) -> Link:
    return "identity" if wanted.output == "margin" else link


def _scores(inside: Inside, ensemble: Ensemble, weights: list[dict[int, float]], link: Link, unit: Unit) -> Scores:
    scores = tuple(
        Score(
            values=np.ascontiguousarray(sum(w * ensemble.values[:, k] for k, w in each.items()), dtype=np.float64),
            base=math.fsum(w * float(ensemble.base[k]) for k, w in each.items()),
        )
        for each in weights
    )
    return Scores(scores=scores, link=link, unit=unit, rounding=max(_rounding(inside, ensemble, s) for s in scores))


def _rounding(inside: Inside, ensemble: Ensemble, score: Score) -> float:
    """Error of a sum in floating point: terms less one, times the unit roundoff, times the sum of absolute values."""
    roundoff = 2.0**-24 if inside.family in _SINGLE else 2.0**-53
    sizes = np.maximum.reduceat(np.abs(score.values), ensemble.starts[:-1]) if ensemble.trees else np.zeros(0)
    return (ensemble.trees + 2) * roundoff * 1.01 * (abs(score.base) + float(sizes.sum()))


def _require_softmax(task: Task, inside: Inside) -> None:
    found = margin(inside, inside.prepare(task.trial.rows))
    if np.abs(softmax(found, axis=1) - task.trial.answers).max() > _AGREEMENT:
        raise UndecidableError("its probabilities are not the softmax of its scores")
