"""Explain a subject: SHAP for a sample of rows and for single cases, LIME for the cases, and what of it is figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.beside import beside
from explainkit.evidence import Case, LedgerEntry, Measured
from explainkit.explain import case_figures, global_figures
from explainkit.explain.cases import choose_cases
from explainkit.explain.decision.figures import others_figures
from explainkit.explain.decision.setting import Situation
from explainkit.explain.decision.stage import examine
from explainkit.explain.draws import draw
from explainkit.explain.drift import explanations_drift
from explainkit.explain.effects.picture import global_picture
from explainkit.explain.gap import gap
from explainkit.explain.interactions import interaction_values
from explainkit.explain.lime.perturbable import perturbable
from explainkit.explain.lime.stability import Stability, stability_figures
from explainkit.explain.lime.surrogate import surrogates
from explainkit.explain.margins import tolerance
from explainkit.explain.methods import method_of
from explainkit.explain.reliability.agreement import by_shap
from explainkit.explain.reliability.panel import panel
from explainkit.explain.reliability.setting import Setting
from explainkit.explain.replica import Replica, replica_of
from explainkit.explain.shapley import attribute
from explainkit.explain.strategy import Strategy, after_trial, excess
from explainkit.explain.task import Task
from explainkit.explain.together import Part, threads_for, together
from explainkit.explanation import Explained, Explanation
from explainkit.figures import Figure
from explainkit.load.steady import one_order
from explainkit.load.subject import GroupColumn, Subject
from explainkit.load.tables import read_frame
from explainkit.plan import ExplainPlan

FloatArray = npt.NDArray[np.float64]

_LIME_REFERENCE = 10_000  # quartiles and frequencies of more rows hardly differ
_ORDERS = "too many coalitions to enumerate; estimated from random orders of the players"
_INTERACTING = 500  # rows whose interaction values are looked at


def explain(
    subject: Subject,
    plan: ExplainPlan,
    *,
    only_cases: bool = False,
    groups: Sequence[GroupColumn] = (),
    references: Mapping[str, str] | None = None,
    reference_rows: int = 0,
) -> Explained:
    """Explain a subject's model.

    At most ``plan.rows`` evaluation rows are drawn for the global picture (fewer where the model has to be called very
    often); the single cases are added to them. SHAP runs once over both.

    Parameters
    ----------
    subject : Subject
        What is audited. Without a model nothing can be explained.
    plan : ExplainPlan
        What is asked for.
    only_cases : bool, default False
        Leave out the global picture.
    groups : sequence of GroupColumn
        Groups that may be shown, whose gaps are shared out among the inputs.
    references : mapping, optional
        Reference group by sensitive column, where stated.
    reference_rows : int, default 0
        Reference rows that are explained at most, to compare the importance of inputs.

    Raises
    ------
    PlanError
        If the plan names a case that does not exist.
    ModelError
        If the model fails on rows made of values it knows.
    """
    if subject.model is None:
        return _without_model()
    chosen = choose_cases(subject, plan.local)
    with one_order():
        task = Task.of(subject, plan.model_copy(update={"rows": 1}) if only_cases else plan)
        replica = replica_of(task)
        setting, measured = _shap(task, replica, [case.position for case in chosen])
        if replica is not None:
            task = replace(task, model=replica, subject=replace(subject, model=replica))
        explanation = setting.explanation
        places = case_figures.places(subject, chosen, explanation.rows)
        surrogate = Part(lambda: _lime(task, places))
        examined = Part(lambda: examine(_situation(task, plan), chosen, explanation))
        # A copy of this process is made while no thread is at work in it.
        with nullcontext(lambda: None) if only_cases else beside(partial(by_shap, setting)) as shap_values:
            parts = [Part(lambda: surrogate()[1])]
            if not only_cases:
                parts += panel(
                    setting, lambda: surrogate()[0], [(p.shap, p.lime, p.output) for p in places], shap_values
                )
                # Before all others: its tables are the largest, and made on all processors.
                interactions = _interactions(task, setting)
                parts.append(Part(lambda: _picture(task, setting, interactions)))
                parts.append(Part(lambda: explanations_drift(setting, subject, most=reference_rows)))
            parts += [
                Part(lambda: gap(explanation, setting.sample, groups, references or {})),
                Part(lambda: Measured(ledger=_not_simple(subject))),
                Part(lambda: examined().measured, alone=True),
            ]
            more = sum(together(parts, threads=threads_for(setting.strategy)), Measured())
    lime, decided = surrogate()[0], examined()
    figures, cases = _of_cases(subject, task.rows, places, explanation, lime)
    methods = [method_of("shap", explanation)] + ([] if lime is None else [method_of("lime", lime)])
    return Explained(
        measured=measured + more + Measured(figures=figures),
        methods=(*methods, *decided.methods),
        cases=decided.told_of(cases),
    )


def _not_simple(subject: Subject) -> tuple[LedgerEntry, ...]:
    """That explanations take rows as independent ones that count alike, where they are not."""
    rows, entries = subject.rows, []
    if rows.weights is not None:
        reason = "permutation importance is weighted; SHAP, LIME and effects are means over rows that count alike"
        entries.append(LedgerEntry(kind="not_tested", what="weights in the explanations", reason=reason))
    if rows.clusters is not None:
        alike = f"rows of one {rows.cluster_column} are alike"
        reason = f"intervals take rows as independent, and are too narrow where {alike}"
        entries.append(LedgerEntry(kind="not_tested", what="clusters in the explanations", reason=reason))
    return tuple(entries)


def _of_cases(
    subject: Subject,
    rows: pd.DataFrame,
    places: Sequence[case_figures.Place],
    explanation: Explanation,
    lime: Explanation | None,
) -> tuple[tuple[Figure, ...], list[Case]]:
    """Score, inputs, contributions and weights of each case, and what it is."""
    kinds = case_figures.kinds_of(rows)
    figures, cases = list[Figure](), list[Case]()
    for place in places:
        row = case_figures.values_of(rows, place)
        figures += [
            case_figures.score_figure(subject, place),
            *case_figures.input_figures(place, row, kinds),
            *case_figures.shap_figures(explanation, place),
            *(() if lime is None else case_figures.lime_figures(lime, place)),
        ]
        cases.append(case_figures.case_of(place, row, kinds))
    return (*figures, *others_figures(figures)), cases


_NAMES = ("shap.importance", "shap.residual_max", "shap.residual_median", "lime.fidelity", "reasons.blocked")


def _situation(task: Task, plan: ExplainPlan) -> Situation:
    return Situation(
        subject=task.subject,
        model=task.model,
        target=task.target,
        plan=plan,
        players=task.players,
        rows=task.rows,
        background=task.background,
        trial=task.trial,
    )


def _without_model() -> Explained:
    reason = "no model given: explanations need the model"
    figures = tuple(Figure(id=f"explanation.{name}", status="not_tested", reason=reason) for name in _NAMES)
    entry = LedgerEntry(kind="not_tested", what="explanations (SHAP, LIME, single cases)", reason=reason)
    return Explained(measured=Measured(figures=figures, ledger=(entry,)), methods=(), cases=())


def _shap(task: Task, replica: Replica | None, cases: Sequence[int]) -> tuple[Setting, Measured]:
    """SHAP values of sample and cases, and what is figures, points and ledger of it."""
    plan, rows = task.plan, task.rows
    strategy, background = after_trial(task.trial, output=plan.output, kind=plan.kind), task.background
    count = strategy.background_rows(min(plan.background, len(task.background.rows)))
    positions = draw(len(rows), strategy.rows(count, plan.rows), plan.seed, 0)
    explained = np.union1d(positions, np.asarray(cases, dtype=np.intp)).astype(np.intp)
    part = rows.iloc[explained]
    asked = task.model if strategy.inside is not None or replica is None else replica
    explanation = replace(
        attribute(strategy, asked, part, background, task.target, plan.seed),
        rows=tuple(int(p) for p in explained),
    )
    sample = np.searchsorted(explained, positions)
    entries = _shap_ledger(task, strategy, explanation, len(sample))
    part = part.reset_index(drop=True)
    measured = Measured(
        figures=(*global_figures.importance(explanation, sample), *global_figures.totals(explanation, sample)),
        series=global_figures.points(explanation, part, sample, seed=plan.seed),
        ledger=(*entries, *(() if replica is None else replica.ledger)),
    )
    setting = Setting(
        strategy=strategy,
        model=task.model,
        replica=None if replica is None else replica.explained(explanation, strategy, task.target, part),
        target=task.target,
        rows=part,
        background=background,
        explanation=explanation,
        sample=sample,
        seed=plan.seed,
    )
    return setting, measured


def _interactions(task: Task, setting: Setting) -> FloatArray | None:
    some = setting.sample[draw(len(setting.sample), _INTERACTING, task.plan.seed, 7)]
    return interaction_values(setting.strategy, task.model, setting.rows.iloc[some], task.target)


def _picture(task: Task, setting: Setting, interactions: FloatArray | None) -> Measured:
    """Effects, shuffles and interactions of the inputs that matter most."""
    return global_picture(
        task.subject,
        explanation=setting.explanation,
        sample=setting.sample,
        target=task.target,
        players=task.players,
        plan=task.plan,
        interactions=interactions,
    )


def _shap_ledger(task: Task, strategy: Strategy, explanation: Explanation, sample: int) -> tuple[LedgerEntry, ...]:
    entries = list(strategy.notes)
    if task.target.task == "binary" and task.target.positive is None:
        entries.append(
            LedgerEntry(
                kind="assumed",
                what="explanations",
                reason=f"the plan states no positive class; contributions are those to {task.target.outputs[0]!r}",
            )
        )
    if sample < len(task.rows):
        why = "explain.rows" if sample == task.plan.rows else "limited by the work it takes to explain this model"
        entries.append(
            LedgerEntry(
                kind="sampled",
                what="rows explained by SHAP",
                reason=f"a seeded sample without replacement of the evaluation rows ({why})",
                count=sample,
            )
        )
    if explanation.background_rows and explanation.background_rows < len(task.background.rows):
        entries.append(
            LedgerEntry(
                kind="sampled",
                what="background of SHAP",
                reason=explanation.background,
                count=explanation.background_rows,
            )
        )
    if explanation.background_rows and task.subject.reference is None:
        entries.append(
            LedgerEntry(
                kind="assumed",
                what="background of SHAP",
                reason="no reference data given: the evaluation rows stand in for it",
            )
        )
    if explanation.exactness == "estimated":
        reason = _ORDERS if strategy.inside is None else f"unknown columns are taken from {explanation.background}"
        count = explanation.values.shape[1]
        entries.append(LedgerEntry(kind="estimated", what="SHAP values", reason=reason, count=count))
    return (*entries, *_additivity(strategy, explanation))


def _additivity(strategy: Strategy, explanation: Explanation) -> tuple[LedgerEntry, ...]:
    beyond = excess(
        explanation.values,
        explanation.base_values,
        explanation.predictions,
        relative=tolerance(strategy.inside),
    )
    rows = int(beyond.any(axis=1).sum())
    if rows == 0:
        return ()
    return (
        LedgerEntry(
            kind="failed",
            what="additivity of SHAP values",
            reason="base plus contributions miss the model's own output by more than rounding; see the residuals",
            count=rows,
        ),
    )


def _lime(task: Task, places: Sequence[case_figures.Place]) -> tuple[Explanation | None, Measured]:
    if not places:
        return None, Measured(ledger=(_no_lime("no single case was asked for (explain.local)"),))
    plan = task.plan
    drawn = draw(len(task.background.rows), _LIME_REFERENCE, plan.seed, 3)
    reference = task.background.rows.iloc[drawn].reset_index(drop=True)
    rows = task.rows.iloc[[p.chosen.position for p in places]].reset_index(drop=True)
    space = perturbable(reference, rows)
    if not space.names:
        return None, Measured(ledger=(*space.notes, _no_lime("it can perturb none of the columns")))
    digest = read_frame(reference, role="reference")[0].identity.digest
    seeds = tuple(range(plan.seed, plan.seed + plan.lime_seeds + 1))
    explanation, stable = surrogates(
        task.model, rows, space, target=task.target, samples=plan.lime_samples, seeds=seeds, digest=digest
    )
    ledger = list(space.notes)
    if len(reference) < len(task.background.rows):
        ledger.append(
            LedgerEntry(
                kind="sampled",
                what="reference rows of LIME",
                reason=f"a seeded sample without replacement of the {task.background.called}",
                count=len(reference),
            )
        )
    if task.subject.reference is None:
        ledger.append(
            LedgerEntry(
                kind="assumed",
                what="reference rows of LIME",
                reason="no reference data given: the evaluation rows stand in for it",
            )
        )
    figures = (
        Figure(id="explanation.lime.rows", value=len(rows), unit="count", method="cases explained"),
        Figure(
            id="explanation.lime.samples", value=plan.lime_samples, unit="count", method="perturbed rows for each case"
        ),
        *_lime_stability(explanation, stable, places),
    )
    return explanation, Measured(figures=figures, ledger=tuple(ledger))


def _lime_stability(
    explanation: Explanation, stable: Stability | None, places: Sequence[case_figures.Place]
) -> tuple[Figure, ...]:
    if stable is None:
        return ()
    tried = Figure(
        id="explanation.lime.seeds",
        value=len(stable.seeds),
        unit="count",
        method="other seeds that cases are refitted with",
    )
    return (
        tried,
        *(
            figure
            for place in places
            for figure in stability_figures(
                explanation, stable, key=place.chosen.key, row=place.lime, output=place.output
            )
        ),
    )


def _no_lime(reason: str) -> LedgerEntry:
    return LedgerEntry(kind="not_tested", what="LIME", reason=reason)
