"""Models that are not shown to be worth having: no better than chance, or than a simple model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from explainkit.assess.benchmarks.benchmarks import DIFFERENCE
from explainkit.assess.champion import COMPARABLE
from explainkit.evidence import Finding
from explainkit.figures import Figure, FigureSet, parse_figure_id

_CHANCE: Mapping[str, float] = MappingProxyType({"performance.roc_auc": 0.5, "performance.r2": 0.0})
"""What the same answer for every row comes to."""


def worth_findings(figures: FigureSet) -> Iterator[Finding]:
    """Where an interval does not exclude that the model is worth nothing.

    Parameters
    ----------
    figures : FigureSet
        What was measured.
    """
    for name, nothing in _CHANCE.items():
        figure = figures.get(name)
        if figure is None or figure.value is None:
            continue
        # Where all scores are equal there is no interval, and nothing to doubt.
        if (figure.value if figure.low is None else figure.low) <= nothing:
            yield Finding(kind="chance", figure=figure.id)
    for figure in figures.named(DIFFERENCE):
        if _not_better(figure) and not _said_of_chance(figure):
            yield Finding(kind="simple_model", figure=figure.id)


def _not_better(figure: Figure) -> bool:
    if figure.low is None or figure.high is None:
        return False
    higher = COMPARABLE[parse_figure_id(figure.keys["figure"])[0]].higher_is_better
    return figure.low <= 0 if higher else figure.high >= 0


def _said_of_chance(figure: Figure) -> bool:
    """To rank like the base rate, which ranks no row above another, is to rank as chance does."""
    return figure.keys["model"] == "base_rate" and figure.keys["figure"] in _CHANCE
