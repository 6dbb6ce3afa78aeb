"""The stage of the pipeline: draws rows, and has every part measure what the plan asks for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.recorder import Recorder
from explainkit.errors import PlanError
from explainkit.evidence import Measured
from explainkit.explain.draws import draw
from explainkit.figures import Figure
from explainkit.load.columns import kind_of
from explainkit.load.steady import one_order
from explainkit.load.subject import Subject
from explainkit.plan import Plan, RobustnessPlan
from explainkit.robustness import labels
from explainkit.robustness.columns import NUMBERS, Columns
from explainkit.robustness.door import Door, IntArray
from explainkit.robustness.inputs import Changes, Inputs
from explainkit.robustness.judge import Judge
from explainkit.robustness.scenarios import Scenarios, applied, check_scenarios
from explainkit.robustness.search import Search, variables_of
from explainkit.robustness.unusual import Unusual

ASKED = "robustness.asked"


def check(subject: Subject, plan: Plan) -> None:
    """Raise if the plan speaks of inputs that do not exist, before anything is measured.

    Raises
    ------
    PlanError
        If there is no model, no such input or value, or noise of what is no number.
    """
    for name, feature in plan.features.items():
        if feature.noise is not None and name in subject.features:
            kind = kind_of(subject.evaluation.frame[name])
            if kind not in NUMBERS:
                raise PlanError("only a number has noise", where=f"features.{name}.noise", found=f"a column of {kind}")
    for table in ("robustness", "scenarios", "load"):
        if getattr(plan, table) and subject.model is None:
            raise PlanError(
                "made-up rows are asked of a model, and none is given" if table != "load" else "no model to be timed",
                where=table,
                remedy="model.path names the file of one; scores alone say nothing about rows that were not scored",
            )
    check_scenarios(subject, plan)
    if plan.scenarios:
        columns = _Setting(subject, plan, RobustnessPlan()).everyone
        for position, scenario in enumerate(plan.scenarios):
            applied(columns, scenario, f"scenarios.{position}")


def robustness(subject: Subject, plan: Plan, found: Groupings) -> Measured:
    """Measure what the plan asks for in ``robustness`` and ``scenarios``.

    Parameters
    ----------
    subject : Subject
        With a model.
    plan : Plan
        As `check` has seen it.
    found : Groupings
        What the card hides of groups.
    """
    setting = _Setting(subject, plan, plan.robustness or RobustnessPlan())
    with one_order():
        if plan.robustness is not None:
            setting.inputs()
            setting.search()
            setting.unusual()
            labels.measure(setting.recorder, plan.robustness.label_noise, plan.explain.seed)
        if plan.scenarios:
            setting.scenarios(found)
    return setting.result()


class _Setting:
    """Rows drawn, the model's door, and what all parts share."""

    def __init__(self, subject: Subject, plan: Plan, sizes: RobustnessPlan) -> None:
        self.subject, self.plan, self.sizes = subject, plan, sizes
        self.recorder = Recorder(subject, undefined="insufficient", seed=plan.explain.seed)
        self.door = Door(subject=subject)
        features = list(subject.features)
        self._whole = subject.evaluation.frame[features]
        own = subject.reference is None
        self._reference = self._whole if subject.reference is None else subject.reference.frame[features]
        self._called = "evaluation rows" if own else "reference rows"

    @cached_property
    def at(self) -> IntArray:
        """Positions of the rows drawn, of those that count."""
        weights = self.subject.rows.weights
        pool = np.arange(self.subject.rows.count) if weights is None else np.flatnonzero(weights > 0)
        return pool[draw(len(pool), self.sizes.rows, self.plan.explain.seed, 64)]

    @cached_property
    def columns(self) -> Columns:
        """Inputs of the rows drawn."""
        return Columns(self._whole.iloc[self.at], self._whole, self._reference)

    @cached_property
    def everyone(self) -> Columns:
        """Inputs of all rows."""
        return Columns(self._whole, self._whole, self._reference)

    @cached_property
    def judge(self) -> Judge:
        """Of the rows drawn, answered anew as the changed ones will be."""
        return Judge(recorder=self.recorder, at=self.at, before=self.door.answers(self.columns.rows))

    def inputs(self) -> None:
        """Changes of single inputs."""
        self._say_drawn("rows whose inputs are changed", len(self.at), self.subject.rows.count)
        Inputs(
            self.door, self.judge, Changes(self.columns, self.plan, self.sizes, self._called), self.columns
        ).measure()

    def search(self) -> None:
        """The worst small change of some rows."""
        if not self.sizes.search:
            return
        chosen = draw(len(self.at), self.sizes.search, self.plan.explain.seed, 62)
        self._say_drawn("rows for which the worst small change is searched", len(chosen), self.subject.rows.count)
        columns = Columns(self.columns.rows.iloc[chosen], self._whole, self._reference)
        found = variables_of(self.subject, self.plan)
        Search(
            door=self.door,
            judge=Judge(recorder=self.recorder, at=self.at[chosen], before=self.judge.before[chosen]),
            changes=Changes(columns, self.plan, self.sizes, self._called),
            columns=columns,
            variables=None if isinstance(found, str) else found,
        ).measure()

    def unusual(self) -> None:
        """Rows off the reference data."""
        if self.subject.reference is None:
            reason = "no reference data given (data.reference)"
            self.recorder.missing("robustness.off_data.rows", status="not_tested", reason=reason)
            self.recorder.note("not_tested", "evaluation rows off the data", reason)
            return
        near = draw(len(self._reference), self.sizes.rows, self.plan.explain.seed, 65)
        self._say_drawn("reference rows that distances are taken to", len(near), len(self._reference))
        Unusual(
            recorder=self.recorder,
            rows=self.columns.rows,
            at=self.at,
            reference=self._reference.iloc[near],
            level=self.sizes.off_data,
        ).measure()

    def scenarios(self, found: Groupings) -> None:
        """Scenarios of the plan, in all rows."""
        scores = self.subject.rows.scores
        before = scores[:, None] if scores.ndim == 1 else scores
        judge = Judge(recorder=self.recorder, at=np.arange(len(scores)), before=before)
        Scenarios(self.door, judge, self.everyone, self.plan, found).measure()

    def _say_drawn(self, what: str, count: int, of: int) -> None:
        if count < of:
            seed = self.plan.explain.seed
            self.recorder.note("sampled", what, f"{count} of {of} are drawn, seed {seed} (robustness)", count)

    def result(self) -> Measured:
        """All that was measured, and how many rows the model was asked about for it."""
        asked = Figure(
            id=ASKED, value=self.door.asked, unit="count", method="made-up rows that the model was asked about"
        )
        return Measured(figures=(asked,)) + self.recorder.result()
