"""Recorder: figures with everything that must stand beside them, or with the reason why there is no number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from explainkit.assess.preconditions import Need, Preconditions
from explainkit.assess.statistics.intervals import LEVEL, Interval, korn_graubard, wilson
from explainkit.assess.statistics.sampling import Sampling
from explainkit.evidence import LedgerEntry, LedgerKind, Measured
from explainkit.figures import ROUNDING, Figure, Series, Status, Unit, figure_id
from explainkit.load.subject import Subject

Keys = Mapping[str, str]

KORN_GRAUBARD = "Clopper–Pearson interval at the effective number of rows (Korn and Graubard 1998)"
SUPPRESSED = "the group has fewer rows than fairness.min_cell, or would reveal one that has"
SUPPRESSED_COUNT = (
    "the group has fewer rows than fairness.min_cell or a numerator or its complement below fairness.min_count, "
    "or would reveal one that has"
)

SUPPRESSED_EARLIER = ", here or on the earlier card (fairness.earlier)"
"""Added to either where there is one."""


class Details(TypedDict, total=False):
    """What a figure says besides its value; as in `Figure`."""

    unit: Unit
    n: int
    events: int
    interval: Interval | None
    any_sampling: bool
    """Whether the interval holds for rows that are weighted or come in clusters; else such rows have none."""
    bounds: Interval | None
    """The least and the largest possible value, which is no confidence interval; in the place of `interval`."""
    interval_method: str
    """Named in the method where the figure has an interval."""
    method: str
    numerator: str
    reference: str
    reason: str | None
    class_: str
    unweighted: bool
    """Whether weights are not applied, though there are some."""
    tolerance: float
    """How far the figure may lie off where it is computed again, where that is more than rounding."""
    threshold: str | None
    """Where the needs of the figure do not say whether it depends on decisions."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows counted, and the sum of their weights (equal to the count where unweighted)."""

    rows: int
    weight: float


class Recorder:
    """Collects figures of one subject and gives each its context: data set, threshold, favourable outcome, weights.

    Parameters
    ----------
    subject : Subject
        What is audited.
    undefined : {"not_tested", "insufficient"}
        Status of a number that is undefined on these rows, such as a rate without a denominator.
    seed : int, default 0
        Of the draws, where there are any.
    """

    def __init__(self, subject: Subject, *, undefined: Status, seed: int = 0) -> None:
        self.subject = subject
        self.seed = seed
        self.preconditions = Preconditions(subject)
        self.sampling = Sampling.of(subject.rows)
        self.weighted = subject.rows.weights is not None
        self._undefined: Status = undefined
        self._figures: list[Figure] = []
        self._series: list[Series] = []
        self._ledger: list[LedgerEntry] = []
        self._refused: dict[str, str] = {}

    def open(self, name: str) -> bool:
        """Whether figures of that name may be measured; if not, one figure of the bare name says why."""
        if name in self._refused:
            return False
        obstacle = self.preconditions.obstacle(name)
        if obstacle is None:
            return True
        self._refused[name] = obstacle
        self._figures.append(Figure(id=name, status="not_tested", reason=obstacle, dataset="evaluation"))
        return False

    def open_series(self, name: str) -> bool:
        """Whether the series may be made; if not, the ledger says why."""
        obstacle = self.preconditions.obstacle(name)
        if obstacle is not None:
            self._refused[name] = obstacle
        return obstacle is None

    def number(
        self, name: str, value: float | None, keys: Keys | None = None, *, undefined: str, **details: Unpack[Details]
    ) -> None:
        """Record a number, or that it is undefined.

        Parameters
        ----------
        name, keys : str, mapping
            What the id is made of.
        value : float or None
            None, or not finite, where undefined.
        undefined : str
            The reason printed then.
        **details
            As in `Details`.
        """
        if not self.open(name):
            return
        if value is None or not math.isfinite(value):
            self.missing(name, keys, status=self._undefined, reason=undefined)
            return
        self._figures.append(self._figure(figure_id(name, keys or {}), value, details))

    def rate(
        self,
        name: str,
        part: Tally,
        whole: Tally,
        keys: Keys | None = None,
        *,
        undefined: str,
        effective: float | None = None,
        **details: Unpack[Details],
    ) -> None:
        """Record a proportion: Wilson's interval where rows are independent and count alike, unweighted counts always.

        Else the interval is that of Korn and Graubard for the ``effective`` number of rows, where it is given.
        """
        filled: Details = {"unit": "proportion", "n": whole.rows, "events": part.rows}
        value = part.weight / whole.weight if whole.weight > 0 else None
        if value is not None and self.sampling.simple:
            filled |= {"interval": wilson(part.rows, whole.rows), "interval_method": "Wilson score interval"}
        elif value is not None and effective is not None:
            interval = korn_graubard(value, effective)
            filled |= {"interval": interval, "any_sampling": True, "interval_method": KORN_GRAUBARD}
        filled |= details
        self.number(name, value, keys, undefined=undefined, **filled)

    def count(self, name: str, rows: int, keys: Keys | None = None, *, n: int | None = None) -> None:
        """Record a number of rows, never weighted."""
        if not self.open(name):
            return
        decided = Need.DECISION in self.preconditions.needs(name) and self.subject.task == "binary"
        self._figures.append(
            Figure(
                id=figure_id(name, keys or {}),
                value=rows,
                unit="count",
                n=n,
                method="number of rows, weights not applied" if self.weighted else "number of rows",
                dataset="evaluation",
                threshold=str(self.subject.threshold) if decided else None,
            )
        )

    def missing(self, name: str, keys: Keys | None = None, *, status: Status, reason: str) -> None:
        """Record that a figure of an open name has no value."""
        if self.open(name):
            self._figures.append(
                Figure(id=figure_id(name, keys or {}), status=status, reason=reason, dataset="evaluation")
            )

    def curve(self, series: Series) -> None:
        """Record a series."""
        self._series.append(series)

    def note(self, kind: LedgerKind, what: str, reason: str, count: int | None = None) -> None:
        """Enter something into the ledger."""
        self._ledger.append(LedgerEntry(kind=kind, what=what, reason=reason, count=count))

    def result(self) -> Measured:
        """All that was recorded; what was refused stands in the ledger too, gathered by reason."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self._refused.items():
            by_reason.setdefault(reason, []).append(name)
        refused = tuple(
            LedgerEntry(kind="not_tested", what=", ".join(names), reason=reason) for reason, names in by_reason.items()
        )
        return Measured(figures=tuple(self._figures), series=tuple(self._series), ledger=refused + tuple(self._ledger))

    def _figure(self, identifier: str, value: float, details: Details) -> Figure:
        name = identifier.partition("[")[0]
        needs = self.preconditions.needs(name)
        subject = self.subject
        holds = self.sampling.simple or details.get("any_sampling", False)
        interval = details.get("interval") if holds else None
        decided = Need.DECISION in needs and subject.task == "binary"
        ends = details.get("bounds") or interval
        return Figure(
            id=identifier,
            value=value,
            reason=details.get("reason"),
            low=None if ends is None else ends.low,
            high=None if ends is None else ends.high,
            level=None if interval is None else LEVEL,
            n=details.get("n"),
            events=details.get("events"),
            unit=details.get("unit", "none"),
            method=self._method(needs, details, interval) or None,
            dataset="evaluation",
            threshold=details.get("threshold", str(subject.threshold) if decided else None),
            favourable=subject.favourable if Need.FAVOURABLE in needs else None,
            numerator=details.get("numerator"),
            reference=details.get("reference"),
            class_=details.get("class_", subject.positive if self.preconditions.concerns_class(name) else None),
            weighting=subject.rows.weight_kind if self.weighted and not details.get("unweighted") else None,
            tolerance=details.get("tolerance", ROUNDING),
        )

    def _method(self, needs: Need, details: Details, interval: Interval | None) -> str:
        parts = [details.get("method", "")]
        if interval is not None:
            parts.append(details.get("interval_method", ""))
        if self.weighted and not details.get("unweighted"):
            said = f"weighted by {self.subject.rows.weight_kind} weights"
            given = interval is not None or details.get("bounds") is not None
            parts.append(said if given else f"{said}, no interval")
        elif interval is None and details.get("interval") is not None:
            parts.append(f"no interval, as rows come in clusters of {self.subject.rows.cluster_column}")
        if interval is not None and self.sampling.clusters is not None:
            parts.append(f"rows of one {self.subject.rows.cluster_column} taken together")
        if Need.SAMPLE in needs and self.subject.population.resampled:
            parts.append("in this sample, which was resampled")
        return "; ".join(part for part in parts if part)


def among(subject: Subject) -> str:
    """Words for a numerator that say whom the rows stand for, where that narrows a rate."""
    return " among accepted cases" if subject.population.accepted_only else ""
