"""Subject: the model behind one door, the data in batches, and the compact per-row ledger that is assessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from explainkit.artifact import Artifact
from explainkit.decision import Population, Threshold
from explainkit.evidence import Column, DatasetIdentity, LedgerEntry, ModelIdentity
from explainkit.figures import figure_id
from explainkit.house import House
from explainkit.plan import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

BATCH_ROWS = 65_536
GROUP = "fairness.count"
"""The figure of the rows of a group, whose ids name groups."""


class Model(Protocol):
    """A trained model behind one door."""

    @property
    def identity(self) -> ModelIdentity:
        """What model this is."""

    @property
    def task(self) -> Task | None:
        """What the model says it does, None where it does not say."""

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """Labels in the order of the columns of `predict`; None for a regression or where unknown."""

    @property
    def features(self) -> tuple[str, ...] | None:
        """Names of the inputs, in the model's order; None where the model does not know them."""

    @property
    def native(self) -> Any:
        """The object of the model's own library, for explainers that read its inside; None where there is none."""

    def adapt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
        """Cast columns to the types the model was trained with, and say what was cast."""

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probabilities of shape (n_rows, n_classes), or predictions of shape (n_rows, 1); rows as `adapt` gives them.

        Raises
        ------
        ModelError
            If the model raises, or answers with anything but finite numbers (probabilities within [0, 1]).
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows in memory, read in batches."""

    identity: DatasetIdentity
    frame: pd.DataFrame
    """All columns as given, never changed."""

    def batches(self, columns: tuple[str, ...], *, size: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
        """Consecutive blocks of rows of the named columns."""
        for start in range(0, len(self.frame), size):
            yield self.frame.iloc[start : start + size][list(columns)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupColumn:
    """One column that makes groups of rows, as small integers."""

    name: str
    codes: npt.NDArray[np.int32]
    """Index into `levels` of each row, -1 where unknown; shape (n_rows,)."""
    levels: tuple[str, ...]
    """Names of the groups, as printed and as keys of figures."""
    is_feature: bool
    """Whether the model sees the column."""
    note: str | None = None
    """How the groups were made (cut points and their reason)."""
    basis: str | None = None
    """Legal basis as stated in the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyColumn:
    """An attribute that is known by probabilities alone."""

    name: str
    levels: tuple[str, ...]
    chances: npt.NDArray[np.float64]
    """Probability of each group, NaN where missing; shape (n_rows, n_levels). Their sum is at most 1."""
    reference: str
    basis: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The compact ledger of the evaluation rows: tens of bytes a row, all that assessments need. Read-only arrays."""

    scores: npt.NDArray[np.float64]
    """Binary: the probability (or score) of the positive class, shape (n_rows,). Multiclass: probabilities, shape
    (n_rows, n_classes). Regression: predictions, shape (n_rows,)."""
    labels: npt.NDArray[np.float64] | None
    """Binary: 1 positive, 0 not; multiclass: index of the class; regression: the target; NaN where there is no
    outcome. None where the data has no target (or, binary, where the positive class is not stated)."""
    weights: npt.NDArray[np.float64] | None
    """Positive weights, shape (n_rows,); None where unweighted."""
    weight_kind: str | None
    """``sampling``, ``frequency`` or ``exposure``."""
    groups: tuple[GroupColumn, ...]
    actual: npt.NDArray[np.float64] | None = None
    """What was decided in fact: 1 favourably, 0 not, NaN unknown; shape (n_rows,). None where the plan names none."""
    clusters: npt.NDArray[np.int64] | None = None
    """Which rows belong together, from 0, shape (n_rows,); None where rows are independent."""
    cluster_column: str | None = None
    """The column that says so."""
    proxies: tuple[ProxyColumn, ...] = ()
    periods: GroupColumn | None = None
    """Period of each row, in the order of time; None where the plan states no periods."""
    segments: GroupColumn | None = None
    """Part of the business that each row belongs to; None where the plan names no such column."""
    later: npt.NDArray[np.bool_] | None = None
    """Which rows are later than every reference row, shape (n_rows,); None where that cannot be told."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierCard:
    """What a card published before tells of groups; groups go by the id of their figure `GROUP`."""

    counts: Mapping[str, int | None]
    """Rows of every group that the card lists, None where they are hidden."""
    unrated: frozenset[str]
    """Groups of which something is hidden, if only their rates."""
    told: frozenset[str]
    """Ids of the figures by group that it gives, or hides."""

    def lists(self, group: Mapping[str, str], figure: str = GROUP) -> bool:
        """Whether it gives a figure of a group, or hides it; the group by its level of each column."""
        return figure_id(figure, group) in self.told

    def hides(self, group: Mapping[str, str]) -> tuple[bool, bool]:
        """Whether it hides how many rows the group has, and whether it hides anything of it."""
        name = figure_id(GROUP, group)
        return self.counts.get(name, 0) is None, name in self.unrated

    def rows(self, group: Mapping[str, str]) -> int | None:
        """How many rows the group has there, 0 where it is not listed; None where that is hidden."""
        return self.counts.get(figure_id(GROUP, group), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is audited: the model behind one door, the data, its roles, and what was decided beforehand."""

    task: Task
    classes: tuple[str, ...]
    """Names of the classes in the order of the model's columns; ``("prediction",)`` for a regression."""
    positive: str | None
    """Name of the positive class; its scores are `Rows.scores`."""
    threshold: Threshold | None
    favourable: str | None
    """Name of the favourable class."""
    population: Population
    model: Model | None
    """None for predictions-only."""
    identity: ModelIdentity
    evaluation: Dataset
    reference: Dataset | None
    features: tuple[str, ...]
    """Inputs of the model, in its order; empty for predictions-only."""
    columns: tuple[Column, ...]
    rows: Rows
    case_ids: tuple[str, ...] | None
    """Id of each evaluation row, where the plan names an id column."""
    ledger: tuple[LedgerEntry, ...]
    """What loading cast, dropped, assumed."""
    reference_labels: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    """Outcomes of the reference rows, as `Rows.labels` has those of the others; None where they are not known."""
    shortfalls: tuple[LedgerEntry, ...] = ()
    """What the process that holds the model could not be kept from on this system; told last."""
    case_names: tuple[str, ...] | None = field(default=None, repr=False)
    """Name of each evaluation row in the evidence, where it is not its position (``privacy.id_key_file``)."""
    earlier: EarlierCard | None = None
    """The card published before, whose hidden groups stay hidden (``fairness.earlier``)."""
    catalogue: Artifact | None = field(default=None, repr=False)
    """Words of the documents, where the plan names a catalogue of its own (``card.catalogue``)."""
    house: House | None = field(default=None, repr=False)
    """Files of the house that the card is rendered with (``look``)."""

    @property
    def decisions(self) -> npt.NDArray[np.bool_] | None:
        """Binary: whether each row is decided positive; None without a threshold. Shape (n_rows,)."""
        if self.task != "binary" or self.threshold is None:
            return None
        return self.threshold.decide(self.rows.scores)
