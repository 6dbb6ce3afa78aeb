"""Task, classes, the positive class, labels and scores: what the numbers of a model are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import DataError, ModelError, PlanError
from explainkit.evidence import LedgerEntry
from explainkit.load.columns import kind_of, require_column
from explainkit.load.subject import Model
from explainkit.plan import Plan, Task

FloatArray = npt.NDArray[np.float64]
_MOST_CLASSES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Scores and labels in the form that `Rows` keeps."""

    task: Task
    classes: tuple[str, ...]
    positive: str | None
    scores: FloatArray
    labels: FloatArray | None
    ledger: tuple[LedgerEntry, ...]


def in_words(plan: Plan) -> Plan:
    """The plan with its classes called by the words that it gives to their codes (``features.TARGET.labels``).

    Raises
    ------
    PlanError
        If two codes have the same word.
    """
    words = _class_words(plan)
    if len(set(words.values())) < len(words):
        raise PlanError("two classes with the same words", where=f"features.{plan.data.target}.labels")
    positive, favourable = plan.model.positive, plan.fairness.favourable
    model = plan.model.model_copy(update={"positive": positive and words.get(positive, positive)})
    fairness = plan.fairness.model_copy(update={"favourable": favourable and words.get(favourable, favourable)})
    return plan.model_copy(update={"model": model, "fairness": fairness})


def _class_words(plan: Plan) -> Mapping[str, str]:
    stated = plan.features.get(plan.data.target) if plan.data.target else None
    return stated.labels if stated else {}


def outcome_of(plan: Plan, *, model: Model | None, frame: pd.DataFrame, scores: FloatArray) -> Outcome:
    """Bring target and answers of the model together.

    Parameters
    ----------
    plan : Plan
        Task, positive class and target, as far as stated.
    model : Model or None
        None for predictions-only.
    frame : pandas.DataFrame
        The evaluation rows.
    scores : ndarray, shape (n_rows, k)
        What the model answered.

    Raises
    ------
    PlanError
        If the plan contradicts the model, or leaves open what cannot be known.
    DataError
        If the target has one class only, no value, or labels unknown to the model.
    """
    target = None if plan.data.target is None else require_column(frame, plan.data.target, role="data.target")
    if target is not None and target.isna().all():
        raise DataError(
            "the target has no value",
            where=f"column {target.name}",
            found=f"{len(target)} rows without outcome",
            remedy="leave data.target out to audit decisions alone",
        )
    task, ledger = _task(plan, model, target, scores)
    _check_decision(plan, task, model)
    if task == "regression":
        if scores.shape[1] != 1:
            raise ModelError("a regression answers one number a row", where="model", found=f"{scores.shape[1]} columns")
        labels = None if target is None else _numbers(target)
        return Outcome(
            task=task, classes=("prediction",), positive=None, scores=scores[:, 0].copy(), labels=labels, ledger=ledger
        )
    classes, assumed = _classes(plan, model, target, task, scores)
    ledger += assumed
    words = _class_words(plan)
    codes = None if target is None else _codes(target, classes, words, known_to_model=model is not None)
    if task == "multiclass":
        if scores.shape[1] != len(classes):
            raise PlanError(
                "a multiclass audit needs a probability for each class",
                where="model",
                found=f"{scores.shape[1]} columns for {len(classes)} classes",
            )
        return Outcome(task=task, classes=classes, positive=None, scores=scores, labels=codes, ledger=ledger)
    return _binary(plan, model, classes, scores, codes, ledger)


def _check_decision(plan: Plan, task: Task, model: Model | None) -> None:
    """A threshold and a positive class belong to a binary model, and a threshold lies where its scores lie."""
    if task != "binary":
        for key, value in (("threshold", plan.model.threshold), ("positive", plan.model.positive)):
            if value is not None:
                raise PlanError(
                    f"a {task} model has none", where=f"model.{key}", found=repr(value), remedy=f"take model.{key} out"
                )
    cutoff = plan.model.cutoff
    if cutoff is not None and model is not None and not 0.0 <= cutoff.at <= 1.0:
        raise PlanError(
            "the threshold lies outside the probabilities that the model answers",
            where="model.threshold",
            found=str(cutoff),
            allowed="0 to 1",
        )


def _task(
    plan: Plan, model: Model | None, target: pd.Series | None, scores: FloatArray
) -> tuple[Task, tuple[LedgerEntry, ...]]:
    stated, known = plan.model.task, None if model is None else model.task
    if stated is not None and known is not None and stated != known:
        raise PlanError("the model does something else", where="model.task", found=repr(stated), allowed=repr(known))
    task = stated or known
    if task is not None:
        return task, ()
    if plan.model.positive is not None:
        task = "binary"
    elif scores.shape[1] > 1:
        task = "binary" if scores.shape[1] == 2 else "multiclass"
    elif target is not None and target.nunique() == 2:
        task = "binary"
    elif target is not None and kind_of(target) == "number":
        task = "regression"
    else:
        raise PlanError(
            "the task cannot be told from model and target",
            where="model.task",
            allowed="binary, multiclass, regression",
            remedy="state it",
        )
    return task, (
        LedgerEntry(kind="assumed", what="task", reason=f"{task}, from the shape of the answers and the target"),
    )


def _classes(
    plan: Plan, model: Model | None, target: pd.Series | None, task: Task, scores: FloatArray
) -> tuple[tuple[str, ...], tuple[LedgerEntry, ...]]:
    words = _class_words(plan)
    if model is not None and model.classes is not None:
        return tuple(words.get(label_name(c), label_name(c)) for c in model.classes), ()
    if model is not None and scores.shape[1] > 1:
        raise PlanError(
            "the model does not name its classes",
            where="classes",
            found=f"{scores.shape[1]} columns of probabilities",
            remedy="pass classes=… in the order of the columns",
        )
    if target is None:
        names = [n for n in (plan.model.positive, plan.fairness.favourable) if n is not None]
    else:
        names = [words.get(label_name(v), label_name(v)) for v in pd.unique(target.dropna())]
    if plan.model.positive is not None and plan.model.positive not in names:
        raise PlanError(
            "no such class in the target",
            where="model.positive",
            found=repr(plan.model.positive),
            allowed=", ".join(map(repr, sorted(names)[:10])),
        )
    others = sorted(n for n in set(names) if n != plan.model.positive)
    if target is None and not others:
        others = [f"not {plan.model.positive}"] if plan.model.positive else ["0", "1"]
    ordered = (*others, plan.model.positive) if plan.model.positive is not None else tuple(others)
    if task == "binary" and len(ordered) != 2:
        raise DataError(
            "one class only" if len(ordered) < 2 else "a binary target has two classes",
            where=f"target {plan.data.target}",
            found=f"{len(ordered)}: {', '.join(ordered[:6])}",
            allowed="two",
        )
    return ordered, ()


def _codes(
    target: pd.Series, classes: tuple[str, ...], words: Mapping[str, str], *, known_to_model: bool
) -> FloatArray:
    """Index of the class of each row, NaN where there is no outcome."""
    where = f"target {target.name}"
    codes, found = pd.factorize(target)
    if len(found) > _MOST_CLASSES:
        raise DataError("too many classes", where=where, found=f"{len(found)}", allowed=f"at most {_MOST_CLASSES}")
    position = {name: float(i) for i, name in enumerate(classes)}
    names = [words.get(label_name(v), label_name(v)) for v in found]
    strangers = sorted(n for n in names if n not in position)
    if strangers:
        raise DataError(
            "labels that the model does not know" if known_to_model else "unknown labels",
            where=where,
            found=", ".join(map(repr, strangers[:3])),
            allowed=", ".join(map(repr, classes[:10])),
            remedy=f"name the model's codes under features.{target.name}.labels, or give the data with its codes",
        )
    if len(set(names)) < 2:
        raise DataError(
            "one class only",
            where=where,
            found=f"every labelled row is {names[0]!r}",
            allowed="rows of at least two classes",
            remedy="leave data.target out to audit decisions alone",
        )
    values = np.array([position[n] for n in names] + [np.nan])
    labels: FloatArray = values[codes]
    return labels


def labels_of(plan: Plan, frame: pd.DataFrame, outcome: Outcome) -> FloatArray | None:
    """Outcomes of other rows than those evaluated, in the form of `Outcome.labels`.

    Parameters
    ----------
    plan : Plan
        With the target and the words for its classes.
    frame : pandas.DataFrame
        The rows.
    outcome : Outcome
        Of the rows evaluated.

    Returns
    -------
    ndarray of shape (n_rows,), or None
        NaN where a row has no outcome, or one that the evaluation knows nothing of. None where the rows have no column
        of outcomes, or none that can be read.
    """
    if plan.data.target is None or plan.data.target not in frame.columns or outcome.labels is None:
        return None
    target = frame[plan.data.target]
    if outcome.task == "regression":
        readable = kind_of(target) in ("number", "integer", "boolean")
        return target.to_numpy(dtype=np.float64, na_value=np.nan) if readable else None
    words = _class_words(plan)
    codes, found = pd.factorize(target)
    if len(found) > _MOST_CLASSES:
        return None
    position = {name: float(i) for i, name in enumerate(outcome.classes)}
    values = np.array([position.get(words.get(label_name(v), label_name(v)), np.nan) for v in found] + [np.nan])
    labels: FloatArray = values[codes]
    if outcome.task == "binary" and outcome.positive is not None:
        labels = np.where(np.isnan(labels), np.nan, labels == outcome.classes.index(outcome.positive))
    return labels


def _numbers(target: pd.Series) -> FloatArray:
    where = f"target {target.name}"
    if kind_of(target) not in ("number", "integer", "boolean"):
        raise DataError("a regression target is numbers", where=where, found=f"a column of kind {kind_of(target)}")
    numbers = target.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    if np.isinf(numbers).any():
        raise DataError("infinite outcomes", where=where, found=f"{int(np.isinf(numbers).sum())} rows")
    return numbers


def _binary(
    plan: Plan,
    model: Model | None,
    classes: tuple[str, ...],
    scores: FloatArray,
    codes: FloatArray | None,
    ledger: tuple[LedgerEntry, ...],
) -> Outcome:
    positive = plan.model.positive
    if positive is not None and positive not in classes:
        raise PlanError(
            "no such class", where="model.positive", found=repr(positive), allowed=", ".join(map(repr, classes))
        )
    if positive is None and model is not None and model.classes is not None:
        positive = classes[1]
        ledger += (
            LedgerEntry(
                kind="assumed",
                what=f"positive class {positive}",
                reason="not stated: the score is the probability that the model itself names for its second class",
            ),
        )
    labels = None
    if positive is not None and codes is not None:
        labels = np.where(np.isnan(codes), np.nan, (codes == classes.index(positive)).astype(np.float64))
    column: Any = scores[:, 0]
    if scores.shape[1] == 2:
        column = scores[:, classes.index(positive) if positive is not None and _named(model) else 1]
    return Outcome(
        task="binary", classes=classes, positive=positive, scores=column.copy(), labels=labels, ledger=ledger
    )


def _named(model: Model | None) -> bool:
    """Whether the columns of the answers belong to named classes."""
    return model is not None and model.classes is not None
