"""Situations made by hand: a model that is a plain function or a linear one, rows, reference rows, a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from explainkit.evidence import Column
from explainkit.explain.background import Background
from explainkit.explain.decision.setting import Situation
from explainkit.explain.players import players_of
from explainkit.explain.target import Target
from explainkit.load.columns import kind_of
from explainkit.plan import ExplainPlan
from tests.assess.builders import dataset, subject_of
from tests.explain.doors import Door, sklearn_door


def linear(weights: Sequence[float], intercept: float = 0.0) -> Door:
    """A logistic model with given coefficients of columns a, b, …; class 1 is the second."""
    model = LogisticRegression()
    model.coef_, model.intercept_ = np.array([weights], float), np.array([intercept])
    model.classes_, model.n_features_in_ = np.array([0, 1]), len(weights)
    model.feature_names_in_ = np.array(list("abcdefgh")[: len(weights)], dtype=object)
    return sklearn_door(model)


def function(score: Callable[[pd.DataFrame], Any]) -> Door:
    """A model that is a function of its rows: the probability of class 1."""
    return Door(None, score, task="binary", classes=(0, 1))


def situation(
    door: Door,
    rows: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    *,
    threshold: str = ">=0.5",
    favourable: str = "0",
    plan: dict[str, Any] | None = None,
    columns: dict[str, dict[str, Any]] | None = None,
    extra: pd.DataFrame | None = None,
    **given: Any,
) -> Situation:
    """A subject with all that is asked about its decisions; `columns` says what the plan states of each."""
    answers = door.predict(rows)
    frame = rows if extra is None else pd.concat([rows, extra], axis=1)
    stated = columns or {}
    subject = subject_of(
        answers[:, 1],
        threshold=threshold,
        favourable=favourable,
        model=door,
        evaluation=dataset(frame),
        reference=None if reference is None else dataset(reference, "reference"),
        features=tuple(rows.columns),
        columns=tuple(
            Column(name=name, kind=kind_of(frame[name]), roles=("feature",), **stated.get(name, {})) for name in rows
        ),
        **given,
    )
    asked = ExplainPlan(**(plan or {}))
    return Situation(
        subject=subject,
        model=door,
        target=Target(task="binary", classes=("0", "1"), positive=1),
        plan=asked,
        players=players_of(tuple(rows.columns)),
        rows=rows,
        background=Background(
            rows=rows if reference is None else reference,
            most=asked.background,
            called="evaluation rows" if reference is None else "reference rows",
        ),
    )
