"""What of the reasons, their test and the changes is figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from scipy.stats import rankdata

from explainkit.evidence import LedgerEntry
from explainkit.explain.case_figures import number_of
from explainkit.explain.decision.candidates import COST
from explainkit.explain.decision.changes import Search
from explainkit.explain.decision.comparison import FEWEST, Against, Comparison
from explainkit.explain.decision.fidelity import Fidelity
from explainkit.explain.decision.near import RULE as OFF_DATA
from explainkit.explain.decision.ranking import shortfall
from explainkit.explain.decision.setting import FloatArray, IntArray, Situation
from explainkit.explain.target import UNITS
from explainkit.figures import Figure, Unit, figure_id
from explainkit.load.columns import kind_of

_PREFIX = "explanation.reasons"
_SHOWN = 20
"""Inputs of each ranking that are figures; a ranking of all of them holds thousands for a wide model."""
_BEYOND = 10


def others_figures(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """For each case the sum of the contributions beyond the ten largest, so that a chart can print its last bar.

    Parameters
    ----------
    figures : sequence of Figure
        With ``explanation.shap.contribution[case=…,feature=…]``.
    """
    cases: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.name == "explanation.shap.contribution" and "case" in figure.keys:
            cases.setdefault(figure.keys["case"], []).append(figure)
    found = []
    for case, own in cases.items():
        rest = sorted(own, key=lambda f: (-abs(f.value or 0.0), f.id))[_BEYOND:]
        if rest:
            found.append(
                Figure(
                    id=figure_id("explanation.shap.others", beyond=str(_BEYOND), case=case),
                    value=float(np.sum([f.value for f in rest])),
                    n=1,
                    unit=rest[0].unit,
                    method="sum of the SHAP values of the inputs beyond the largest",
                    dataset="evaluation",
                    class_=rest[0].class_,
                )
            )
    return tuple(found)


def words_for(against: Against) -> str:
    """The comparison group in words."""
    return "the favourably decided rows nearest to the cut-off" if against == "cutoff" else "all rows"


def group_figures(setting: Situation, comparison: Comparison) -> Iterator[Figure]:
    """The groups of comparison and the background."""
    share = f"{100 * setting.plan.band:g} %"
    how = {
        "cutoff": f"favourably decided rows whose scores lie nearest to the cut-off: {share} of them (explain.band), "
        f"at least {FEWEST}, with all that tie with the last",
        "all": "evaluation rows, as stand for all applicants",
    }
    for against, rows in (("cutoff", comparison.cutoff), ("all", comparison.everyone)):
        yield Figure(
            id=figure_id(f"{_PREFIX}.group_rows", against=against),
            value=len(rows),
            unit="count",
            method=how[against],
            dataset="evaluation",
        )
    if comparison.far is not None:
        yield Figure(
            id=f"{_PREFIX}.band_edge",
            value=comparison.far,
            n=comparison.band,
            unit="score",
            method="score of the one of them that lies furthest from the cut-off",
            dataset="evaluation",
        )
    yield Figure(
        id=f"{_PREFIX}.background_rows",
        value=comparison.explanation.background_rows,
        unit="count",
        method=comparison.explanation.background,
    )


def overall_figures(comparison: Comparison, first: IntArray, shared: IntArray | None) -> Iterator[Figure]:
    """Over all adverse decisions explained: how often each input is a reason, and how often both methods agree.

    Parameters
    ----------
    comparison : Comparison
        With the names of the inputs.
    first : ndarray of int, shape (n_adverse, n_reasons)
        Principal reasons of every adverse decision explained.
    shared : ndarray of int, shape (n_adverse,), optional
        How many of them the other method names too.
    """
    count = len(first)
    yield Figure(
        id=f"{_PREFIX}.adverse",
        value=count,
        unit="count",
        method="decisions against the person among the rows explained",
        dataset="evaluation",
    )
    if count == 0:
        return
    names = comparison.explanation.features
    times = np.bincount(first[first >= 0], minlength=len(names))
    for j in map(int, np.argsort(-times, kind="stable")[:_SHOWN]):
        if times[j]:
            yield _rate(
                figure_id(f"{_PREFIX}.frequency", feature=names[j]),
                int(times[j]),
                count,
                "share of the adverse decisions explained in which the input is a principal reason",
            )
    if shared is not None:
        same = int((shared == (first >= 0).sum(axis=1)).sum())
        how = "share of the adverse decisions explained for which both methods name the same set of reasons"
        yield _rate(f"{_PREFIX}.same_set", same, count, how)


def case_figures(
    setting: Situation, comparison: Comparison, key: str, row: int, shared: int | None, reasons: Sequence[int]
) -> Iterator[Figure]:
    """Contributions, shortfalls and agreement of one adverse case; `row` is its place in the comparison."""
    values = comparison.values[row]
    unit, names = UNITS[comparison.explanation.space], comparison.explanation.features
    short: dict[Against, FloatArray] = {}
    class_ = comparison.explanation.outputs[0]
    for against in get_args(Against):
        mean = comparison.mean(against)
        if mean is not None:
            short[against] = shortfall(values[None], mean, setting.sign)[0]
    shown = dict.fromkeys(int(j) for s in short.values() for j in np.argsort(-s, kind="stable")[:_SHOWN])
    for j in shown:
        how = f"SHAP value against {comparison.explanation.background} (interventional)"
        figure = _number(f"{_PREFIX}.contribution", {"case": key, "feature": names[j]}, values[j], unit, how)
        yield replace(figure, class_=class_)
    for against, size in short.items():
        rows = len(comparison.cutoff if against == "cutoff" else comparison.everyone)
        how = f"how much further against the person than the unweighted mean contribution among {words_for(against)}"
        for j in shown:
            keys = {"against": against, "case": key, "feature": names[j]}
            yield _number(f"{_PREFIX}.shortfall", keys, size[j], unit, how, rows)
    if shared is not None:
        yield Figure(
            id=figure_id(f"{_PREFIX}.shared", case=key),
            value=shared,
            unit="count",
            method=f"principal reasons that the other method names too, of {len(reasons)}",
            dataset="evaluation",
        )
        yield _agreement(key, short["cutoff"], short["all"])


def _agreement(key: str, first: FloatArray, second: FloatArray) -> Figure:
    identifier = figure_id(f"{_PREFIX}.rank_agreement", case=key)
    how = "rank correlation of the shortfalls of all inputs by both methods (Spearman)"
    ranks = rankdata(first), rankdata(second)
    if len(first) < 2 or any(np.ptp(r) == 0 for r in ranks):
        reason = "the shortfalls of one method do not differ between the inputs"
        return Figure(id=identifier, status="insufficient", reason=reason, method=how, dataset="evaluation")
    value = float(np.corrcoef(*ranks)[0, 1])
    return Figure(id=identifier, value=value, n=len(first), unit="none", method=how, dataset="evaluation")


def mean_figures(comparison: Comparison, names: Sequence[str]) -> Iterator[Figure]:
    """Mean contribution of some inputs in each group."""
    unit, features = UNITS[comparison.explanation.space], comparison.explanation.features
    place = {name: j for j, name in enumerate(features)}
    for against in get_args(Against):
        mean = comparison.mean(against)
        rows = len(comparison.cutoff if against == "cutoff" else comparison.everyone)
        for name in names if mean is not None else ():
            keys = {"against": against, "feature": name}
            how = f"unweighted mean contribution among {words_for(against)}"
            yield _number(f"{_PREFIX}.mean", keys, mean[place[name]], unit, how, rows)  # type: ignore[index]


def fidelity_figures(key: str, tested: Fidelity | None) -> Iterator[Figure]:
    """How often the decision turns when reasons, or other inputs, are replaced."""
    how = "share of {} whose values turn the decision when they replace {}"
    donors = "rows that the reasons were ranked against"
    if tested is None:
        yield Figure(
            id=figure_id(f"{_PREFIX}.turned", case=key),
            status="insufficient",
            reason="there is no reason to replace, or no row to take values from",
            method=how.format(donors, "those of the stated reasons together"),
            dataset="evaluation",
        )
        return
    method = how.format(donors, "those of the stated reasons together")
    yield _rate(figure_id(f"{_PREFIX}.turned", case=key), tested.stated, tested.tried, method)
    identifier = figure_id(f"{_PREFIX}.turned_others", case=key)
    method = how.format(donors, "those of as many other inputs, drawn at random for each")
    if tested.others is None:
        reason = "the model has fewer other inputs than stated reasons"
        yield Figure(id=identifier, status="insufficient", reason=reason, method=method, dataset="evaluation")
        return
    yield _rate(identifier, tested.others, tested.tried, method)


def change_figures(setting: Situation, key: str, search: Search) -> Iterator[Figure]:
    """What was tried, and the numbers of what was found."""
    counts = (
        ("tried", search.tried, "changed rows that the model was asked about"),
        ("turned", search.turned, "those of them that turn the decision"),
        (
            "off_data",
            search.off,
            f"changes that turn the decision, smaller than what was found, and refused: {OFF_DATA}",
        ),
    )
    for name, count, how in counts:
        yield Figure(
            id=figure_id(f"explanation.change.{name}", case=key),
            value=count,
            unit="count",
            method=how,
            dataset="evaluation",
        )
    features = setting.subject.features
    for i, found in enumerate(search.found, start=1):
        keys = {"case": key, "change": str(i)}
        yield _number("explanation.change.score", keys, found.score, "score", "the model's answer to the changed row")
        yield _number("explanation.change.cost", keys, found.cost, "none", COST)
        for j, value in zip(found.columns, found.values, strict=True):
            number = number_of(value, kind_of(setting.rows[features[j]]))
            if number is not None:
                how = "a value that a reference row holds"
                yield _number("explanation.change.value", {**keys, "feature": features[j]}, number, "input", how)


def _number(name: str, keys: dict[str, str], value: float, unit: Unit, method: str, rows: int | None = None) -> Figure:
    exact = int(value) if isinstance(value, int) else float(value)
    return Figure(id=figure_id(name, keys), value=exact, n=rows, unit=unit, method=method, dataset="evaluation")


def _rate(identifier: str, events: int, n: int, method: str) -> Figure:
    return Figure(
        id=identifier, value=events / n, events=events, n=n, unit="proportion", method=method, dataset="evaluation"
    )


def ledger_of(kind: str, what: str, reason: str, count: int | None = None) -> LedgerEntry:
    """An entry of the ledger."""
    return LedgerEntry(kind=kind, what=what, reason=reason, count=count)  # type: ignore[arg-type]
