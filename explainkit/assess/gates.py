"""Gates: figures against the limits of the plan. They fail closed: what was not measured passes nothing.

What is no figure at all, a typo in a name or a group, is no failing gate but an error of the plan (`figure_names`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from explainkit.assess.champion import COMPARABLE, DIFFERENCE, check_comparable
from explainkit.assess.figure_names import check_keys, check_names
from explainkit.errors import nearest
from explainkit.evidence import GateOutcome
from explainkit.figures import Figure, FigureSet, figure_id, parse_figure_id
from explainkit.plan import GatePlan

STANDING: Mapping[str, GatePlan] = MappingProxyType({"explanation.reasons.blocked": GatePlan(max=0)})
"""Gates that hold without a plan; one of the same figure in the plan takes their place."""


def check_plan(gates: Mapping[str, GatePlan]) -> None:
    """Raise at once if a gate can never be held against anything.

    Raises
    ------
    PlanError
        If no figure has the name, or two models cannot be compared by it; with the nearest names.
    """
    check_names(gates)
    check_comparable(gates)


def check_measured(gates: Mapping[str, GatePlan], figures: Iterable[Figure]) -> None:
    """Raise if a gate names a group or a class that, by what has been measured so far, exists nowhere.

    Raises
    ------
    PlanError
        With the nearest ids.
    """
    check_keys(gates, figures)


def evaluate(gates: Mapping[str, GatePlan], figures: FigureSet) -> tuple[GateOutcome, ...]:
    """Hold every gate against the figures.

    Parameters
    ----------
    gates : mapping of str to GatePlan
        Limits by figure id, or by name without brackets: then every figure of that name counts, and the worst decides.
    figures : FigureSet
        Everything measured.

    Returns
    -------
    tuple of GateOutcome
        One for each gate, in the order of the plan. A figure that is absent or has no value fails its gate unless
        ``if_missing`` is ``allow``; a bound that does not exist fails in any case. Last, standing gates that failed.

    Raises
    ------
    PlanError
        If no figure has the name, or a group or class in brackets exists nowhere; with the nearest ids.
    """
    check_names(gates, (figure.name for figure in figures))
    check_comparable(gates)
    check_keys(gates, figures)
    return (*hold(gates, figures), *_standing(gates, figures))


def hold(gates: Mapping[str, GatePlan], figures: FigureSet) -> tuple[GateOutcome, ...]:
    """Hold limits that were checked before against figures; as `evaluate`, without standing gates."""
    return tuple(_outcome(key, gate, figures) for key, gate in gates.items())


def _standing(gates: Mapping[str, GatePlan], figures: FigureSet) -> Iterator[GateOutcome]:
    """Standing gates are told of where they fail, so that a plan without gates is still known as such."""
    named = {parse_figure_id(key)[0] for key in gates}
    for key, gate in STANDING.items():
        figure = figures.get(key)
        if key in named or figure is None or figure.value is None:
            continue
        outcome = _outcome(key, gate, figures)
        if outcome.outcome == "failed":
            yield replace(outcome, reason=f"{outcome.reason}; a standing gate, not set by the plan")


def any_blocking_failure(outcomes: Iterable[GateOutcome]) -> bool:
    """Whether a gate failed that blocks a release."""
    return any(outcome.outcome == "failed" and outcome.severity == "block" for outcome in outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judgement:
    """One figure held against a gate."""

    figure: Figure | None
    passed: bool
    margin: float
    """Distance to the limit, negative beyond it; the smallest decides. Minus infinity where there is no number."""
    reason: str


def _outcome(key: str, gate: GatePlan, figures: FigureSet) -> GateOutcome:
    if gate.no_worse_than_champion:
        return _against_champion(key, gate, figures)
    worst = _worst([_judge(figure, gate) for figure in _concerned(key, figures)] or [_absent(key, gate, figures)])
    return _told(key, gate, worst)


def _against_champion(key: str, gate: GatePlan, figures: FigureSet) -> GateOutcome:
    """The worse end of the paired interval of this model minus the champion, within the margin."""
    higher = COMPARABLE[parse_figure_id(key)[0]].higher_is_better
    margin = gate.margin or 0.0
    limit = GatePlan(
        min=-margin if higher else None,
        max=None if higher else margin,
        bound="low" if higher else "high",
        severity=gate.severity,
        if_missing=gate.if_missing,
    )
    ids = [figure_id(DIFFERENCE, figure=figure.id) for figure in _concerned(key, figures)]
    found = [figures.get(i) for i in ids or [figure_id(DIFFERENCE, figure=key)]]
    absent = _without_value(None, limit, "it was not compared with the champion")
    worst = _worst([absent if figure is None else _judge(figure, limit) for figure in found])
    words = f"{'>=' if higher else '<='} champion"
    if margin:
        words += f" {'−' if higher else '+'} {_number(margin)}"
    return replace(_told(key, limit, worst), limit=words)


def _told(key: str, gate: GatePlan, worst: _Judgement) -> GateOutcome:
    return GateOutcome(
        gate=key,
        limit=limit_words(gate),
        bound=gate.bound,
        severity=gate.severity,
        outcome="passed" if worst.passed else "failed",
        figure=worst.figure.id if worst.figure else None,
        reason=worst.reason,
    )


def _concerned(key: str, figures: FigureSet) -> tuple[Figure, ...]:
    name, keys = parse_figure_id(key)
    if not keys:
        return figures.named(name)
    figure = figures.get(figure_id(name, keys))
    return () if figure is None else (figure,)


def _absent(key: str, gate: GatePlan, figures: FigureSet) -> _Judgement:
    name = parse_figure_id(key)[0]
    whole = figures.get(name)
    if whole is not None and whole.value is None:
        return _judge(whole, gate)  # nothing of that name could be measured, and it says why
    named = [figure.id for figure in figures.named(name)]
    if not named:
        return _without_value(None, gate, "no figure of that name was measured for this model and data")
    return _without_value(None, gate, f"no such figure was measured; {nearest(key, named)}")


def _judge(figure: Figure, gate: GatePlan) -> _Judgement:
    if figure.value is None:
        return _without_value(figure, gate, f"{figure.status.replace('_', ' ')}: {figure.reason}")
    number = {"value": figure.value, "low": figure.low, "high": figure.high}[gate.bound]
    if number is None:
        reason = f"the figure has no interval, so there is no bound {gate.bound}"
        return _Judgement(figure=figure, passed=False, margin=float("-inf"), reason=reason)
    margins = [number - low for low in (gate.min, gate.within and gate.within[0]) if low is not None]
    margins += [high - number for high in (gate.max, gate.within and gate.within[1]) if high is not None]
    passed = all(margin >= 0 for margin in margins)
    which = "the value" if gate.bound == "value" else f"the {gate.bound} end of the interval"
    reason = f"{which} keeps the limit" if passed else f"{which} is beyond the limit"
    return _Judgement(figure=figure, passed=passed, margin=min(margins), reason=reason)


def _without_value(figure: Figure | None, gate: GatePlan, reason: str) -> _Judgement:
    allowed = gate.if_missing == "allow"
    # Allowed means that it decides only where nothing else does.
    margin = float("inf") if allowed else float("-inf")
    reason = f"{reason}; allowed by if_missing" if allowed else reason
    return _Judgement(figure=figure, passed=allowed, margin=margin, reason=reason)


def _worst(judgements: list[_Judgement]) -> _Judgement:
    return min(judgements, key=lambda judgement: (judgement.passed, judgement.margin))


def limit_words(gate: GatePlan) -> str:
    """The limit as `GateOutcome.limit` has it."""
    if gate.within is not None:
        return f"within [{_number(gate.within[0])}, {_number(gate.within[1])}]"
    return f">= {_number(gate.min)}" if gate.min is not None else f"<= {_number(gate.max)}"


def _number(limit: float | None) -> str:
    assert limit is not None
    return f"{limit:g}" if float(f"{limit:g}") == limit else repr(limit)
