"""From what was measured to the evidence, of a whole card and of one decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explainkit.circumstances import draft_reasons, environment, ledger_counts, presupposed
from explainkit.evidence import Evidence, Measured, Publication
from explainkit.explanation import Explained
from explainkit.figures import FigureSet
from explainkit.load.subject import Subject
from explainkit.plan import Plan
from explainkit.progress import Progress, Silent
from explainkit.statements import answered, catalogue_date

if TYPE_CHECKING:
    from explainkit.assess.groups.groupings import Groupings


def evidence_of(
    subject: Subject, plan: Plan, measured: Measured, explained: Explained, *, publication: Publication | None = None
) -> Evidence:
    """Put together what was measured and explained with what surrounds it.

    Parameters
    ----------
    subject : Subject
        What was audited.
    plan : Plan
        With gates, statements and what the card is called.
    measured : Measured
        By all stages.
    explained : Explained
        Methods and single cases.
    publication : Publication, optional
        Which figures of groups may be published.
    """
    from explainkit.assess.fairness.verdicts import verdicts
    from explainkit.assess.findings import findings
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
        findings=findings(FigureSet(figures), plan, subject),
        statements=answered({k: s.given for k, s in plan.statements.items()}, presupposed(subject, plan)),
        statements_date=catalogue_date(),
        environment=environment(subject, plan),
        plan=recorded_plan(subject, plan),
        publication=publication,
        house=subject.house,
    )


def recorded_plan(subject: Subject, plan: Plan) -> dict[str, Any]:
    """The plan as it stands in card.json, with the digest of the catalogue that it names.

    Parameters
    ----------
    subject : Subject
        With the catalogue, where the plan names one.
    plan : Plan
        What was asked for.
    """
    document = plan.document()
    if subject.catalogue is not None:
        named = {"name": subject.catalogue.name, "digest": f"sha256:{subject.catalogue.sha256}"}
        document.setdefault("card", {})["catalogue"] = named
    return document


def explained_of(subject: Subject, plan: Plan, found: Groupings) -> Explained:
    """The whole explaining stage, as a plan asks for it.

    Parameters
    ----------
    subject : Subject
        What is audited.
    plan : Plan
        What is asked for.
    found : Groupings
        As `groupings_of` gives them.
    """
    from explainkit.assess.fairness.shown import shown_groups
    from explainkit.explain.summary import explain

    return explain(
        subject,
        plan.explain,
        groups=shown_groups(subject, found),
        references=plan.fairness.reference,
        reference_rows=plan.drift.explained,
    )


def gather_case(subject: Subject, plan: Plan, position: int, *, progress: Progress | None = None) -> Evidence:
    """Evidence of the decision of one row, counted from 0, without gates: nothing else is measured.

    Other parameters as for `pipeline.audit_plan`.
    """
    from explainkit.explain.summary import explain
    from explainkit.load.steady import one_order

    name = str(position + 1)
    alone = replace(subject, case_ids=tuple(str(i) for i in range(1, subject.rows.count + 1)))
    with one_order(), (progress or Silent()).stage("explain the decision"):
        explained = explain(alone, plan.explain.model_copy(update={"local": (name,)}), only_cases=True)
    explained = replace(explained, cases=tuple(replace(case, chosen="asked for") for case in explained.cases))
    measured = Measured(ledger=subject.ledger) + explained.measured + Measured(ledger=subject.shortfalls)
    bare = plan.model_copy(update={"gates": {}})
    return evidence_of(subject, bare, measured, explained)
