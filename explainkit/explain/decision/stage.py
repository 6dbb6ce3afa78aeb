"""Reasons, their test, and what would change the output: for single cases, and counted over all adverse decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from explainkit.evidence import Case, CaseDecision, Change, LedgerEntry, Measured, Method
from explainkit.explain.case_figures import number_of, text_of
from explainkit.explain.cases import Chosen
from explainkit.explain.decision import figures as told
from explainkit.explain.decision.changes import MOST_SEEN, Search, search
from explainkit.explain.decision.comparison import FEWEST, Against, Comparison, compare
from explainkit.explain.decision.fidelity import MOST_DONORS, fidelity
from explainkit.explain.decision.protected import MOST_ROWS, RULE, protected
from explainkit.explain.decision.ranking import chosen as reasons_in
from explainkit.explain.decision.ranking import principal, same_sets, shortfall
from explainkit.explain.decision.setting import IntArray, Situation, undecided
from explainkit.explain.methods import method_of
from explainkit.explanation import Explanation
from explainkit.figures import Figure, figure_id, parse_figure_id
from explainkit.load.case_names import NAMING
from explainkit.load.columns import kind_of
from explainkit.load.subject import Subject

BLOCKED = "explanation.reasons.blocked"
"""The figure that a gate looks at: adverse decisions with a protected attribute among their principal reasons."""
_COUNTED = f"adverse decisions explained in which a principal reason is a protected attribute; {RULE}"
_NO_GROUPS = "no sensitive column was named (data.sensitive), so no reason could be held against one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is known of the decisions."""

    measured: Measured
    methods: tuple[Method, ...]
    decisions: tuple[CaseDecision | None, ...]
    """One for each case; None where nothing is decided."""
    naming: str | None
    """How cases are named, where it is not by position."""

    def told_of(self, cases: Sequence[Case]) -> tuple[Case, ...]:
        """The cases with how they were decided and named."""
        return tuple(
            replace(case, decision=decision, naming=self.naming)
            for case, decision in zip(cases, self.decisions, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """Principal reasons of all adverse decisions explained."""

    against: Against
    rows: IntArray
    """Their places in the comparison, ascending."""
    reasons: IntArray
    """Indices of inputs, shape (n_adverse, n_reasons), -1 where there are no more."""
    shared: IntArray | None
    """How many of them the other method names too; None where there is no other method."""


def examine(setting: Situation, cases: Sequence[Chosen], known: Explanation | None = None) -> Decided:
    """Rank the reasons of adverse decisions, test them, and look for what would change them.

    Parameters
    ----------
    setting : Situation
        A subject with a model; where nothing is decided for or against a person, that is said instead.
    cases : sequence of Chosen
        Rows explained in detail.
    known : Explanation, optional
        Contributions already computed of some evaluation rows; those against the reference set are used again.

    Returns
    -------
    Decided
        Figures ``explanation.reasons.…`` and ``explanation.change.…``, with the decision of each case.
    """
    naming = None if setting.subject.case_names is None else NAMING
    problem = undecided(setting.subject)
    if problem is not None:
        return Decided(
            measured=_nothing_decided(setting.subject, problem),
            methods=(),
            decisions=tuple(None for _ in cases),
            naming=naming,
        )
    comparison = compare(setting, [case.position for case in cases], known)
    ranked = _rank(setting, comparison)
    adverse = [case for case in cases if not setting.favoured[case.position]]
    blocking, measured = _protection(setting, comparison, ranked)
    measured += Measured(
        figures=tuple(told.group_figures(setting, comparison)), ledger=tuple(_sampled(setting, comparison))
    )
    if ranked is not None:
        overall = told.overall_figures(comparison, ranked.reasons, ranked.shared)
        measured += Measured(figures=tuple(overall))
    searches = search(setting, [case.position for case in adverse])
    if searches is None:
        reason = "the plan names no input that a person can change ([features.NAME] actionable = true)"
        measured += Measured(ledger=(told.ledger_of("not_tested", "what would change a decision", reason),))
    own, more = _cases(setting, comparison, ranked, adverse, searches)
    found = dict(zip([case.position for case in adverse], own, strict=True))
    decisions = tuple(
        _blocked(found[case.position], blocking)
        if case.position in found
        else CaseDecision(outcome=setting.outcome(case.position), adverse=False)
        for case in cases
    )
    return Decided(
        measured=measured + more,
        methods=(method_of("reasons", comparison.explanation),),
        decisions=decisions,
        naming=naming,
    )


def _nothing_decided(subject: Subject, problem: str) -> Measured:
    figure = Figure(id=BLOCKED, status="not_tested", reason=problem, method=_COUNTED)
    if subject.task != "binary":
        return Measured(figures=(figure,))
    entry = told.ledger_of("not_tested", "reasons of adverse decisions, and what would change them", problem)
    return Measured(figures=(figure,), ledger=(entry,))


def _rank(setting: Situation, comparison: Comparison) -> _Ranked | None:
    """By the mean just above the cut-off, or among all rows where too few lie there; None where both are too few."""
    rows = np.flatnonzero(comparison.adverse)
    named: dict[Against, IntArray] = {}
    for against in get_args(Against):
        mean = comparison.mean(against)
        if mean is not None:
            short = shortfall(comparison.values[rows], mean, setting.sign)
            named[against] = principal(short, setting.plan.reasons)
    if not named:
        return None
    best: Against = "cutoff" if "cutoff" in named else "all"
    shared = same_sets(named["cutoff"], named["all"]) if len(named) == 2 else None
    return _Ranked(against=best, rows=rows, reasons=named[best], shared=shared)


def _protection(
    setting: Situation, comparison: Comparison, ranked: _Ranked | None
) -> tuple[dict[str, str] | None, Measured]:
    """Inputs among the reasons that are protected, and in how many adverse decisions one of them is a reason."""
    reason = f"fewer than {FEWEST} rows to rank reasons against" if ranked is None else None
    if reason is None and not setting.subject.rows.groups:
        reason = _NO_GROUPS
    if reason is not None or ranked is None:
        entry = told.ledger_of(
            "not_tested", "protected attributes among the reasons of adverse decisions", reason or ""
        )
        return None, Measured(
            figures=(Figure(id=BLOCKED, status="not_tested", reason=reason, method=_COUNTED),), ledger=(entry,)
        )
    features = comparison.explanation.features
    used = [features[j] for j in np.unique(ranked.reasons[ranked.reasons >= 0])]
    found = _protected(setting, used)
    marked = np.array([name in found for name in features] + [False])
    figure = Figure(
        id=BLOCKED,
        value=int(marked[ranked.reasons].any(axis=1).sum()),
        n=len(ranked.rows),
        unit="count",
        method=_COUNTED,
        dataset="evaluation",
    )
    ledger: tuple[LedgerEntry, ...] = ()
    if len(setting.rows) > MOST_ROWS:
        what = "rows that tell whether an input encodes a protected attribute"
        ledger = (told.ledger_of("sampled", what, "a seeded sample without replacement", MOST_ROWS),)
    return found, Measured(figures=(figure,), ledger=ledger)


def _protected(setting: Situation, names: Sequence[str]) -> dict[str, str]:
    """Players that are, tell or hold a protected attribute, with that attribute."""
    players, features = setting.players, setting.subject.features
    columns = {name: [features[i] for i in players.columns[players.names.index(name)]] for name in names}
    known = protected(setting.subject, [c for group in columns.values() for c in group], seed=setting.plan.seed)
    first = {name: next((known[c] for c in group if c in known), None) for name, group in columns.items()}
    return {name: attribute for name, attribute in first.items() if attribute is not None}


def _cases(
    setting: Situation,
    comparison: Comparison,
    ranked: _Ranked | None,
    adverse: Sequence[Chosen],
    searches: Sequence[Search] | None,
) -> tuple[list[CaseDecision], Measured]:
    """Decisions of the adverse cases, and their figures."""
    rows = comparison.rows_of([case.position for case in adverse])
    places = None if ranked is None else np.searchsorted(ranked.rows, rows)
    stated = [reasons_in(ranked.reasons[i]) for i in places] if ranked is not None and places is not None else []
    donors = comparison.cutoff if ranked is None or ranked.against == "cutoff" else comparison.everyone
    tests = fidelity(setting, [case.position for case in adverse], stated, donors) if ranked is not None else ()
    decisions, figures = [], list[Figure]()
    for i, case in enumerate(adverse):
        decision = CaseDecision(outcome=setting.outcome(case.position), adverse=True)
        if ranked is not None and places is not None:
            names = tuple(comparison.explanation.features[j] for j in stated[i])
            decision = replace(decision, reasons=names, against=ranked.against)
            shared = None if ranked.shared is None else int(ranked.shared[places[i]])
            figures += told.case_figures(setting, comparison, case.key, int(rows[i]), shared, stated[i])
            figures += told.fidelity_figures(case.key, tests[i])
        if searches is not None:
            decision = replace(decision, changes=_changes(setting, searches[i]))
            figures += told.change_figures(setting, case.key, searches[i])
        decisions.append(decision)
    shown = dict.fromkeys(f.keys["feature"] for f in figures if f.name == "explanation.reasons.contribution")
    # A very long name stands in ids as its digest.
    in_ids = {parse_figure_id(figure_id("x", f=n))[1]["f"]: n for n in comparison.explanation.features}
    figures += told.mean_figures(comparison, [in_ids[name] for name in shown if name in in_ids])
    return decisions, Measured(figures=tuple(figures), ledger=tuple(_drawn(setting, adverse, len(donors), searches)))


def _changes(setting: Situation, searched: Search) -> tuple[Change, ...]:
    """What was found, with the values that are no numbers."""
    features = setting.subject.features
    kinds = {j: kind_of(setting.rows[features[j]]) for found in searched.found for j in found.columns}
    return tuple(
        Change(
            columns=tuple(features[j] for j in found.columns),
            values=tuple(
                (features[j], text_of(value))
                for j, value in zip(found.columns, found.values, strict=True)
                if number_of(value, kinds[j]) is None
            ),
        )
        for found in searched.found
    )


def _blocked(decision: CaseDecision, blocking: dict[str, str] | None) -> CaseDecision:
    if decision.reasons is None or blocking is None:
        return decision
    return replace(decision, protected=tuple(name for name in decision.reasons if name in blocking))


def _sampled(setting: Situation, comparison: Comparison) -> Iterator[LedgerEntry]:
    for what, used, whole in (
        ("favourably decided rows that reasons are ranked against", len(comparison.cutoff), comparison.band),
        ("rows that reasons are counted over and ranked against", len(comparison.everyone), len(setting.rows)),
    ):
        if used < whole:
            yield told.ledger_of("sampled", what, "a seeded sample without replacement", used)
    if comparison.mean("cutoff") is None and comparison.mean("all") is not None:
        reason = f"fewer than {FEWEST} rows are decided favourably; reasons are ranked against all rows instead"
        yield told.ledger_of("not_tested", "reasons against the favourably decided rows nearest to the cut-off", reason)
    if comparison.explanation.exactness == "estimated":
        reason = "their SHAP values are estimated: inputs with nearly equal shortfall may change places"
        yield told.ledger_of("estimated", "ranking of the reasons of adverse decisions", reason)


def _drawn(
    setting: Situation, adverse: Sequence[Chosen], donors: int, searches: Sequence[Search] | None
) -> Iterator[LedgerEntry]:
    """What was drawn for the tests of single cases."""
    sample = "a seeded sample without replacement"
    if adverse and donors > MOST_DONORS:
        yield told.ledger_of("sampled", "rows whose values replace the stated reasons", sample, MOST_DONORS)
    if not searches:
        return
    if len(setting.reference) > MOST_SEEN:
        yield told.ledger_of(
            "sampled", f"{setting.background.called} whose values are tried as changes", sample, MOST_SEEN
        )
    near = searches[0].neighbours
    if near < len(setting.reference) - 1:
        yield told.ledger_of(
            "sampled", f"{setting.background.called} that tell whether a change lies off the data", sample, near
        )
    thinned = sum(s.thinned for s in searches)
    if thinned:
        reason = "not every value or pair of values was tried: values at even steps of their cost"
        yield told.ledger_of("sampled", "changes tried for single cases", reason, thinned)
