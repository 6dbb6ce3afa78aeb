"""The properties that the plan states, each proven, refuted, undecided or tested."""

from __future__ import annotations

from functools import cached_property

from explainkit.errors import PlanError, nearest
from explainkit.evidence import LedgerEntry, Measured
from explainkit.explain.properties.cells import UndecidableError
from explainkit.explain.properties.decide import Decider
from explainkit.explain.properties.figures import measured_of
from explainkit.explain.properties.known import Known
from explainkit.explain.properties.search import Searcher
from explainkit.explain.properties.verdicts import Verdict
from explainkit.explain.task import Task
from explainkit.figures import Unit
from explainkit.load.columns import kind_of, require_column
from explainkit.load.steady import one_order
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.plan.properties import PropertyPlan

NO_INPUT = "the column is no input of the model"


def check(subject: Subject, plan: Plan) -> None:
    """Raise if a property is about something that does not exist, before anything is measured.

    Raises
    ------
    PlanError
        If there is no model, or an input or the range of one that does not exist or is of another kind.
    DataError
        If there is no such column.
    """
    for position, wanted in enumerate(plan.properties):
        where = f"properties.{position}"
        if subject.model is None:
            raise PlanError(
                "a property is of a model, and none is given",
                where=where,
                remedy="model.path names the file of one; scores alone say nothing about inputs that were not seen",
            )
        if wanted.feature is not None:
            _require_input(wanted.feature, subject, f"{where}.feature")
            _check_kind(subject, wanted, where)
        if wanted.column is not None:
            require_column(subject.evaluation.frame, wanted.column, role=f"{where}.column")
        for name in wanted.ranges:
            _require_input(name, subject, f"{where}.ranges")


def _require_input(name: str, subject: Subject, where: str) -> None:
    if name not in subject.features:
        raise PlanError(
            "no such input of the model", where=where, found=repr(name), remedy=nearest(name, subject.features)
        )


def _check_kind(subject: Subject, wanted: PropertyPlan, where: str) -> None:
    kind = kind_of(subject.evaluation.frame[str(wanted.feature)])
    if kind in ("number", "integer"):
        return
    if wanted.kind == "monotone" or isinstance(wanted.change, float):
        raise PlanError(
            "only a number has an order" if wanted.kind == "monotone" else "only a number moves by an amount",
            where=f"{where}.feature",
            found=f"{wanted.feature!r}, a column of kind {kind}",
            allowed="a number",
            remedy='change = ["…", "…"] lists values that take each other\'s place (kind = "invariant")',
        )


class _Properties:
    """The model that all properties are of."""

    def __init__(self, subject: Subject, plan: Plan) -> None:
        self._subject, self._plan = subject, plan

    @cached_property
    def _known(self) -> Known:
        return Known(Task.of(self._subject, self._plan.explain))

    @cached_property
    def _decider(self) -> Decider | UndecidableError:
        try:
            return Decider(self._known)
        except UndecidableError as error:
            return error

    def verdict(self, wanted: PropertyPlan, where: str) -> tuple[Verdict, str | None]:
        """What was found out, and why nothing was proven where it was only tested."""
        column = wanted.column
        unit: Unit = "target" if self._subject.task == "regression" else "probability"
        if column is not None and column not in self._subject.features:
            return Verdict(outcome="proven", how=NO_INPUT, bound=0.0, unit=unit, looked=0), None
        try:
            if isinstance(self._decider, UndecidableError):
                raise self._decider
            return self._decider.decide(wanted, where), None
        except UndecidableError as error:
            found = Searcher(self._known, self._plan.explain.seed).search(wanted, where, unit)
            return found, str(error)


def properties(subject: Subject, plan: Plan) -> Measured:
    """Find out about every property that the plan states.

    Parameters
    ----------
    subject : Subject
        What is audited, with a model.
    plan : Plan
        With the properties.

    Raises
    ------
    PlanError
        If a property is about something that does not exist.
    """
    asked = _Properties(subject, plan)
    measured = Measured()
    with one_order():
        for position, wanted in enumerate(plan.properties):
            verdict, why = asked.verdict(wanted, f"properties.{position}")
            measured += measured_of(wanted, verdict)
            if why is not None:
                entry = LedgerEntry(kind="not_tested", what=f"a proof of the property {wanted.called}", reason=why)
                measured += Measured(ledger=(entry,))
    return measured
