"""Reader: looks figures up in Evidence, for sections; holds nothing that Evidence does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from explainkit.evidence import Column, Evidence
from explainkit.figures import Figure, Series, as_in_ids, figure_id
from explainkit.statements import Statement


class Reader:
    """Figures, series and statements of an Evidence, by name.

    Parameters
    ----------
    evidence : Evidence
        What is read.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._figures = {figure.id: figure for figure in evidence.figures}
        self._names: dict[str, list[Figure]] = {}
        for figure in evidence.figures:
            self._names.setdefault(figure.name, []).append(figure)
        groups = evidence.plan.get("explain", {}).get("groups", {})
        # Columns of each group that the plan makes one player of.
        self.groups: dict[str, tuple[str, ...]] = {name: tuple(columns) for name, columns in groups.items()}
        names = (*(column.name for column in evidence.columns), *self.groups)
        self._full = {as_in_ids(name): name for name in names}
        self._series = {series.id: series for series in evidence.series}

    def figure(self, name: str, keys: Mapping[str, str] | None = None, /, **more: str) -> Figure | None:
        """The figure of a name and keys, or None."""
        return self._figures.get(figure_id(name, keys, **more))

    def measured(self, name: str, keys: Mapping[str, str] | None = None, /, **more: str) -> Figure | None:
        """The figure of a name and keys if it was measured, else None."""
        figure = self.figure(name, keys, **more)
        return figure if figure is not None and figure.status == "measured" else None

    def named(self, name: str) -> tuple[Figure, ...]:
        """All figures of a name, in the order measured."""
        return tuple(self._names.get(name, ()))

    def keyed(self, name: str, key: str) -> tuple[tuple[str, Figure], ...]:
        """Figures of a name whose only key is `key`, with its value."""
        found = []
        key = as_in_ids(key)
        for figure in self._names.get(name, ()):
            keys = figure.keys
            if set(keys) == {key}:
                found.append((keys[key], figure))
        return tuple(found)

    def series(self, name: str, /, **keys: str) -> Series | None:
        """The series of a name and keys if it has points, else None."""
        series = self._series.get(figure_id(name, keys))
        return series if series is not None and series.columns and series.columns[0][1] else None

    def statements(self, section: str) -> tuple[Statement, ...]:
        """Statements that stand in a section."""
        return tuple(s for s in self.evidence.statements if s.section == section)

    def answer(self, key: str) -> str | None:
        """The answer to a statement, None where it is blank."""
        return next((s.answer for s in self.evidence.statements if s.id == key), None)

    def feature(self, of: Figure | str, key: str = "feature") -> str:
        """Name of a column or group in full, from how it stands in ids: in a key of a figure, or by itself."""
        short = of if isinstance(of, str) else of.keys[key]
        return self._full.get(short, short)

    @property
    def features(self) -> tuple[Column, ...]:
        """Columns that the model sees."""
        return tuple(c for c in self.evidence.columns if "feature" in c.roles)

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Names of the sensitive columns, in the order of the data."""
        return tuple(c.name for c in self.evidence.columns if "sensitive" in c.roles)

    def levels(self, column: str) -> tuple[str, ...]:
        """Groups of a sensitive column, in the order measured."""
        return tuple(level for level, _ in self.keyed("fairness.count", column))

    def pairs(self) -> tuple[tuple[str, ...], ...]:
        """Pairs of sensitive columns, and larger sets of them, whose intersections were measured."""
        found: dict[tuple[str, ...], None] = {}
        for figure in self._names.get("fairness.count", ()):
            keys = tuple(figure.keys)
            if len(keys) >= 2:
                found.setdefault(keys)
        return tuple(found)


def measured(figures: Iterable[Figure | None]) -> tuple[Figure, ...]:
    """Those of the figures that have a value."""
    return tuple(f for f in figures if f is not None and f.status == "measured")


def latest_period(reader: Reader) -> str | None:
    """Name of the latest period that has rows, or hides how many."""
    found = [period for period, figure in reader.keyed("period.rows", "period") if figure.value != 0]
    return found[-1] if found else None
