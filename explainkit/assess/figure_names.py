"""Names and keys of figures that a gate may mean, so that a typo is told from what was not measured.

A gate on a figure that explainkit knows but did not measure fails. A gate on a figure that nothing can ever measure is
a mistake in the plan, and is refused as soon as it can be known: a name before anything is read or measured, a group or
a class before the model is explained, an input afterwards, and always before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from explainkit.assess.preconditions import NEEDS
from explainkit.errors import PlanError, nearest
from explainkit.figures import Figure, figure_id, parse_figure_id
from explainkit.plan import GatePlan

_OTHERS = {
    "benchmark": ("difference", "value"),
    "case": ("input", "score"),
    "champion": ("difference", "value"),
    "data": (
        *("class_count", "distinct", "duplicates", "events", "high", "labelled", "low", "missing", "missing_by_group"),
        *("missing_by_outcome", "near_duplicates", "off_reference", "personal", "rows", "share_difference"),
    ),
    "drift": (
        *("concept_intercept", "concept_p_value", "concept_slope", "estimated_base_rate", "estimated_precision"),
        *("estimated_recall", "estimated_roc_auc", "jensen_shannon", "ks", "mean_error", "missing", "outcome_rate"),
        *("p_value", "psi", "score_ks", "score_p_value", "score_psi", "score_wasserstein"),
        *("told_apart", "told_apart_lost", "told_apart_p", "wasserstein"),
    ),
    "explanation.ale": ("span",),
    "explanation.change": ("cost", "off_data", "score", "tried", "turned", "value"),
    "explanation.dependence": ("interaction",),
    "explanation.drift": ("difference", "rank_correlation", "reference"),
    "explanation.gap": ("contribution", "others", "total"),
    "explanation.interaction": ("strength",),
    "explanation.lime": (
        *("fidelity", "intercept", "rank_stability", "rows", "samples", "seeds", "sign_stability", "spread", "weight"),
    ),
    "explanation.pdp": ("span",),
    "explanation.permutation": ("base", "importance", "repeats"),
    "explanation.reasons": (
        *("adverse", "background_rows", "band_edge", "blocked", "contribution", "frequency", "group_rows", "mean"),
        *("rank_agreement", "same_set", "shared", "shortfall", "turned", "turned_others"),
    ),
    "explanation.reliability": (
        *("deletion.gain", "difference", "insertion.gain", "kinds", "kinds.moved", "kinds.rank_correlation"),
        *("kinds.sign_agreement", "lime", "lime.rank_correlation", "lime.sign_agreement", "off_data.mixtures"),
        *("off_data.rows", "residual", "shared_credit.correlation", "shared_credit.pairs"),
        *("stability.backgrounds", "stability.rows", "within_error"),
    ),
    "explanation.shap": (
        *("background_rows", "base", "contribution", "importance", "others", "output", "residual", "residual_max"),
        *("residual_median", "rows"),
    ),
    "fairness": ("count", "unknown"),
    "leakage": (
        *("auc", "determined", "determined_chance", "determined_rows", "overlap", "overlap_excess"),
        *("overlap_expected", "rank_correlation"),
    ),
    "ledger": ("count",),
    "load": ("latency", "memory", "start", "throughput"),
    "ll144": ("unknown",),
    "performance": ("effective_n",),
    "period": ("change", "change_p", "rows"),
    "property": ("answer", "holds", "looked", "tried", "violation"),
    "proxy": ("size",),
    "robustness": (
        *("asked", "off_data.loss_difference", "off_data.rows", "off_data.score", "off_data.score_difference"),
        *("scenario.score_change", "scenario.score_change_p95", "scenario.score_shift", "score_change"),
        *("score_change_p95", "worst.score_change", "worst.score_change_p95"),
    ),
    "sample": ("change", "change_p", "rows"),
    "segment": ("rows",),
}
NAMES = frozenset(
    {name for needs in NEEDS.values() for name in needs}
    | {f"{family}.{name}" for family, names in _OTHERS.items() for name in names}
)
"""Every figure that can be measured for some subject."""

_NAMED = frozenset({"actual", "class", "column", "decided", "feature", "group", "output", "property", "scenario"})
"""Keys whose values are names of the model or the data, as those of sensitive columns are; others number things."""


def check_names(gates: Iterable[str], measured: Iterable[str] = (), *, where: str = "gates") -> None:
    """Raise if a gate, or another limit of the plan, names a figure that can never be measured.

    Parameters
    ----------
    gates : iterable of str
        Figure ids or names.
    measured : iterable of str
        Names that exist besides `NAMES`.
    where : str
        Table of the plan that errors name.

    Raises
    ------
    PlanError
        With the nearest names.
    """
    known = NAMES | set(measured)
    for key in gates:
        name = parse_figure_id(key)[0]
        if name not in known:
            raise PlanError("no such figure", where=f"{where}: {key}", remedy=nearest(name, sorted(known)))


def check_keys(gates: Mapping[str, GatePlan], figures: Iterable[Figure]) -> None:
    """Raise if what stands in the brackets of a gate exists nowhere in what was measured.

    A group, class or column that any figure has is known, even if the figure of the gate was not measured for it; and
    what cannot be judged by these figures (columns before the model is explained, groups where no sensitive column is
    named) is left to the gate, which fails where nothing is found.

    Parameters
    ----------
    gates : mapping of str to GatePlan
        By figure id or name.
    figures : iterable of Figure
        What has been measured so far.

    Raises
    ------
    PlanError
        With the nearest ids.
    """
    listed = list(figures)
    ids = {figure.id for figure in listed}
    values: dict[str, set[str]] = {}
    columns: set[str] = set()
    for figure in listed:
        for part, value in figure.keys.items():
            values.setdefault(part, set()).add(value)
            if figure.name == "fairness.count":
                columns.add(part)
    for key in gates:
        name, keys = parse_figure_id(key)
        identifier = figure_id(name, keys)
        if not keys or identifier in ids:
            continue
        for part, value in parse_figure_id(identifier)[1].items():
            unknown_part = part not in values and name.startswith("fairness.") and bool(columns)
            unknown_value = part in columns | _NAMED and value not in values.get(part, {value})
            if unknown_part or unknown_value:
                raise _no_such_id(key, listed, values, part)


def _no_such_id(key: str, figures: list[Figure], values: Mapping[str, set[str]], part: str) -> PlanError:
    name, keys = parse_figure_id(key)
    known = [figure.id for figure in figures if figure.name == name and figure.keys]
    if not known:  # nothing of that name was measured: the ids that there would be
        known = [figure_id(name, keys | {part: value}) for value in sorted(values.get(part, ()))]
    found = f"{part}={keys[part]}"
    return PlanError("no such figure", where=f"gates: {key}", found=found, remedy=nearest(key, known or sorted(values)))
