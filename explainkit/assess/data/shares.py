"""Groups of the rows against the population that the model is for, as the plan states it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.statistics.intervals import LEVEL, wilson
from explainkit.assess.statistics.sampling import Sampling
from explainkit.errors import PlanError, nearest
from explainkit.evidence import Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.subject import Subject

DIFFERENCE = "data.share_difference"
_METHOD = "share of the rows of known group, less the share in the population as the plan states it"


def measure_shares(subject: Subject, found: Groupings, shares: Mapping[str, Mapping[str, float]]) -> Measured:
    """Share of each group in the rows, less that in the population.

    Parameters
    ----------
    subject : Subject
        With the groups.
    found : Groupings
        As `shown.groupings_of` gives them: what is hidden of groups.
    shares : mapping
        Of each group in the population, by column.

    Raises
    ------
    PlanError
        If a group of the data has no share.
    """
    figures: list[Figure] = []
    for cells in found.singles:
        if cells.title in shares:
            figures += _of_column(subject, cells, shares[cells.title])
    return Measured(figures=tuple(figures))


def _of_column(subject: Subject, cells: Cells, shares: Mapping[str, float]) -> Iterator[Figure]:
    levels = [level for (level,) in cells.levels]
    unnamed = next((level for level in levels if level not in shares), None)
    if unnamed is not None:
        raise PlanError(
            "a group of the data has no share in the population",
            where=f"data.shares.{cells.title}",
            found=repr(unnamed),
            allowed="a share for each of " + ", ".join(map(repr, levels)),
            remedy=nearest(unnamed, [name for name in shares if name not in levels]),
        )
    known = int(cells.sizes.sum())
    level = 1 - (1 - LEVEL) / max(len(shares), 1)
    clustered = Sampling.of(subject.rows).clusters is not None
    for name, share in shares.items():
        identifier = figure_id(DIFFERENCE, column=cells.title, group=name)
        cell = levels.index(name) if name in levels else None
        if not known:
            yield Figure(id=identifier, status="insufficient", reason="no row has a group", dataset="evaluation")
        elif cell is not None and cells.uncounted[cell]:
            yield Figure(id=identifier, status="suppressed", reason=cells.why, dataset="evaluation")
        else:
            rows = 0 if cell is None else int(cells.sizes[cell])
            ends = None if clustered else wilson(rows, known, level=level)
            yield Figure(
                id=identifier,
                value=rows / known - share,
                low=None if ends is None else ends.low - share,
                high=None if ends is None else ends.high - share,
                level=None if ends is None else level,
                n=known,
                events=rows,
                unit="difference",
                method=_METHOD
                + ("; no interval, as rows come in clusters" if clustered else "; Wilson score interval"),
                dataset="evaluation",
            )
