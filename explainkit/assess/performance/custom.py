"""Metrics that other packages register under the entry point group ``explainkit.metrics``."""

from __future__ import annotations

import math
import numbers
from typing import Any

from explainkit import plugins
from explainkit.assess.outcomes import Outcomes, with_outcome
from explainkit.assess.recorder import Details, Recorder
from explainkit.errors import InputError

GROUP = "explainkit.metrics"


def record(recorder: Recorder) -> None:
    """Record ``performance.custom[metric=NAME]`` for every registered metric, in the order of their names.

    A metric is a function ``f(y_true, y_pred, *, sample_weight)`` that returns a number. It is given the rows with an
    outcome: labels and scores as in `Rows`, and weights or None.

    Raises
    ------
    InputError
        If a metric fails to load, raises, or returns no number.
    """
    names = plugins.names(GROUP)
    if not names or not recorder.open("performance.custom"):
        return
    outcomes = with_outcome(recorder.subject)
    for name in names:
        details: Details = {"unit": "score", "n": outcomes.n, "method": f"the registered metric {name}"}
        value, undefined = _value(name, outcomes), "the metric gave no finite number"
        recorder.number("performance.custom", value, {"metric": name}, undefined=undefined, **details)


def _value(name: str, outcomes: Outcomes) -> float | None:
    metric: Any = plugins.load(GROUP, name)
    try:
        value = metric(outcomes.labels.copy(), outcomes.scores.copy(), sample_weight=outcomes.weights)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            "the metric raised",
            where=f"{GROUP}: {name}",
            found=f"{type(error).__name__}: {error}",
            allowed="f(y_true, y_pred, *, sample_weight) returning a number",
        ) from error
    if not isinstance(value, numbers.Real):
        raise InputError(
            "the metric returned no number", where=f"{GROUP}: {name}", found=type(value).__name__, allowed="a number"
        )
    return float(value) if math.isfinite(value) else None
