"""Selection by groups that are known by probabilities alone: what the rates could be at all, and an estimate.

Where nobody recorded an attribute, somebody may have estimated it (from names and addresses, say): each row then has a
probability of each group. How decisions and groups go together within rows of equal probability is not known, so rates
are only known to lie between bounds; the estimate in between takes them to be unrelated there.

References
----------
Chen, Kallus, Mao, Svacha and Udell, FAT* 2019, arXiv:1811.11154 (the estimate and its bias); Kallus, Mao and Zhou
(2022), Management Science 68, 1959–1981, doi:10.1287/mnsc.2020.3850 (bounds); Fréchet (1951), Annales de l'Université
de Lyon A 14, 53–77.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.fairness.references import STATED
from explainkit.assess.outcomes import selected_rows
from explainkit.assess.recorder import Details, Keys, Recorder, among
from explainkit.assess.statistics.binning import equal_counts
from explainkit.assess.statistics.intervals import Interval
from explainkit.evidence import Measured
from explainkit.load.subject import ProxyColumn, Subject

SIZE, RATE = "proxy.size", "proxy.selection_rate"
DIFFERENCE, RATIO = "proxy.selection_difference", "proxy.impact_ratio"
MOST_BINS, LEAST_ROWS = 50, 30
_SMALL = "fewer rows are expected of the group than fairness.min_cell, or it would reveal one of which that is so"

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A rate that is known to lie between bounds."""

    value: float
    """If decisions and groups are unrelated within rows of equal probability."""
    low: float
    high: float


def measure(subject: Subject, *, min_cell: int) -> Measured:
    """Figures ``proxy.*`` of each attribute that is known by probabilities; nothing where there is none.

    Parameters
    ----------
    subject : Subject
        With `Rows.proxies`.
    min_cell : int
        Expected size from which on a group is shown.
    """
    recorder = Recorder(subject, undefined="insufficient")
    selected = selected_rows(subject)
    for column in subject.rows.proxies:
        if not (column.basis or "").strip():
            reason = f"no legal basis is stated for the column (proxies.{column.name}.basis)"
            recorder.missing(RATE, {"column": column.name}, status="not_tested", reason=reason)
        elif recorder.open(RATE) and selected is not None:
            _record(recorder, column, selected, min_cell)
    return recorder.result()


def _record(recorder: Recorder, column: ProxyColumn, selected: Bools, min_cell: int) -> None:
    known = np.isfinite(column.chances.sum(axis=1))
    lacking = int(np.count_nonzero(~known))
    if lacking:
        reason = "a probability is missing: left out of what is said of these groups"
        recorder.note("not_tested", f"rows without probabilities of {column.name}", reason, lacking)
    weights = np.ones(len(known)) if recorder.sampling.weights is None else recorder.sampling.weights
    known &= weights > 0
    chances, decided, weights = column.chances[known], selected[known], weights[known]
    expected = chances.sum(axis=0)
    hidden = _hidden(expected, len(chances), min_cell)
    found = [None if hide else bounded_rate(chances[:, place], decided, weights) for place, hide in enumerate(hidden)]
    reference = column.levels.index(column.reference)
    other, words = found[reference], f"{column.reference} {STATED}"
    for level, size, own in zip(column.levels, expected, found, strict=True):
        keys: Keys = {"column": column.name, "group": level}
        if own is None:
            for name in (SIZE, RATE, DIFFERENCE, RATIO):
                recorder.missing(name, keys, status="suppressed", reason=_SMALL)
            continue
        common: Details = {"n": int(known.sum()), "numerator": f"selected{among(recorder.subject)}: decided "}
        common["numerator"] += str(recorder.subject.favourable)
        how = "sum of the probabilities, weights not applied"
        count: Details = {"unit": "count", "n": int(known.sum()), "method": how, "unweighted": True}
        recorder.number(SIZE, float(size), keys, undefined="", **count)
        rate: Details = common | {"unit": "proportion", "bounds": Interval(own.low, own.high), "method": _METHOD}
        recorder.number(RATE, own.value, keys, undefined="", **rate)
        if other is None:
            for name in (DIFFERENCE, RATIO):
                recorder.number(name, None, keys, undefined="the reference group is suppressed")
            continue
        same = level == column.reference
        common |= {"reference": words, "method": f"from the bounds of both; {_METHOD}"}
        reach = None if same else Interval(own.low - other.high, own.high - other.low)
        gap: Details = common | {"unit": "difference", "bounds": reach}
        recorder.number(DIFFERENCE, own.value - other.value, keys, undefined="", **gap)
        # Where nobody of the reference need be selected, the ratio has no upper bound, and none is given.
        reach = None if same or not other.low > 0 else Interval(own.low / other.high, own.high / other.low)
        ratio: Details = common | {"unit": "ratio", "bounds": reach}
        value = own.value / other.value if other.value > 0 else None
        recorder.number(RATIO, value, keys, undefined="the rate of the reference group is zero", **ratio)


def _hidden(expected: Floats, rows: int, min_cell: int) -> Bools:
    """Groups of fewer rows than ``min_cell``, and the next smallest until they cannot be told by subtraction."""
    sizes = np.append(expected, max(0.0, rows - float(expected.sum())))  # the last are of none of the groups
    small = (sizes > _NOTHING) & (sizes < min_cell)
    for place in np.argsort(sizes, kind="stable"):
        if not small.any() or (small.sum() > 1 and sizes[small].sum() >= min_cell):
            break
        small[place] |= sizes[place] > _NOTHING
    return small[:-1] | (expected <= _NOTHING)


_NOTHING = 1e-9
"""Sums of probabilities below it are zero but for rounding."""
_METHOD = "if decisions and groups are unrelated within rows of equal probability; bounds of all that the probabilities"
_METHOD += f" allow, over at most {MOST_BINS} bins of them: no confidence interval, and true if the probabilities are"


def bounded_rate(chances: Floats, selected: Bools, weights: Floats) -> Bounded | None:
    """Selection rate of a group that is known by probabilities; None where none is expected of it.

    Within rows of about equal probability p of the group, of which a share s is selected, the share that is both lies
    between max(0, s + p − 1) and min(s, p).

    Parameters
    ----------
    chances : numpy.ndarray
        Probability of the group, within [0, 1], shape (n_rows,).
    selected : numpy.ndarray
        Shape (n_rows,).
    weights : numpy.ndarray
        >= 0, shape (n_rows,).
    """
    size = float((weights * chances).sum())
    if not size > 0:
        return None
    # Few rows a bin would make its share of selected ones look certain.
    bins = equal_counts(chances, bins=max(1, min(MOST_BINS, len(chances) // LEAST_ROWS)))

    def total(of: Floats) -> Floats:
        return np.bincount(bins.codes, of, minlength=len(bins.counts)).astype(np.float64)

    whole, own, chosen = total(weights), total(weights * chances), total(weights * selected)
    low, high = np.maximum(0.0, chosen + own - whole).sum() / size, np.minimum(chosen, own).sum() / size
    value = float((weights * chances * selected).sum()) / size
    # Sums in another order can leave an end within the value by rounding.
    return Bounded(value=value, low=min(float(low), value), high=min(1.0, max(float(high), value)))
