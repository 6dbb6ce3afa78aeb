"""How explanations moved: the order of the inputs by their global importance, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from explainkit.evidence import Evidence, LedgerEntry, Measured
from explainkit.figures import Figure, figure_id

IMPORTANCE = "explanation.shap.importance"
CORRELATION = "compare.rank_correlation"
RANK_BEFORE, RANK_AFTER = "compare.rank_before", "compare.rank_after"

_KINDS = {
    "kendall": (stats.kendalltau, "Kendall's τ-b"),
    "spearman": (stats.spearmanr, "Spearman's ρ"),
}
_FEWEST = 3
"""Inputs; of two the order is the same or the other way round."""
_METHOD = (
    "of the inputs that both cards have, by mean |SHAP|; no interval, as inputs are no sample: noise in the order of "
    "inputs that matter alike draws it towards zero"
)
_RANK = "place by mean |SHAP| among the inputs that both cards have, 1 is the most important, equal ones share a place"


def measure(before: Evidence, after: Evidence) -> Measured:
    """Ranks of the inputs of both cards, and their rank correlation; of several outputs, for each.

    Parameters
    ----------
    before, after : Evidence
        Cards; what one of them does not say of an input, or says in another space or by another method, is left out,
        and the ledger says so.
    """
    old, new = _by_output(before), _by_output(after)
    figures: list[Figure] = []
    ledger: list[LedgerEntry] = []
    for output, theirs in new.items():
        ours = old.get(output, {})
        common = [feature for feature in theirs if feature in ours]
        reason = _obstacle([ours[f] for f in common], [theirs[f] for f in common])
        if reason is None:
            figures += _ranked(output, [ours[f] for f in common], [theirs[f] for f in common])
        else:
            what = "the order of the inputs" + (f", output {output}" if output else "")
            ledger.append(LedgerEntry(kind="not_tested", what=what, reason=reason))
    if not new or not old:
        reason = "not both cards have the importance of inputs"
        ledger.append(LedgerEntry(kind="not_tested", what="the order of the inputs", reason=reason))
    return Measured(figures=tuple(figures), ledger=tuple(ledger))


def _by_output(evidence: Evidence) -> dict[str, dict[str, Figure]]:
    """Importance by output (``""`` where there is one) and feature."""
    found: dict[str, dict[str, Figure]] = {}
    for figure in evidence.figures:
        if figure.name == IMPORTANCE and figure.value is not None and "feature" in figure.keys:
            found.setdefault(figure.keys.get("output", ""), {})[figure.keys["feature"]] = figure
    return found


def _obstacle(old: list[Figure], new: list[Figure]) -> str | None:
    if len(old) < _FEWEST:
        return f"both cards have fewer than {_FEWEST} inputs in common"
    if any((a.unit, a.method) != (b.unit, b.method) for a, b in zip(old, new, strict=True)):
        return "the importance of inputs is of another definition"
    return None


def _ranked(output: str, old: list[Figure], new: list[Figure]) -> Iterator[Figure]:
    more = {"output": output} if output else {}
    sizes = [np.array([float(f.value or 0.0) for f in figures]) for figures in (old, new)]
    for kind, (function, called) in _KINDS.items():
        value = float(function(*sizes).statistic) if all(s.min() < s.max() for s in sizes) else math.nan
        keys = {"kind": kind, **more}
        if math.isnan(value):
            reason = "all inputs of a card matter alike"
            yield Figure(id=figure_id(CORRELATION, keys), status="insufficient", reason=reason)
        else:
            yield Figure(
                id=figure_id(CORRELATION, keys), value=value, unit="score", n=len(old), method=f"{called} {_METHOD}"
            )
    for name, own in ((RANK_BEFORE, sizes[0]), (RANK_AFTER, sizes[1])):
        for figure, rank in zip(old, stats.rankdata(-own).tolist(), strict=True):
            keys = {"feature": figure.keys["feature"], **more}
            yield Figure(id=figure_id(name, keys), value=rank, unit="rank", n=len(old), method=_RANK)
