"""The whole job, start to end: load → explain | assess → report → release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.circumstances import draft_reasons, environment, ledger_counts, not_covered, presupposed
from explainkit.evidence import Evidence, Measured, Publication
from explainkit.figures import FigureSet
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Progress, Silent
from explainkit.release import Release
from explainkit.statements import answered, catalogue_date

if TYPE_CHECKING:
    from explainkit.explain.summary import Explained


def audit_plan(plan: Plan, *, base: Path, progress: Progress | None = None) -> Release:
    """Audit the model and the data that a plan names.

    Parameters
    ----------
    plan : Plan
        What is asked for.
    base : pathlib.Path
        Folder that relative paths start from.
    progress : Progress, optional
        Told of each stage.

    Raises
    ------
    InputError
        If plan, model or data cannot be used.
    """
    progress = progress or Silent()
    with progress.stage("load model and data"):
        from explainkit.assess.gates import check_plan
        from explainkit.load.assemble import load_subject

        check_plan(plan.gates)
        subject = load_subject(plan, base=base)
    return audit_subject(subject, plan, progress=progress)


def audit_subject(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Release:
    """Measure, explain and report one subject; parameters as for `audit_plan`."""
    progress = progress or Silent()
    evidence = gather(subject, plan, progress=progress)
    from explainkit.report.files import card_files, summary_files
    from explainkit.sign.aids import verifying_aids

    files = (*card_files(evidence, progress), *summary_files(evidence, progress), *verifying_aids(evidence))
    return Release(evidence=evidence, files=files)


def gather(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Evidence:
    """Everything measured about a subject, as evidence; parameters as for `audit_plan`."""
    from explainkit.assess.fairness.publication import publication
    from explainkit.assess.fairness.shown import groupings_of, shown_groups
    from explainkit.assess.gates import check_measured, check_plan
    from explainkit.assess.stage import assess
    from explainkit.explain.summary import explain
    from explainkit.load.steady import one_order

    progress = progress or Silent()
    check_plan(plan.gates)
    with one_order():
        with progress.stage("assess performance and fairness"):
            found = groupings_of(subject, plan.fairness, plan.ll144)
            measured = assess(subject, plan, found)
            check_measured(plan.gates, measured.figures)
            public, withheld = publication(subject, plan, measured.figures)
        with progress.stage("explain the model"):
            shown = shown_groups(subject, found)
            explained = explain(subject, plan.explain, groups=shown, references=plan.fairness.reference)
    measured = Measured(ledger=subject.ledger) + measured + explained.measured
    measured += Measured(ledger=withheld + not_covered(subject))
    return _evidence(subject, plan, measured, explained, public)


def gather_case(subject: Subject, plan: Plan, position: int, *, progress: Progress | None = None) -> Evidence:
    """Evidence of the decision of one row, counted from 0, without gates: nothing else is measured.

    Other parameters as for `audit_plan`.
    """
    from explainkit.explain.summary import explain
    from explainkit.load.steady import one_order

    name = str(position + 1)
    alone = replace(subject, case_ids=tuple(str(i) for i in range(1, subject.rows.count + 1)))
    with one_order(), (progress or Silent()).stage("explain the decision"):
        explained = explain(alone, plan.explain.model_copy(update={"local": (name,)}), only_cases=True)
    explained = replace(explained, cases=tuple(replace(case, chosen="asked for") for case in explained.cases))
    bare = plan.model_copy(update={"gates": {}})
    return _evidence(subject, bare, Measured(ledger=subject.ledger) + explained.measured, explained)


def _evidence(
    subject: Subject, plan: Plan, measured: Measured, explained: Explained, public: Publication | None = None
) -> Evidence:
    from explainkit.assess.fairness.verdicts import verdicts
    from explainkit.assess.gates import evaluate

    figures = measured.figures + ledger_counts(measured.ledger)
    return Evidence(
        name=plan.card.name,
        version=plan.card.version,
        date=plan.card.date.isoformat() if plan.card.date else None,
        draft=draft_reasons(subject),
        task=subject.task,
        outputs=subject.classes,
        positive=subject.positive,
        threshold=str(subject.threshold) if subject.threshold else None,
        favourable=subject.favourable,
        population=subject.population.parts,
        level=plan.sign.level,
        model=subject.identity,
        datasets=tuple(d.identity for d in (subject.evaluation, subject.reference) if d is not None),
        columns=subject.columns,
        figures=figures,
        series=measured.series,
        methods=explained.methods,
        cases=explained.cases,
        ledger=measured.ledger,
        gates=evaluate(plan.gates, FigureSet(figures)),
        verdicts=verdicts(FigureSet(figures), plan.fairness, subject),
        statements=answered({k: s.given for k, s in plan.statements.items()}, presupposed(subject, plan)),
        statements_date=catalogue_date(),
        environment=environment(subject),
        plan=plan.document(),
        publication=public,
    )
