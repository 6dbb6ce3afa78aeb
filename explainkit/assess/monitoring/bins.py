"""Bins of a card's baseline, read back from the card: what new data is counted by, and how the evaluation rows were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from explainkit.assess.monitoring.baseline import CATEGORIES, NUMBERS, SCORE
from explainkit.assess.statistics.distances import Counted
from explainkit.decision import Threshold
from explainkit.evidence import Evidence
from explainkit.figures import Figure, FigureSet, Series, as_in_ids, figure_id

Kind: TypeAlias = Literal["numbers", "categories"]
Counts: TypeAlias = npt.NDArray[np.int64]


def counted(counts: Any) -> Counted:
    """Rows by bins, every row counting alike."""
    totals = np.asarray(counts, np.float64)
    return Counted(totals=totals, squares=float(totals.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBins:
    """One column by the card."""

    name: str
    kind: Kind
    ends: tuple[float, ...]
    """Of numbers: ends of the bins, ascending; there is one bin more."""
    categories: tuple[str, ...]
    """Of categories: those that are named; all others are one bin more."""
    rows: tuple[int, ...]
    """Evaluation rows in each bin."""
    missing: tuple[int, int]
    """Evaluation rows without a value, and all of them."""
    limits: tuple[float, float] | None
    """Of numbers: smallest and largest of the evaluation data, where the card tells them."""

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBins:
    """The score by the card."""

    ends: tuple[float, ...]
    rows: tuple[int, ...]
    """Evaluation rows in each bin."""

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a card keeps for later data to be held against."""

    columns: tuple[ColumnBins, ...]
    score: ScoreBins | None
    task: Literal["binary", "multiclass", "regression"]
    threshold: Threshold | None
    favours_positive: bool | None
    """Whether the positive decision is the favourable one; None where nothing is decided or favourable."""
    probabilities: bool
    """Whether the card holds mean scores against outcomes."""

    @classmethod
    def of(cls, evidence: Evidence) -> Baseline | None:
        """The baseline of a card; None where it has none, as cards of older versions."""
        names = {as_in_ids(column.name): column.name for column in evidence.columns}
        figures = evidence.figure_set
        columns: list[ColumnBins] = []
        score = None
        for series in evidence.series:
            kind = _KINDS.get(series.id.partition("[")[0])
            if kind is not None:
                columns.append(_column(series, kind, names, figures))
            elif series.id == SCORE:
                score = ScoreBins(ends=_ends(series), rows=_rows(series))
        if not columns and score is None:
            return None
        decided = evidence.task == "binary" and evidence.threshold is not None
        known = decided and evidence.favourable is not None
        expected = figures.get("performance.observed_expected")
        return cls(
            columns=tuple(columns),
            score=score,
            task=evidence.task,
            threshold=Threshold.parse(evidence.threshold) if decided and evidence.threshold else None,
            favours_positive=evidence.favourable == evidence.positive if known else None,
            probabilities=evidence.task == "binary" and expected is not None and expected.status == "measured",
        )


_KINDS: dict[str, Kind] = {NUMBERS: "numbers", CATEGORIES: "categories"}


def _column(series: Series, kind: Kind, names: dict[str, str], figures: FigureSet) -> ColumnBins:
    key = Figure(id=series.id, value=0).keys["column"]
    name = names[key]
    missing = figures[figure_id("data.missing", column=name)]
    low, high = (figures.get(figure_id(f"data.{end}", column=name)) for end in ("low", "high"))
    limits = None
    if low is not None and high is not None and low.value is not None and high.value is not None:
        limits = (float(low.value), float(high.value))
    return ColumnBins(
        name=name,
        kind=kind,
        ends=_ends(series) if kind == "numbers" else (),
        categories=tuple(str(c) for c in series.column("category")[:-1]) if kind == "categories" else (),
        rows=_rows(series),
        missing=(int(missing.value or 0), int(missing.n or 0)),
        limits=limits,
    )


def _ends(series: Series) -> tuple[float, ...]:
    return tuple(float(end) for end in series.column("below")[:-1] if end is not None)


def _rows(series: Series) -> tuple[int, ...]:
    return tuple(int(rows or 0) for rows in series.column("rows"))
