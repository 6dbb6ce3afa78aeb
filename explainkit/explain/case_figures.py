"""Single cases: their inputs, their score, and what SHAP and LIME say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from explainkit.decision import label_name
from explainkit.evidence import Case
from explainkit.explain.cases import Chosen
from explainkit.explain.coalitions import RUNS
from explainkit.explain.target import UNITS
from explainkit.explanation import Explanation
from explainkit.figures import Figure, Unit, figure_id
from explainkit.load.columns import kind_of
from explainkit.load.subject import Subject

MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a case stands in the arrays."""

    chosen: Chosen
    output: int
    """Index of the output explained: the predicted class of a model of several, else 0."""
    shap: int
    """Row in the SHAP explanation."""
    lime: int
    """Row in the LIME explanation."""


def places(subject: Subject, chosen: Sequence[Chosen], explained: Sequence[int]) -> tuple[Place, ...]:
    """Find each case in the arrays; `explained` are the positions of the rows that SHAP explained."""
    row_of = {position: i for i, position in enumerate(explained)}
    scores = subject.rows.scores
    return tuple(
        Place(
            chosen=case,
            output=int(scores[case.position].argmax()) if scores.ndim == 2 else 0,
            shap=row_of[case.position],
            lime=i,
        )
        for i, case in enumerate(chosen)
    )


def case_of(place: Place, row: Mapping[str, Any], kinds: dict[str, str]) -> Case:
    """The case with its inputs that are no numbers, as texts."""
    texts = [(name, text_of(row[name])) for name, kind in kinds.items() if number_of(row[name], kind) is None]
    return Case(key=place.chosen.key, chosen=place.chosen.reason, inputs=tuple(texts))


def input_figures(place: Place, row: Mapping[str, Any], kinds: dict[str, str]) -> tuple[Figure, ...]:
    """The inputs of a case that are numbers."""
    numbers = ((name, number_of(row[name], kind)) for name, kind in kinds.items())
    return tuple(
        _figure("case.input", place, value, "input", "the value as given", feature=name)
        for name, value in numbers
        if value is not None
    )


def values_of(rows: pd.DataFrame, place: Place) -> dict[str, Any]:
    """Values of the row of a case, each as its own column holds it."""
    return {str(name): rows[name].iloc[place.chosen.position] for name in rows.columns}


def kinds_of(rows: pd.DataFrame) -> dict[str, str]:
    """Kind of each column, judged on all rows."""
    return {str(name): kind_of(rows[name]) for name in rows.columns}


def number_of(value: Any, kind: str) -> float | int | None:
    """The value of a numeric column as a number; None where it is missing, infinite, or of another kind."""
    if kind not in ("number", "integer") or pd.isna(value) or not math.isfinite(value):
        return None
    return int(value) if kind == "integer" else float(value)


def text_of(value: Any) -> str:
    if pd.isna(value):
        return MISSING
    return str(value.isoformat()) if hasattr(value, "isoformat") else label_name(value)


def score_figure(subject: Subject, place: Place) -> Figure:
    """What the model answered."""
    scores = subject.rows.scores
    several = scores.ndim == 2
    value = scores[place.chosen.position, place.output] if several else scores[place.chosen.position]
    return _figure(
        "case.score",
        place,
        float(value),
        "target" if subject.task == "regression" else "score",
        "the model's answer",
        class_=subject.classes[place.output] if several else subject.positive,
    )


def shap_figures(explanation: Explanation, place: Place) -> tuple[Figure, ...]:
    """Base, contributions, output and residual of a case, in the space explained."""
    row, k, unit = place.shap, place.output, UNITS[explanation.space]
    class_ = _class(explanation, k)
    wholes = (
        ("base", explanation.base_values, "output without any feature known"),
        ("output", explanation.predictions, "the model's own output in the space explained"),
        ("residual", explanation.residual, "base plus contributions minus output"),
    )
    figures = [
        _figure(
            f"explanation.shap.{name}",
            place,
            float(array[row, k]),
            unit,
            how,
            class_=class_,
            tolerance=1.0 if name == "residual" else 1e-9,
        )
        for name, array, how in wholes
    ]
    errors = explanation.error
    for j, feature in enumerate(explanation.features):
        value = float(explanation.values[row, j, k])
        figure = _figure(
            "explanation.shap.contribution", place, value, unit, "SHAP value", feature=feature, class_=class_
        )
        if errors is not None:
            figure = _with_error(figure, value, float(errors[row, j, k]))
        figures.append(figure)
    return tuple(figures)


def _with_error(figure: Figure, value: float, error: float) -> Figure:
    if error <= 1e-12 * abs(value):
        return figure  # every run agreed: there is no spread to make an interval of
    half = float(stdtrit(RUNS - 1, 0.975)) * error  # Student's quantile for the runs behind an estimate
    return replace(
        figure,
        low=value - half,
        high=value + half,
        level=0.95,
        method="SHAP value, estimated; interval from the spread of independent runs, for the estimation only",
    )


def lime_figures(explanation: Explanation, place: Place) -> tuple[Figure, ...]:
    """Weights, intercept and local R² of a case."""
    row, k, unit = place.lime, place.output, UNITS[explanation.space]
    class_ = _class(explanation, k)
    figures = [
        _figure(
            "explanation.lime.weight",
            place,
            float(explanation.values[row, j, k]),
            unit,
            "LIME weight of the value, or of its quartile bin",
            feature=feature,
            class_=class_,
        )
        for j, feature in enumerate(explanation.features)
    ]
    figures.append(
        _figure(
            "explanation.lime.intercept",
            place,
            float(explanation.base_values[row, k]),
            unit,
            "intercept of the local linear model",
            class_=class_,
        )
    )
    fidelity = np.nan if explanation.fidelity is None else float(explanation.fidelity[row, k])
    how = "R² of the local linear model on the weighted perturbed rows"
    if math.isnan(fidelity):
        figures.append(
            Figure(
                id=figure_id("explanation.lime.fidelity", case=place.chosen.key),
                status="insufficient",
                reason="the model answers the same on every perturbed row, so R² is not defined",
                dataset="evaluation",
                class_=class_,
                method=how,
            )
        )
    else:
        figures.append(_figure("explanation.lime.fidelity", place, fidelity, "none", how, class_=class_))
    return tuple(figures)


def _class(explanation: Explanation, output: int) -> str | None:
    return None if explanation.outputs == ("prediction",) else explanation.outputs[output]


def _figure(
    name: str,
    place: Place,
    value: float,
    unit: Unit,
    method: str,
    *,
    feature: str | None = None,
    class_: str | None = None,
    tolerance: float = 1e-9,
) -> Figure:
    keys = {"case": place.chosen.key} if feature is None else {"case": place.chosen.key, "feature": feature}
    return Figure(
        id=figure_id(name, keys),
        value=value,
        n=1,
        unit=unit,
        method=method,
        dataset="evaluation",
        class_=class_,
        tolerance=tolerance,
    )
