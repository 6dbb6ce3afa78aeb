"""The whole job, start to end: load → explain | assess → report → release."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit import asked_for
from explainkit.beside import beside, copies
from explainkit.circumstances import not_covered
from explainkit.evidence import Evidence, Measured
from explainkit.garbage import rarely_collected
from explainkit.gathering import evidence_of, explained_of, recorded_plan
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Meanwhile, Progress, Silent
from explainkit.release import Release

if TYPE_CHECKING:
    from explainkit.report.printer import Printer


@rarely_collected()
def audit_plan(
    plan: Plan, *, base: Path, progress: Progress | None = None, meanwhile: Meanwhile | None = None
) -> Release:
    """Audit the model and the data that a plan names.

    Parameters
    ----------
    plan : Plan
        What is asked for.
    base : pathlib.Path
        Folder that relative paths start from.
    progress : Progress, optional
        Told of each stage.
    meanwhile : callable, optional
        See `explainkit.progress.Meanwhile`.

    Raises
    ------
    InputError
        If plan, model or data cannot be used.
    """
    progress = progress or Silent()
    from explainkit.report.printer import elsewhere

    with ExitStack() as opened:
        with progress.stage("load model and data"):
            from explainkit.load.confined.opening import opening_of

            opening = opening_of(plan, base=base, progress=progress)
            from explainkit.load.assemble import load_subject

            _check(plan)
            printer = opened.enter_context(elsewhere())  # only now: until then, two processes loaded their libraries
            subject = load_subject(plan, base=base, opening=opening)
        evidence = gather(subject, plan, progress=progress, meanwhile=meanwhile)
        if opening is not None:
            opening.close()  # documents are made of the evidence alone, and need the memory
        return _release(evidence, subject, progress, printer, meanwhile)


@rarely_collected()
def audit_subject(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Release:
    """Measure, explain and report one subject; parameters as for `audit_plan`."""
    from explainkit.report.printer import elsewhere

    progress = progress or Silent()
    with elsewhere() as printer:
        return _release(gather(subject, plan, progress=progress), subject, progress, printer)


def _release(
    evidence: Evidence,
    subject: Subject,
    progress: Progress,
    printer: Printer,
    meanwhile: Meanwhile | None = None,
) -> Release:
    from explainkit.report.files import report_files
    from explainkit.sign.aids import verifying_aids

    catalogue = None if subject.catalogue is None else subject.catalogue.data
    files = report_files(evidence, progress, catalogue=catalogue, printer=printer, meanwhile=meanwhile)
    return Release(evidence=evidence, files=(*files, *verifying_aids(evidence)))


def _check(plan: Plan) -> None:
    """What the plan names exists, as far as that can be known before anything is read."""
    from explainkit.assess.comparison.material import check_rule
    from explainkit.assess.gates import check_plan
    from explainkit.assess.monitoring.limits import check_limits
    from explainkit.report.clauses.mapping import check_clauses
    from explainkit.report.language import language_of
    from explainkit.report.own_sections import check_sections

    check_plan(plan.gates)
    for table in ("alerts", "rollback"):
        check_limits(getattr(plan.monitor, table), where=f"monitor.{table}")
    check_rule(plan.compare)
    check_clauses(plan)
    check_sections(plan.look.sections)
    if plan.card.catalogue is None:
        language_of(plan.document())


def gather(
    subject: Subject, plan: Plan, *, progress: Progress | None = None, meanwhile: Meanwhile | None = None
) -> Evidence:
    """Everything measured about a subject, as evidence; parameters as for `audit_plan`.

    The model is explained while everything else is measured, where this process may be copied.
    """
    from explainkit.assess.fairness.publication import publication
    from explainkit.assess.fairness.shown import groupings_of
    from explainkit.assess.gates import check_measured
    from explainkit.load.steady import one_order
    from explainkit.report.language import language_of

    progress = progress or Silent()
    _check(plan)
    asked_for.check(subject, plan)
    if subject.catalogue is not None:
        language_of(recorded_plan(subject, plan), subject.catalogue.data)
    with one_order():
        found = groupings_of(subject, plan.fairness, plan.ll144)
        if copies() and subject.model is not None:  # both sides use it: loaded once
            import sklearn.ensemble  # noqa: F401
        with beside(partial(explained_of, subject, plan, found)) as explanation:
            with progress.stage("assess performance and fairness"):
                from explainkit.assess.stage import assess

                measured = assess(subject, plan, found)
                check_measured(plan.gates, measured.figures)
                public, withheld = publication(subject, plan, measured.figures)
            with progress.stage("explain the model"):
                if copies():  # what comes next can be loaded while the copy is at work
                    if meanwhile is not None:
                        meanwhile({})
                    from explainkit.report import conformance, files  # noqa: F401
                explained = explanation()
        measured += asked_for.measure(subject, plan, found, progress)
    measured = Measured(ledger=subject.ledger) + measured + explained.measured
    measured += Measured(ledger=withheld + not_covered(subject, plan))
    return evidence_of(subject, plan, measured, explained, publication=public)
