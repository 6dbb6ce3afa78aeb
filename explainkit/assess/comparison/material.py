"""Whether a change is material: by the rule that a plan states, and by no other. Without a rule nobody says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from explainkit.assess.comparison.figures import DIFFERENCE, Table
from explainkit.assess.figure_names import check_names
from explainkit.comparison import Changed, Material, Ruled, RuleOutcome
from explainkit.errors import PlanError, nearest
from explainkit.evidence import Evidence
from explainkit.figures import Figure, FigureSet, figure_id, parse_figure_id
from explainkit.plan import ComparePlan, MaterialPlan

OWN = (
    *("compare.flips", "compare.flips_to_favourable", "compare.flips_to_unfavourable", "compare.flips_to_positive"),
    *("compare.flips_from_positive", "compare.prediction_change", "compare.rank_correlation"),
)
"""Figures of a comparison itself that a rule can name."""
_TABLES = {"model": ("model", "digest"), "data": ("data", None), "inputs": ("input", None)}
"""Words for what is no key of the plan: kind of change, and what of it."""


def check_rule(plan: ComparePlan) -> None:
    """Raise if a rule names a figure that no comparison can have, or limits one in the wrong way.

    Raises
    ------
    PlanError
        With the nearest names.
    """
    for key, limit in plan.material.items():
        name, where = parse_figure_id(key)[0], f"compare.material: {key}"
        own = limit.min is not None or limit.max is not None
        if not name.startswith("compare."):
            check_names([key], where="compare.material")
        elif name not in OWN:
            raise PlanError("no such figure", where=where, remedy=nearest(name, OWN))
        if own != name.startswith("compare."):
            raise PlanError(
                "a limit of another kind",
                where=where,
                allowed="min or max" if name.startswith("compare.") else "decrease, increase or change",
            )


def rule_of(before: Evidence, after: Evidence) -> tuple[ComparePlan, Any]:
    """The rule, and whose plan states it: the earlier one, which knew nothing of the change, else the later one."""
    for evidence, where in ((before, "before"), (after, "after")):
        plan = ComparePlan.model_validate(evidence.plan.get("compare", {}))
        if plan.stated:
            return plan, where
    return ComparePlan(), None


def judge(rule: tuple[ComparePlan, Any], table: Table, own: FigureSet, changed: Iterable[Changed]) -> Material:
    """Hold what was found against the rule.

    Parameters
    ----------
    rule : tuple
        As `rule_of` gives it.
    table : Table
        What was compared.
    own : FigureSet
        Figures of the comparison itself.
    changed : iterable of Changed
        What else is not the same.

    Returns
    -------
    Material
        Material where any limit is exceeded; else undecided where a figure of the rule was not compared.
    """
    plan, stated_in = rule
    if stated_in is None:
        return Material(stated_in=None, severity=plan.severity, outcome=None, rules=())
    rules = [_worst(key, limit, _concerned(key, table, own)) for key, limit in plan.material.items()]
    rules += [_key(key, tuple(changed)) for key in plan.keys]
    outcomes = {rule.outcome for rule in rules}
    order: tuple[Ruled, ...] = ("material", "undecided", "not material")
    worst = next(outcome for outcome in order if outcome in outcomes)
    return Material(stated_in=stated_in, severity=plan.severity, outcome=worst, rules=tuple(rules))


def _worst(key: str, limit: MaterialPlan, concerned: Iterable[tuple[str, Figure | str | None]]) -> RuleOutcome:
    """The figure that decides among all that the rule names."""
    named = list(concerned)
    found = [_held(figure, limit) for _, figure in named]
    words = _limit(limit)
    if not found:
        reason = "no such figure was compared"
        return RuleOutcome(rule=key, limit=words, outcome="undecided", figure=None, reason=reason)
    ranks = {"material": 0, "undecided": 1, "not material": 2}
    place = min(range(len(found)), key=lambda i: (ranks[found[i][0]], -found[i][2], named[i][0]))
    outcome, reason, _ = found[place]
    return RuleOutcome(rule=key, limit=words, outcome=outcome, figure=named[place][0], reason=reason)


def _concerned(key: str, table: Table, own: FigureSet) -> Iterator[tuple[str, Figure | str | None]]:
    """Id of each figure that a rule means, with the number that its limit is about.

    None stands for one that is the same, a text for why one cannot be compared.
    """
    name, keys = parse_figure_id(key)
    whole = figure_id(name, keys)

    def meant(figure: str) -> bool:
        return figure == whole or (not keys and figure.partition("[")[0] == name)

    # A group that is hidden stands in the share of all rows, which a rule on the name is about too.
    hidden = ("suppressed", "not_tested")
    yield from ((f.id, f) for f in own if meant(f.id) and (keys or f.status not in hidden))
    differences = {f.id: f for f in table.figures if f.name == DIFFERENCE}
    for compared in table.compared:
        if meant(compared.figure):
            yield compared.figure, differences.get(figure_id(DIFFERENCE, figure=compared.figure))
    yield from ((u.figure, f"{u.why}: {u.reason}") for u in table.uncompared if meant(u.figure) and u.lost)


def _held(figure: Figure | str | None, limit: MaterialPlan) -> tuple[Ruled, str, float]:
    """Outcome, reason, and how far beyond the limit."""
    if figure is None:
        return "not material", "it is the same", -math.inf
    if isinstance(figure, str):
        return "undecided", figure, 0.0
    if figure.value is None:
        return "undecided", f"{figure.status.replace('_', ' ')}: {figure.reason}", 0.0
    ends = (figure.low, figure.high)
    if limit.bound != "value" and None in ends:
        return "undecided", f"the figure has no interval, so there is no bound {limit.bound}", 0.0
    beyond = max(_excess(figure, limit))
    which = {"value": "the number", "shown": "the whole interval", "possible": "an end of the interval"}[limit.bound]
    if beyond > 0:
        return "material", f"{which} is beyond the limit", beyond
    return "not material", f"{which} is not beyond the limit", beyond


def _excess(figure: Figure, limit: MaterialPlan) -> Iterator[float]:
    """By how much each limit is exceeded, where it is, else below or at zero."""
    low, high = _ends(figure, limit.bound)
    for most in (limit.increase, limit.change, limit.max):
        if most is not None:
            yield high - most
    for most in (limit.decrease, limit.change):
        if most is not None:
            yield -low - most
    if limit.min is not None:
        yield limit.min - low


def _ends(figure: Figure, bound: str) -> tuple[float, float]:
    """What is held against limits below, and what against limits above."""
    assert figure.value is not None
    if bound == "value":
        return float(figure.value), float(figure.value)
    assert figure.low is not None
    assert figure.high is not None
    # Shown is what even the end nearer to no change exceeds.
    return (figure.high, figure.low) if bound == "shown" else (figure.low, figure.high)


def _limit(limit: MaterialPlan) -> str:
    given = [
        (name, getattr(limit, name)) for name in ("decrease", "increase", "change") if getattr(limit, name) is not None
    ]
    words = [f"{name} > {_number(value)}" for name, value in given]
    words += [f"< {_number(limit.min)}"] if limit.min is not None else []
    words += [f"> {_number(limit.max)}"] if limit.max is not None else []
    return " or ".join(words) + ("" if limit.bound == "value" else f" ({limit.bound})")


def _number(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _key(key: str, changed: tuple[Changed, ...]) -> RuleOutcome:
    """Whether a key of the plan, or a table of it, is not the same; ``model``, ``data`` and ``inputs`` are no keys."""
    kind, what = _TABLES.get(key, ("plan", None))
    if key in _TABLES:
        hits = [c.what for c in changed if c.kind == kind and what in (None, c.what)]
    elif key.partition(".")[0] == "statements":
        own = key.partition(".")[2]
        hits = [f"statements.{c.what}" for c in changed if c.kind == "statement" and own in ("", c.what)]
    else:
        hits = [c.what for c in changed if c.kind == kind and (c.what == key or c.what.startswith(f"{key}."))]
    if hits:
        more = f" and {len(hits) - 1} more" if len(hits) > 1 else ""
        return RuleOutcome(rule=key, limit="any change", outcome="material", figure=None, reason=f"{hits[0]}{more}")
    return RuleOutcome(rule=key, limit="any change", outcome="not material", figure=None, reason="it is the same")
