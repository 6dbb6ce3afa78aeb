"""Figures of two cards, one by one: those of one definition are compared, and of others it is said why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from explainkit.assess.comparison import noise
from explainkit.assess.statistics.intervals import Interval
from explainkit.comparison import Basis, Compared, Noise, Uncompared, Why
from explainkit.evidence import Evidence
from explainkit.figures import TIMED, Figure, FigureSet, Unit, figure_id

BEFORE, AFTER, DIFFERENCE = "compare.before", "compare.after", "compare.difference"
P_VALUE, P_ADJUSTED = "compare.p_value", "compare.p_adjusted"
AMONG = "compare.adjusted_among"

_DEFINITION = (
    *("unit", "method", "dataset", "threshold", "favourable", "numerator", "reference", "class_", "weighting", "level"),
)
"""What has to be the same for two figures to be of one definition."""
_LEFT_OUT = ("ledger.", TIMED, "case.", "slice.", "fairness.selection_p", "fairness.chance_p")
"""Beginnings of ids: what counts the ledger, is timed, of single rows, of segments that each card finds for itself and
numbers, or is a p-value, whose difference says nothing."""
_KEPT: frozenset[Unit] = frozenset({"count", "log-odds", "target", "rank", "input", "none"})
"""Units that a difference has too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A difference that was measured row by row, with the values of both on those rows."""

    figure: str
    before: Figure
    after: Figure
    difference: Figure
    basis: Basis | None
    """Where its interval comes from; None without one."""


@dataclass(slots=True)
class Table:
    """What comes of comparing: what stands in the comparison, and its numbers."""

    compared: list[Compared] = field(default_factory=list)
    uncompared: list[Uncompared] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def compare(before: Evidence, after: Evidence, paired: Iterable[Paired] = ()) -> Table:
    """Compare every figure of two cards.

    Parameters
    ----------
    before, after : Evidence
        Cards of one task and one favourable outcome.
    paired : iterable of Paired
        Differences measured row by row, which take the place of those of the cards.

    Returns
    -------
    Table
        ``compare.before``, ``compare.after``, ``compare.difference``, ``compare.p_value`` and ``compare.p_adjusted``,
        each by ``[figure=ID]``; of what is exactly the same, and was not measured anew, no figures.
    """
    rows = {p.figure: p for p in paired}
    differences = [rows[key] for key in rows]
    table, same = Table(), []
    old, new = FigureSet(_measurements(before)), FigureSet(_measurements(after))
    shared = _shared_data(before, after)
    for figure in new:
        if figure.id in rows:
            continue
        reason = _obstacle(old.get(figure.id), figure)
        if reason is not None:
            table.uncompared.append(reason)
            continue
        one = old[figure.id]
        if (one.value, one.low, one.high) == (figure.value, figure.low, figure.high):
            same.append(figure.id)
            continue
        differences.append(_of_cards(one, figure, shared=figure.dataset in shared))
    for figure in old:
        if figure.id not in new and figure.id not in rows:
            table.uncompared.append(Uncompared(figure=figure.id, why="gone", reason="the later card does not have it"))
    order = {f.id: place for place, f in enumerate(new)}
    differences.sort(key=lambda p: order.get(p.figure, len(order)))
    # What is the same, with an interval, was compared too: it counts among the family.
    _judge(table, differences, [key for key in same if noise.has_interval(new[key])])
    table.compared += [Compared(figure=key, noise="same", basis=None, family=family(key)) for key in same]
    return table


def family(figure: str) -> str:
    """The figures that p-values are adjusted among."""
    return figure.partition(".")[0]


def _measurements(evidence: Evidence) -> Iterator[Figure]:
    """All figures that can be set against those of another card."""
    for figure in evidence.figures:
        if not figure.id.startswith(_LEFT_OUT) and "case" not in figure.keys:
            yield figure


def _shared_data(before: Evidence, after: Evidence) -> frozenset[str | None]:
    """Data sets that are the same in both cards; of a figure that names none, the evaluation data are meant."""
    old = {d.role: d.digest for d in before.datasets}
    same: set[str | None] = {d.role for d in after.datasets if old.get(d.role) == d.digest}
    return frozenset(same | ({None} if "evaluation" in same else set()))


def _obstacle(before: Figure | None, after: Figure) -> Uncompared | None:
    if before is None:
        return Uncompared(figure=after.id, why="added", reason="the earlier card does not have it")
    without = [f for f in (before, after) if f.value is None]
    if without:
        why: Why = (
            "no value" if len(without) == 2 else "value only before" if before.value is not None else "value only now"
        )
        reason = f"{without[0].status.replace('_', ' ')}: {without[0].reason}"
        return Uncompared(figure=after.id, why=why, reason=reason)
    changed = [name for name in _DEFINITION if getattr(before, name) != getattr(after, name)]
    if not changed:
        return None
    told = (f"{name.rstrip('_')}: {_told(before, name)} → {_told(after, name)}" for name in changed)
    return Uncompared(figure=after.id, why="other definition", reason="; ".join(told))


def _told(figure: Figure, name: str) -> str:
    value = getattr(figure, name)
    return "none" if value is None else str(value)


def _of_cards(before: Figure, after: Figure, *, shared: bool) -> Paired:
    """The difference as far as two cards tell."""
    assert before.value is not None
    assert after.value is not None
    interval: Interval | None = None
    basis: Basis | None = None
    method = "later card − earlier card"
    if noise.has_interval(before) and noise.has_interval(after):
        basis = "bound" if shared else "independent"
        interval = (noise.bounded if shared else noise.independent)(before, after)
        method += "; " + (noise.BOUND if shared else noise.INDEPENDENT)
    difference = Figure(
        id=after.id,
        value=after.value - before.value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=None if interval is None else after.level,
        unit=unit_of_difference(after.unit),
        method=method,
        dataset=after.dataset,
        class_=after.class_,
    )
    return Paired(figure=after.id, before=before, after=after, difference=difference, basis=basis)


def unit_of_difference(unit: Unit) -> Unit:
    """What the difference of two numbers is measured in."""
    return unit if unit in _KEPT else "difference"


def _judge(table: Table, differences: list[Paired], same: list[str]) -> None:
    """Adjust the p-values within each family, and say which differences are beyond noise."""
    raw: dict[str, float] = dict.fromkeys(same, 1.0)
    for p in differences:
        found = _p_of(p.difference)
        if found is not None:
            raw[p.figure] = found
    final = dict(zip(raw, noise.adjusted(list(raw.values()), [family(key) for key in raw]), strict=True))
    counts: dict[str, int] = {}
    for key in raw:
        counts[family(key)] = counts.get(family(key), 0) + 1
    for p in differences:
        judged = _noise(final.get(p.figure), p.basis)
        table.compared.append(Compared(figure=p.figure, noise=judged, basis=p.basis, family=family(p.figure)))
        table.figures += _numbers(p, raw, final)
    table.figures += [
        Figure(
            id=figure_id(AMONG, family=name), value=count, unit="count", method="figures with an interval on both cards"
        )
        for name, count in counts.items()
    ]


def _p_of(difference: Figure) -> float | None:
    if difference.low is None or difference.high is None or difference.level is None:
        return None
    assert difference.value is not None
    interval = Interval(difference.low, difference.high)
    return noise.p_value(float(difference.value), interval, level=difference.level)


def _noise(p: float | None, basis: Basis | None) -> Noise:
    if p is None:
        return "no interval"
    if p <= noise.LEVEL:
        return "beyond noise"
    return "open" if basis == "bound" else "within noise"


def _numbers(p: Paired, raw: Mapping[str, float], final: Mapping[str, float]) -> Iterator[Figure]:
    for name, figure in ((BEFORE, p.before), (AFTER, p.after), (DIFFERENCE, p.difference)):
        yield replace(figure, id=figure_id(name, figure=p.figure))
    if p.figure in raw:
        for name, value, method in (
            (P_VALUE, raw[p.figure], noise.P_VALUE),
            (P_ADJUSTED, final[p.figure], noise.ADJUSTED),
        ):
            yield Figure(id=figure_id(name, figure=p.figure), value=value, unit="score", method=method)
