"""The whole job, start to end: load → explain | assess → report → release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.circumstances import not_covered
from explainkit.evidence import Evidence, Measured
from explainkit.gathering import evidence_of, recorded_plan
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Progress, Silent
from explainkit.release import Release

if TYPE_CHECKING:
    from explainkit.assess.groups.groupings import Groupings
    from explainkit.report.printer import Printer


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
    from explainkit.report.printer import elsewhere

    with elsewhere() as printer:
        with progress.stage("load model and data"):
            from explainkit.load.confined.opening import opening_of

            opening = opening_of(plan, base=base, progress=progress)
            from explainkit.load.assemble import load_subject

            _check(plan)
            subject = load_subject(plan, base=base, opening=opening)
        evidence = gather(subject, plan, progress=progress)
        if opening is not None:
            opening.close()  # documents are made of the evidence alone, and need the memory
        return _release(evidence, subject, progress, printer)


def audit_subject(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Release:
    """Measure, explain and report one subject; parameters as for `audit_plan`."""
    from explainkit.report.printer import elsewhere

    progress = progress or Silent()
    with elsewhere() as printer:
        return _release(gather(subject, plan, progress=progress), subject, progress, printer)


def _release(evidence: Evidence, subject: Subject, progress: Progress, printer: Printer) -> Release:
    from explainkit.report.files import report_files
    from explainkit.sign.aids import verifying_aids

    catalogue = None if subject.catalogue is None else subject.catalogue.data
    files = report_files(evidence, progress, catalogue=catalogue, printer=printer)
    return Release(evidence=evidence, files=(*files, *verifying_aids(evidence)))


def _check(plan: Plan) -> None:
    """What the plan names exists, as far as that can be known before anything is read."""
    from explainkit.assess.comparison.material import check_rule
    from explainkit.assess.gates import check_plan
    from explainkit.report.clauses.mapping import check_clauses
    from explainkit.report.language import language_of
    from explainkit.report.own_sections import check_sections

    check_plan(plan.gates)
    check_rule(plan.compare)
    check_clauses(plan)
    check_sections(plan.look.sections)
    if plan.card.catalogue is None:
        language_of(plan.document())


def gather(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Evidence:
    """Everything measured about a subject, as evidence; parameters as for `audit_plan`."""
    from explainkit.assess.fairness.publication import publication
    from explainkit.assess.fairness.shown import groupings_of, shown_groups
    from explainkit.assess.gates import check_measured
    from explainkit.assess.stage import assess
    from explainkit.explain.summary import explain
    from explainkit.load.steady import one_order
    from explainkit.report.language import language_of

    progress = progress or Silent()
    _check(plan)
    _check_asked_for(subject, plan)
    if subject.catalogue is not None:
        language_of(recorded_plan(subject, plan), subject.catalogue.data)
    with one_order():
        with progress.stage("assess performance and fairness"):
            found = groupings_of(subject, plan.fairness, plan.ll144)
            measured = assess(subject, plan, found)
            check_measured(plan.gates, measured.figures)
            public, withheld = publication(subject, plan, measured.figures)
        with progress.stage("explain the model"):
            shown = shown_groups(subject, found)
            explained = explain(
                subject,
                plan.explain,
                groups=shown,
                references=plan.fairness.reference,
                reference_rows=plan.drift.explained,
            )
        measured += _asked_for(subject, plan, found, progress)
    measured = Measured(ledger=subject.ledger) + measured + explained.measured
    measured += Measured(ledger=withheld + not_covered(subject, plan))
    return evidence_of(subject, plan, measured, explained, publication=public)


def _check_asked_for(subject: Subject, plan: Plan) -> None:
    """What the plan alone asks for fits the subject; what it does not ask for is not even loaded."""
    if plan.properties:
        from explainkit.explain.properties import stage as properties

        properties.check(subject, plan)
    if plan.robustness or plan.scenarios or plan.load or any(f.noise for f in plan.features.values()):
        from explainkit.robustness import stage as robustness

        robustness.check(subject, plan)


def _asked_for(subject: Subject, plan: Plan, found: Groupings, progress: Progress) -> Measured:
    """What is measured only where the plan asks for it."""
    measured = Measured()
    if plan.properties:
        with progress.stage("decide the properties stated"):
            from explainkit.explain.properties.stage import properties

            measured += properties(subject, plan)
    if plan.robustness or plan.scenarios:
        with progress.stage("change the inputs"):
            from explainkit.robustness.stage import robustness

            measured += robustness(subject, plan, found)
    if plan.load:
        with progress.stage("time the model"):
            from explainkit.robustness.timing import load

            measured += load(subject, plan)
    return measured
