"""A subject with a model, and what is asked about it: what all explanations of it start from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from explainkit.explain.background import Background
from explainkit.explain.draws import draw
from explainkit.explain.players import Players, players_of
from explainkit.explain.strategy import Trial
from explainkit.explain.target import Target
from explainkit.load.subject import Model, Subject
from explainkit.plan import ExplainPlan

_TRIED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A subject with a model, and what is asked about it."""

    subject: Subject
    model: Model
    plan: ExplainPlan
    target: Target
    players: Players
    rows: pd.DataFrame
    """Evaluation rows, inputs of the model only."""
    background: Background
    """Reference rows, or the evaluation rows where there are none."""
    trial: Trial
    """Of the ways to explain the model."""

    @classmethod
    def of(cls, subject: Subject, plan: ExplainPlan) -> Task:
        """Draw up the task, and try the model on some rows; call it within `explainkit.load.steady.one_order`."""
        assert subject.model is not None
        features = list(subject.features)
        rows = subject.evaluation.frame[features]
        target = Target(
            task=subject.task,
            classes=subject.classes,
            positive=None if subject.positive is None else subject.classes.index(subject.positive),
        )
        players = players_of(features, plan.groups)
        own = subject.reference is None
        return cls(
            subject=subject,
            model=subject.model,
            plan=plan,
            target=target,
            players=players,
            rows=rows,
            background=Background(
                rows=rows if subject.reference is None else subject.reference.frame[features],
                most=plan.background,
                called="evaluation rows" if own else "reference rows",
            ),
            trial=Trial.of(subject.model, rows.iloc[draw(len(rows), _TRIED, plan.seed, 4)], players, target),
        )
