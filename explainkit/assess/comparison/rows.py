"""Differences measured row by row, where both models predict the same rows: what makes a row hard is then the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.assess.champion import COMPARABLE, DIFFERENCE, PAIRED_RATES, VALUE, Pairing, rate_difference
from explainkit.assess.comparison.figures import Paired, unit_of_difference
from explainkit.assess.comparison.together import Together
from explainkit.assess.fairness.selection import DIFFERENCE as SELECTION_DIFFERENCE
from explainkit.assess.fairness.selection import RATE, RATIO
from explainkit.assess.groups.cells import Cells
from explainkit.assess.outcomes import Outcomes, mean, with_outcome
from explainkit.assess.performance.binary import balanced_accuracy, f1, matthews
from explainkit.assess.precision import BOOTSTRAP, DRAWS, LINEARISED
from explainkit.assess.preconditions import NEEDS, Preconditions
from explainkit.assess.recorder import Recorder
from explainkit.assess.statistics.bootstrap import percentile, resample_counts
from explainkit.assess.statistics.intervals import LEVEL, Interval
from explainkit.assess.statistics.quotients import divide
from explainkit.assess.statistics.sampling import Sampling
from explainkit.comparison import Basis
from explainkit.errors import VerificationError
from explainkit.figures import Figure, FigureSet, Unit, figure_id
from explainkit.plan import ChampionPlan

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SAME_ROWS = "both models on the same rows"
_NEAR_ZERO = 1e-12
_OVERALL_RATE = "performance.selection_rate"
_ERRORS = ("fairness.accuracy", "fairness.true_positive_rate", "fairness.false_positive_rate")
"""Figures of groups whose intervals tell how many flip among rows of one outcome."""


def precision(cells: Any) -> Any:
    """Share of true positives among those decided positive; as `balanced_accuracy`."""
    _, fp, _, tp = np.moveaxis(cells, -1, 0)
    return divide(tp, tp + fp)


_OF_COUNTS: dict[str, tuple[Callable[[Any], Any], Unit]] = {
    "performance.precision": (precision, "proportion"),
    "performance.balanced_accuracy": (balanced_accuracy, "proportion"),
    "performance.f1": (f1, "score"),
    "performance.mcc": (matthews, "score"),
}
"""Figures of the table of outcomes and decisions (binary), and what they are measured in."""


def measure(together: Together, cards: tuple[FigureSet, FigureSet], *, seed: int = 0) -> tuple[Paired, ...]:
    """Every figure that can be compared row by row.

    Parameters
    ----------
    together : Together
        Both models on the same rows.
    cards : tuple of FigureSet
        Figures of both cards, whose values are shown where the rows are theirs.
    seed : int, default 0
        Of the resamples.

    Raises
    ------
    VerificationError
        If the rows of the cards do not give their figures again.
    """
    found: dict[str, Paired] = {}
    for paired in (*_as_champion(together), *_rates(together), *_of_counts(together, seed), *_more(together)):
        found[paired.figure] = paired
    if together.of_cards:
        return tuple(_as_on_cards(p, cards) for p in found.values())
    return tuple(found.values())


def _as_on_cards(paired: Paired, cards: tuple[FigureSet, FigureSet]) -> Paired:
    """With the very figures of the cards, which the same rows have to give again."""
    old, new = (card.get(paired.figure) for card in cards)
    if old is None or new is None or old.value is None or new.value is None:
        return paired
    for told, again, which in ((old, paired.before, "earlier"), (new, paired.after, "later")):
        assert told.value is not None
        assert again.value is not None
        if not math.isclose(told.value, again.value, rel_tol=told.tolerance, abs_tol=_NEAR_ZERO):
            raise VerificationError(
                f"the rows do not give what the {which} card says",
                where=paired.figure,
                found=repr(again.value),
                allowed=repr(told.value),
            )
    difference = replace(paired.difference, value=new.value - old.value)
    return replace(paired, before=old, after=new, difference=difference)


def _as_champion(together: Together) -> Iterator[Paired]:
    """Those that a model is compared with its champion by: DeLong, Newcombe, Student; linearised for weights."""
    before, after = together.before, together.after
    recorder = Recorder(after, undefined="insufficient")
    outcomes = with_outcome(after)
    threshold = None if before.threshold is None else str(before.threshold)
    pairing = Pairing(
        recorder=recorder,
        plan=ChampionPlan(score="-", threshold=threshold, name="the earlier model"),
        outcomes=outcomes,
        champion=before.rows.scores[outcomes.present],
    )
    if after.task == "multiclass":
        return
    for name in NEEDS[after.task]:
        if name not in COMPARABLE:
            continue
        if name.startswith("performance."):
            pairing.record(name, name, np.ones(outcomes.n, np.bool_))
            continue
        for cells in together.errors_by_group if name in _ERRORS else together.flips_by_group:
            for cell in np.flatnonzero(~cells.hidden).tolist():
                pairing.record(name, figure_id(name, cells.keys(cell)), (cells.codes == cell)[outcomes.present])
    yield from _recorded(recorder, before.threshold, after.threshold)


def _recorded(recorder: Recorder, *thresholds: object) -> Iterator[Paired]:
    figures = FigureSet(recorder.result().figures)
    for difference in figures.named(DIFFERENCE):
        if difference.value is None or difference.keys["figure"].startswith("sha256:"):
            continue
        old = figures[figure_id(VALUE, difference.keys)]
        value, moved = old.value, difference.value
        assert value is not None
        if difference.threshold is not None:
            difference = replace(difference, threshold=f"{thresholds[0]} → {thresholds[1]}")
        yield Paired(
            figure=difference.keys["figure"],
            before=replace(old, reference=None, threshold=difference.threshold and str(thresholds[0])),
            after=replace(
                old,
                value=value + moved,
                reference=None,
                threshold=difference.threshold and str(thresholds[1]),
            ),
            difference=replace(difference, reference=None),
            basis=None if difference.low is None else "paired",
        )


def _pair(
    together: Together,
    figure: str,
    values: tuple[float, float],
    interval: Interval | None,
    *,
    unit: Unit,
    n: int,
    method: str,
) -> Paired:
    """One difference with the values of both."""
    if interval is not None:
        method = f"{SAME_ROWS}; {method}"
    subject = together.after
    shared: dict[str, Any] = {"n": n, "dataset": "evaluation", "weighting": subject.rows.weight_kind}
    one, two = (Figure(id=figure, value=v, unit=unit, method=SAME_ROWS, **shared) for v in values)
    difference = Figure(
        id=figure,
        value=values[1] - values[0],
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=None if interval is None else LEVEL,
        unit=unit_of_difference(unit),
        method=method,
        **shared,
    )
    basis: Basis | None = None if interval is None else "paired"
    return Paired(figure=figure, before=one, after=two, difference=difference, basis=basis)


def _rates(together: Together) -> Iterator[Paired]:
    """Selection over all rows and by group, with outcome or without."""
    if together.selected is None:
        return
    rows = together.after.rows
    counted = np.ones(rows.count, np.bool_) if rows.weights is None else rows.weights > 0
    yield _rate(together, _OVERALL_RATE, together.selected, counted)
    for cells in together.flips_by_group:
        for cell in np.flatnonzero(~cells.hidden).tolist():
            inside = counted & (cells.codes == cell)
            if inside.any():
                yield _rate(together, figure_id(RATE, cells.keys(cell)), together.selected, inside)


def _rate(together: Together, figure: str, pair: tuple[Bools, Bools], inside: Bools) -> Paired:
    old, new = pair[0][inside], pair[1][inside]
    sampling = Sampling.of(together.after.rows, inside)
    values = (mean(old.astype(np.float64), sampling.weights), mean(new.astype(np.float64), sampling.weights))
    if sampling.simple:
        interval: Interval | None = rate_difference(new, old)
    else:
        interval = sampling.mean_interval(new.astype(np.float64) - old)
    method = PAIRED_RATES if sampling.simple else LINEARISED
    return _pair(together, figure, values, interval, unit="proportion", n=int(inside.sum()), method=method)


def _of_counts(together: Together, seed: int) -> Iterator[Paired]:
    """What is made of counts of outcomes and both decisions, resampled together; independent unweighted rows alone."""
    after, both = together.after, together.decided
    if after.task != "binary" or both is None or not Sampling.of(after.rows).simple:
        return
    preconditions, outcomes = Preconditions(after), with_outcome(after)
    old, new = (side[outcomes.present] for side in both)
    table = np.bincount(4 * (outcomes.labels == 1) + 2 * old + new, minlength=8).reshape(2, 2, 2)
    for place, (name, (function, unit)) in enumerate(_OF_COUNTS.items()):
        if preconditions.obstacle(name) is None and outcomes.n:
            rng = np.random.default_rng([seed, 31, place])
            yield from _resampled(together, name, table, function, rng, unit)
    for cells in together.flips_by_group:
        yield from _against_reference(together, cells, seed)


def _resampled(
    together: Together,
    name: str,
    table: npt.NDArray[np.int64],
    function: Callable[[Any], Any],
    rng: np.random.Generator,
    unit: Unit,
) -> Iterator[Paired]:
    """One figure of outcome × decision, of both models from one table of outcome × both decisions."""

    def both(tables: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        old, new = tables.sum(axis=-1), tables.sum(axis=-2)
        cells = [t.reshape(*t.shape[:-2], 4).astype(np.float64) for t in (old, new)]
        return function(cells[0]), function(cells[1])

    values = both(table)
    if not np.isfinite(values).all():
        return
    drawn = both(resample_counts(table, DRAWS, rng))
    margins = [table.sum(axis=(1, 2)), table.sum(axis=(0, 1)), table.sum(axis=(0, 2))]
    interval = percentile(drawn[1] - drawn[0], counts=np.concatenate(margins))
    pair = (float(values[0]), float(values[1]))
    yield _pair(together, name, pair, interval, unit=unit, n=int(table.sum()), method=BOOTSTRAP)


def _against_reference(together: Together, cells: Cells, seed: int) -> Iterator[Paired]:
    """Ratio and difference of selection to a reference group that both plans state."""
    stated = {p.fairness.reference.get(cells.columns[0]) for p in together.plans}
    levels = [level for (level,) in cells.levels]
    if together.selected is None or len(stated) != 1 or (reference := stated.pop()) not in levels:
        return
    base = levels.index(reference)
    old, new = (side.astype(np.int64) for side in together.selected)
    for cell in np.flatnonzero(~cells.hidden & (cells.sizes > 0)).tolist():
        if cell == base or cells.hidden[base]:
            continue
        inside = (cells.codes == cell) | (cells.codes == base)
        own = cells.codes[inside] == cell
        table = np.bincount(4 * own + 2 * old[inside] + new[inside], minlength=8).reshape(2, 2, 2)
        if table.sum(axis=(1, 2)).min() < 1:
            continue
        drawn = resample_counts(table, DRAWS, np.random.default_rng([seed, 32, cell]))
        for figure, how, unit in ((RATIO, np.divide, "ratio"), (SELECTION_DIFFERENCE, np.subtract, "difference")):
            yield from _compared(together, figure_id(figure, cells.keys(cell)), table, drawn, how, unit)


def _compared(
    together: Together,
    figure: str,
    table: npt.NDArray[np.int64],
    drawn: npt.NDArray[np.int64],
    how: Any,
    unit: Any,
) -> Iterator[Paired]:
    """A comparison of two rates, of both models, from group × both decisions."""

    def both(tables: npt.NDArray[np.int64]) -> list[Any]:
        rows = tables.sum(axis=(-2, -1)).astype(np.float64)
        found = []
        for selected in (tables[..., 1, :].sum(axis=-1), tables[..., 1].sum(axis=-1)):
            with np.errstate(divide="ignore", invalid="ignore"):
                rates = selected / rows
                found.append(how(rates[..., 1], rates[..., 0]))
        return found

    values = both(table)
    if not np.isfinite(values).all():
        return
    moved = both(drawn)
    selected = np.concatenate([table[:, 1, :].sum(axis=-1), table[:, :, 1].sum(axis=-1)])
    sizes = np.tile(table.sum(axis=(1, 2)), 2)
    interval = percentile(moved[1] - moved[0], counts=np.concatenate([selected, sizes - selected]))
    pair = (float(values[0]), float(values[1]))
    yield _pair(together, figure, pair, interval, unit=unit, n=int(table.sum()), method=BOOTSTRAP)


def _more(together: Together) -> Iterator[Paired]:
    """Several classes, and numbers: what no champion is compared by."""
    outcomes = with_outcome(together.after)
    if not outcomes.n:
        return
    other = together.before.rows.scores[outcomes.present]
    if together.after.task == "multiclass":
        right = [s.argmax(axis=1) == outcomes.labels for s in (other, outcomes.scores)]
        inside = outcomes.present
        whole = [np.zeros(len(inside), np.bool_) for _ in right]
        for place, own in zip(whole, right, strict=True):
            place[inside] = own
        yield _rate(together, "performance.accuracy", (whole[0], whole[1]), inside)
    elif together.after.task == "regression":
        yield from _of_errors(together, outcomes, other)


def _of_errors(together: Together, outcomes: Outcomes, other: Floats) -> Iterator[Paired]:
    """Mean error, root of the mean squared error and R², linearised row by row (Binder 1983)."""
    labels, sampling = outcomes.labels, outcomes.sampling
    old, new = other - labels, outcomes.scores - labels
    total = float(outcomes.n if outcomes.weights is None else outcomes.weights.sum())
    bias = (outcomes.mean(old), outcomes.mean(new))
    found: dict[str, tuple[tuple[float, float], Floats, Unit]] = {
        "performance.mean_error": (bias, (new - bias[1]) - (old - bias[0]), "target")
    }
    squares = (outcomes.mean(old**2), outcomes.mean(new**2))
    if min(squares) > 0:
        roots = (float(np.sqrt(squares[0])), float(np.sqrt(squares[1])))
        slopes = [(e**2 - s) / (2 * r) for e, s, r in zip((old, new), squares, roots, strict=True)]
        found["performance.rmse"] = (roots, slopes[1] - slopes[0], "target")
    spread = (labels - outcomes.mean(labels)) ** 2
    variance = outcomes.mean(spread)
    if variance > 0:
        fits = (1 - squares[0] / variance, 1 - squares[1] / variance)
        # The derivative of −(m₁ − m₀)/v by its means.
        parts = -((new**2 - old**2) - (squares[1] - squares[0])) / variance
        parts += (squares[1] - squares[0]) / variance**2 * (spread - variance)
        found["performance.r2"] = (fits, parts, "score")
    for name, (values, influence, unit) in found.items():
        interval = sampling.total_interval(values[1] - values[0], influence / total)
        yield _pair(together, name, values, interval, unit=unit, n=outcomes.n, method=LINEARISED)
