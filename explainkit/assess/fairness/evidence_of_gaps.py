"""What speaks for a gap in selection: tests, what chance alone gives, and what the sizes of the groups can show at all.

A p-value that is not small is no evidence of equality, and an adjustment for many comparisons never clears a group: raw
and adjusted ones stand side by side.
"""

from __future__ import annotations

import numpy as np

from explainkit.assess.fairness.comparison import EMPTY, OVER_PAIRS, Comparison
from explainkit.assess.recorder import Details
from explainkit.assess.statistics.chance import DRAWS, by_chance
from explainkit.assess.statistics.extremes import smallest_ratio_interval
from explainkit.assess.statistics.multiplicity import PValue, benjamini_hochberg, holm, proportions_differ
from explainkit.assess.statistics.power import ALPHA, POWER, detectable

P, HOLM, BH = "fairness.selection_p", "fairness.selection_p_holm", "fairness.selection_p_bh"
BELOW, ABOVE = "fairness.detectable_below", "fairness.detectable_above"
RATIO, CHANCE, CHANCE_P = "fairness.demographic_parity_ratio", "fairness.chance_ratio", "fairness.chance_p"

_NOT_SIMPLE = "the tests are for independent rows that count alike"
_AFTER_LOOKING = "the reference was chosen after looking, which makes p too small (fairness.reference)"
_FEW = "fewer than two groups are shown, or nobody is selected"


def record_tests(comparison: Comparison) -> None:
    """Record the p-value of each group's difference from the reference, raw and adjusted, and what was detectable."""
    recorder, reference = comparison.recorder, comparison.reference.cell
    rows = [whole.rows for whole in comparison.rate.whole]
    events = [part.rows for part in comparison.rate.part]
    tested = [
        cell
        for cell, value in enumerate(comparison.values)
        if value is not None and comparison.comparable(cell) and recorder.sampling.simple
    ]
    tests: dict[int, PValue] = {}
    if reference is not None:
        tests = {
            cell: proportions_differ(events[cell], rows[cell], events[reference], rows[reference]) for cell in tested
        }
    raw = np.array([test.value for test in tests.values()])
    adjusted = {HOLM: holm(raw), BH: benjamini_hochberg(raw)}
    counted = "the one comparison" if len(tests) == 1 else f"the {len(tests)} comparisons"
    family = f"{counted} of {comparison.cells.title} with its reference"
    looked = "" if comparison.reference.stated or len(tests) < 2 else f"; {_AFTER_LOOKING}"
    for cell in range(len(rows)):
        if cell == reference:
            continue
        shown = [comparison.hide(name, cell) for name in (P, HOLM, BH, BELOW, ABOVE)]
        if not all(shown):
            continue
        test = tests.get(cell)
        why = comparison.no_reference(ratio=False) or EMPTY if recorder.sampling.simple else _NOT_SIMPLE
        details: Details = {"n": rows[cell], "reference": comparison.reference.words, "unit": "probability"}
        how = f"two-sided p of equal selection rates, {test.method if test else ''}{looked}"
        value = None if test is None else test.value
        recorder.number(P, value, comparison.keys(cell), undefined=why, **(details | {"method": how}))
        for name, words in ((HOLM, "Holm (1979)"), (BH, "Benjamini and Hochberg (1995)")):
            value = None if test is None else float(adjusted[name][list(tests).index(cell)])
            how = f"adjusted by {words} over {family}; an adjustment clears no group"
            recorder.number(name, value, comparison.keys(cell), undefined=why, **(details | {"method": how}))
        _record_detectable(comparison, cell, why, tested=test is not None)


def _record_detectable(comparison: Comparison, cell: int, why: str, *, tested: bool) -> None:
    reference, rows = comparison.reference.cell, comparison.rate.whole
    found = None
    if tested and reference is not None:
        rate = comparison.values[reference]
        assert rate is not None
        found = detectable(rate, rows[reference].rows, rows[cell].rows)
    how = f"smallest difference found with power {POWER:g} by a two-sided test at {ALPHA:g}, "
    how += "from the sizes and the rate of the reference"
    sides = (None, None) if found is None else (found.below, found.above)
    for name, value in zip((BELOW, ABOVE), sides, strict=True):
        comparison.recorder.number(
            name,
            value,
            comparison.keys(cell),
            undefined=why if found is None else "no difference on this side would be found with that power",
            unit="difference",
            n=rows[cell].rows,
            method=how,
            reference=comparison.reference.words,
        )


def record_chance(comparison: Comparison) -> None:
    """Record the smallest over the largest rate, and what chance alone would make of it for groups of these sizes."""
    recorder, keys = comparison.recorder, {"column": comparison.cells.title}
    tested = [comparison.summarised(name) for name in (RATIO, CHANCE, CHANCE_P)]
    if not all(tested):
        return
    ends = comparison.ends()
    values = [] if ends is None else [comparison.values[place] or 0.0 for place in ends]
    value = values[0] / values[1] if values and values[1] > 0 else None
    family = comparison.family()
    words = ""
    if ends is not None:
        words = f"{comparison.cells.label(ends[0])} over {comparison.cells.label(ends[1])}"
    recorder.number(
        RATIO,
        value,
        keys,
        undefined=_FEW,
        unit="ratio",
        n=comparison.shown_rows(),
        interval=None if value is None else smallest_ratio_interval([family]),
        any_sampling=True,
        interval_method=OVER_PAIRS,
        method="smallest selection rate of the groups shown over the largest",
        numerator=comparison.rate.numerator,
        reason=words,
    )
    chance = None
    if recorder.sampling.simple and value is not None:
        chance = by_chance(family.events, family.rows, np.random.default_rng([recorder.seed, 31]))
    how = f"over {DRAWS:,} permutations of the rows: the same decisions, dealt to the groups at random"
    why = _FEW if recorder.sampling.simple else _NOT_SIMPLE
    details: Details = {"n": comparison.shown_rows(), "unit": "ratio"}
    mean = None if chance is None else chance.mean
    recorder.number(CHANCE, mean, keys, undefined=why, **(details | {"method": f"mean smallest ratio {how}"}))
    details |= {"unit": "probability", "method": f"share of ratios at or below the one found, {how}"}
    recorder.number(CHANCE_P, None if chance is None else chance.p_value, keys, undefined=why, **details)
