"""What is known about the decisions, and which side is against the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.background import Background
from explainkit.explain.draws import draw
from explainkit.explain.players import Players
from explainkit.explain.strategy import Trial
from explainkit.explain.target import Target
from explainkit.load.subject import Model, Subject
from explainkit.plan import ExplainPlan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A subject with a model, and what is asked about its decisions."""

    subject: Subject
    model: Model
    target: Target
    plan: ExplainPlan
    players: Players
    """What contributions are of: raw columns, or groups of them."""
    rows: pd.DataFrame
    """Evaluation rows, inputs of the model only."""
    background: Background
    """Reference rows, or the evaluation rows where there are none."""
    trial: Trial | None = None
    """The trial of the ways to explain the model, where there was one."""

    @property
    def reference(self) -> pd.DataFrame:
        """The rows of the background."""
        return self.background.rows

    @property
    def favoured(self) -> BoolArray:
        """Whether each evaluation row gets the favourable decision, shape (n_rows,)."""
        decided = self.subject.decisions
        assert decided is not None
        return decided if self.positive_is_favourable else ~decided

    @property
    def positive_is_favourable(self) -> bool:
        """Whether a higher score is better for the person."""
        return self.subject.favourable == self.subject.positive

    @property
    def sign(self) -> float:
        """Factor that makes contributions against the person positive."""
        return -1.0 if self.positive_is_favourable else 1.0

    def favours(self, scores: FloatArray) -> BoolArray:
        """Whether each score gets the favourable decision; same shape."""
        assert self.subject.threshold is not None
        decided = self.subject.threshold.decide(scores)
        return decided if self.positive_is_favourable else ~decided

    def outcome(self, position: int) -> str:
        """Name of the class decided for an evaluation row."""
        subject = self.subject
        assert subject.positive is not None
        assert subject.decisions is not None
        if subject.decisions[position]:
            return subject.positive
        return next(name for name in subject.classes if name != subject.positive)

    def draw(self, count: int, most: int, stream: int) -> IntArray:
        """Positions of at most `most` of `count` things, without replacement, sorted."""
        return draw(count, most, self.plan.seed, stream)


def undecided(subject: Subject) -> str | None:
    """Why nothing is decided for or against anybody; None where it is."""
    if subject.task != "binary":
        return f"a {subject.task} model makes no decision for or against a person by a threshold"
    open_ = [
        words
        for words, missing in (
            ("no threshold is stated (model.threshold)", subject.threshold is None),
            ("no direction of the score is stated (model.positive)", subject.positive is None),
            ("no favourable outcome is stated (fairness.favourable)", subject.favourable is None),
        )
        if missing
    ]
    return ", ".join(open_) or None
