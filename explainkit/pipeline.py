"""The whole job, start to end: load → explain | assess → report → release."""

from __future__ import annotations

from pathlib import Path

from explainkit.artifact import Artifact
from explainkit.circumstances import not_covered
from explainkit.evidence import Evidence, Measured
from explainkit.gathering import evidence_of
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Progress, Silent
from explainkit.release import Release


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
        from explainkit.load.assemble import load_subject

        _check(plan)
        subject = load_subject(plan, base=base)
    return audit_subject(subject, plan, progress=progress)


def audit_subject(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Release:
    """Measure, explain and report one subject; parameters as for `audit_plan`."""
    progress = progress or Silent()
    evidence = gather(subject, plan, progress=progress)
    card_json = evidence.to_json()
    with progress.stage("write the card as HTML"):
        from explainkit.report.assemble import build
        from explainkit.report.html import render_html

        card = build(evidence)
        html = render_html(evidence, card=card)
    with progress.stage("write the card as PDF"):
        from explainkit.report.pdf import render_pdf

        pdf = render_pdf(evidence, card_json, card=card)
    from explainkit.sign.aids import verifying_aids

    return Release(
        evidence=evidence,
        files=(
            Artifact(name="card.pdf", data=pdf, media_type="application/pdf"),
            Artifact(name="card.html", data=html, media_type="text/html"),
            Artifact(name="card.json", data=card_json, media_type="application/json"),
            *verifying_aids(evidence),
        ),
    )


def _check(plan: Plan) -> None:
    """What the plan names exists, as far as that can be known before anything is read."""
    from explainkit.assess.gates import check_plan
    from explainkit.report.clauses.mapping import check_clauses

    check_plan(plan.gates)
    check_clauses(plan)


def gather(subject: Subject, plan: Plan, *, progress: Progress | None = None) -> Evidence:
    """Everything measured about a subject, as evidence; parameters as for `audit_plan`."""
    from explainkit.assess.fairness.shown import groupings_of, shown_groups
    from explainkit.assess.gates import check_measured
    from explainkit.assess.stage import assess
    from explainkit.explain.summary import explain
    from explainkit.load.steady import one_order

    progress = progress or Silent()
    _check(plan)
    with one_order():
        with progress.stage("assess performance and fairness"):
            found = groupings_of(subject, plan.fairness, plan.ll144)
            measured = assess(subject, plan, found)
            check_measured(plan.gates, measured.figures)
        with progress.stage("explain the model"):
            shown = shown_groups(subject, found)
            explained = explain(subject, plan.explain, groups=shown, references=plan.fairness.reference)
    measured = Measured(ledger=subject.ledger) + measured + explained.measured
    measured += Measured(ledger=not_covered(subject))
    return evidence_of(subject, plan, measured, explained)
