"""Put model, data and plan together into a Subject, and find what does not fit before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from explainkit.errors import DataError, PlanError, nearest
from explainkit.evidence import Column, LedgerEntry, Role
from explainkit.load.case_names import case_ids_of, with_case_names
from explainkit.load.catalogue import with_catalogue
from explainkit.load.columns import group_column, kind_of, require_column
from explainkit.load.confined.opening import Opening, opening_of
from explainkit.load.earlier_card import with_earlier_card
from explainkit.load.house import read_house, with_house
from explainkit.load.models.base import Adapter
from explainkit.load.models.function import scores_identity
from explainkit.load.outcomes import Outcome, in_words, labels_of, outcome_of
from explainkit.load.row_values import clusters_of, decisions_of, proxy_of, weights_of
from explainkit.load.scores import scores_of
from explainkit.load.subject import Dataset, GroupColumn, Model, Rows, Subject
from explainkit.load.tables import read_files
from explainkit.load.when import When
from explainkit.plan import FeaturePlan, Plan

_WHERE = {"champion": "champion.score", "decision": "decisions.column"}
"""Where the plan names a column, but for those named under ``data``."""


def load_subject(plan: Plan, *, base: Path, opening: Opening | None = None) -> Subject:
    """Read the model and the data that a plan names.

    Parameters
    ----------
    plan : Plan
        With ``data.evaluation``, and ``model.path`` or ``data.score``.
    base : pathlib.Path
        Folder that relative paths start from.
    opening : Opening, optional
        The model file that the plan names, where somebody began to open it.

    Raises
    ------
    PlanError, ModelError, DataError
        If something is missing or does not fit; nothing has been measured then.
    """
    if plan.data.evaluation is None:
        raise PlanError("no data to audit", where="data.evaluation", allowed="a parquet, csv or feather file")
    read_house(plan, base=base)  # what cannot be used is said before anything takes time
    opening = opening_of(plan, base=base) if opening is None else opening
    try:
        other = None if plan.data.reference is None else base / plan.data.reference
        evaluation, reference, ledger = read_files(base / plan.data.evaluation, other, missing=plan.data.missing)
    except DataError:
        if opening is not None:
            opening.done()  # what is wrong with the model is said first
        raise
    model = None if opening is None else opening.done()
    subject = assemble(plan, model=model, evaluation=evaluation, reference=reference, ledger=ledger)
    return with_files_beside(with_findings(subject, model), plan, base=base)


def with_findings(subject: Subject, model: Model | None) -> Subject:
    """The subject with what was found when its model was opened from a file."""
    from explainkit.load.confined.facts import ConfinedAdapter

    if not isinstance(model, ConfinedAdapter):
        return subject
    return replace(subject, ledger=model.findings + subject.ledger, shortfalls=model.shortfalls)


def with_files_beside(subject: Subject, plan: Plan, *, base: Path) -> Subject:
    """The subject with what the plan names besides model and data.

    These are the catalogue of the card's language, the key of case names, the card published before, and files of the
    house.

    Raises
    ------
    PlanError, DataError
        If one of them cannot be used.
    """
    subject = with_house(with_catalogue(subject, plan, base=base), plan, base=base)
    return with_earlier_card(with_case_names(subject, plan, base=base), plan, base=base)


def assemble(
    plan: Plan,
    *,
    model: Model | None,
    evaluation: Dataset,
    reference: Dataset | None = None,
    ledger: tuple[LedgerEntry, ...] = (),
) -> Subject:
    """Check that model, data and plan fit, predict once, and build the per-row ledger.

    Parameters
    ----------
    plan : Plan
        Roles, outcome, threshold, groups.
    model : Model or None
        None for predictions-only, with the scores in ``data.score``.
    evaluation, reference : Dataset
        Rows to measure, and rows to explain against.
    ledger : tuple of LedgerEntry
        What reading the data already did.

    Raises
    ------
    PlanError, ModelError, DataError
        If something does not fit.
    """
    plan = in_words(plan)
    frame = evaluation.frame
    roles = _roles(plan, frame)
    features = () if model is None else _features(plan, model, frame, roles)
    when = When.of(plan, frame, reference)
    scores, casts = scores_of(plan, model, evaluation, features)
    outcome = outcome_of(plan, model=model, frame=frame, scores=scores)
    if isinstance(model, Adapter) and model.classes is None and outcome.task == "binary":
        # A function that answers one column answers for the positive class, the second of the two.
        model = replace(model, classes=outcome.classes, task="binary")
    if reference is not None:
        _check_reference(reference, features)
    _check_names(plan, frame, outcome.classes)
    _check_class_column(plan, outcome)
    return Subject(
        task=outcome.task,
        classes=outcome.classes,
        positive=outcome.positive,
        threshold=plan.model.cutoff if outcome.task == "binary" else None,
        favourable=plan.fairness.favourable,
        population=plan.population,
        model=model,
        identity=model.identity if model is not None else scores_identity(plan.data.score or ""),
        evaluation=evaluation,
        reference=reference,
        features=features,
        columns=_columns(plan, frame, roles, features),
        rows=_rows(plan, frame, outcome, features, when),
        case_ids=case_ids_of(plan, frame),
        reference_labels=None if reference is None else labels_of(plan, reference.frame, outcome),
        ledger=ledger
        + casts
        + outcome.ledger
        + when.ledger
        + (_unused(frame, roles, features) if model is not None else ()),
    )


def _rows(plan: Plan, frame: pd.DataFrame, outcome: Outcome, features: Sequence[str], when: When) -> Rows:
    """The compact ledger of the evaluation rows, read-only."""
    segment = plan.data.segment
    weights = None
    if plan.data.weight is not None:
        weights = weights_of(require_column(frame, plan.data.weight.column, role="data.weight"))
    clusters = None
    if plan.data.cluster is not None:
        clusters = clusters_of(require_column(frame, plan.data.cluster, role="data.cluster"))
    actual = None if plan.decisions is None else decisions_of(plan.decisions, frame, outcome.task)
    for array in (outcome.scores, outcome.labels, weights, clusters, actual):
        if array is not None:
            array.setflags(write=False)
    return Rows(
        scores=outcome.scores,
        labels=outcome.labels,
        weights=weights,
        weight_kind=plan.data.weight.kind if plan.data.weight else None,
        groups=tuple(_group(plan, name, frame, features) for name in plan.data.sensitive),
        actual=actual,
        clusters=clusters,
        cluster_column=plan.data.cluster,
        proxies=tuple(proxy_of(name, proxy, frame) for name, proxy in plan.proxies.items()),
        periods=when.periods,
        segments=None if segment is None else _group(plan, segment, frame, features, "segment"),
        later=when.later,
    )


def _unused(frame: pd.DataFrame, roles: dict[str, list[Role]], features: Sequence[str]) -> tuple[LedgerEntry, ...]:
    """What is said of columns that serve nothing."""
    unused = [str(c) for c in frame.columns if not _column_roles(str(c), roles, features)]
    if not unused:
        return ()
    names = ", ".join(unused[:12]) + (" …" if len(unused) > 12 else "")
    reason = "neither inputs of the model nor given a role in the plan"
    return (LedgerEntry(kind="dropped", what=f"columns {names}", reason=reason, count=len(unused)),)


def _roles(plan: Plan, frame: pd.DataFrame) -> dict[str, list[Role]]:
    """Roles that the plan gives to columns; every named column exists."""
    named: list[tuple[Role, str | None]] = [
        ("target", plan.data.target),
        ("score", plan.data.score),
        ("weight", plan.data.weight.column if plan.data.weight else None),
        ("cluster", plan.data.cluster),
        ("id", plan.data.id),
        ("time", plan.data.time),
        ("segment", plan.data.segment),
        ("decision", plan.decisions.column if plan.decisions else None),
        ("champion", plan.champion.score if plan.champion else None),
        *(("sensitive", name) for name in plan.data.sensitive),
    ]
    roles: dict[str, list[Role]] = {}
    for role, name in named:
        if name is not None:
            require_column(frame, name, role=_WHERE.get(role, f"data.{role}"))
            roles.setdefault(name, []).append(role)
    interval = plan.performance.interval
    for end, name in () if interval is None else (("low", interval.low), ("high", interval.high)):
        require_column(frame, name, role=f"performance.interval.{end}")
        roles.setdefault(name, []).append("interval")
    for name, proxy in plan.proxies.items():
        for column in proxy.columns.values():
            require_column(frame, column, role=f"proxies.{name}.columns")
            roles.setdefault(column, []).append("proxy")
    if plan.data.score is not None and plan.data.score == plan.data.target:
        raise PlanError("the target cannot be the score", where="data.score", found=repr(plan.data.score))
    for name in plan.features:
        if name not in frame.columns:
            raise PlanError("no such column", where=f"features.{name}", remedy=nearest(name, map(str, frame.columns)))
    return roles


def _features(plan: Plan, model: Model, frame: pd.DataFrame, roles: dict[str, list[Role]]) -> tuple[str, ...]:
    if model.features is not None:
        features = model.features
    elif plan.data.features:
        features = plan.data.features
    else:
        features = tuple(str(c) for c in frame.columns if str(c) not in roles)
        expected = getattr(model.native, "n_features_in_", None)
        if expected is not None and expected != len(features):
            raise DataError(
                "the model does not name its inputs, and their number does not fit",
                where="data",
                found=f"{len(features)} columns left after target, id, weight, cluster, time and sensitive",
                allowed=f"{expected}",
                remedy="list the inputs in the training order under data.features",
            )
    missing = [f for f in features if f not in frame.columns]
    if missing:
        raise DataError(
            "the data lacks inputs of the model",
            where=f"column {missing[0]}",
            found=f"{len(missing)} of {len(features)} inputs missing",
            remedy=nearest(missing[0], map(str, frame.columns)),
        )
    for name in features:
        clash = [r for r in roles.get(name, []) if r in ("target", "score")]
        if clash:
            raise PlanError(f"the {clash[0]} is an input of the model", where=f"column {name}")
        if frame[name].isna().all():
            raise DataError(
                "an input of the model has no value at all",
                where=f"column {name}",
                found=f"{len(frame)} missing values",
                remedy="give the column its values, or drop it from the model",
            )
    return features


def _check_reference(reference: Dataset, features: Sequence[str]) -> None:
    missing = [f for f in features if f not in reference.frame.columns]
    if missing:
        raise DataError(
            "the reference data lacks inputs of the model",
            where=f"column {missing[0]}",
            found=f"{len(missing)} of {len(features)} inputs missing",
            remedy=nearest(missing[0], map(str, reference.frame.columns)),
        )


def _check_class_column(plan: Plan, outcome: Outcome) -> None:
    """Figures of one class of several say so by the key ``class``, which a column can then not be called."""
    if outcome.task == "multiclass" and "class" in plan.data.sensitive:
        raise PlanError(
            "a sensitive column of a model of several classes cannot be called 'class'",
            where="data.sensitive",
            found="'class'",
            remedy="give the column another name",
        )


def _group(
    plan: Plan, name: str, frame: pd.DataFrame, features: Sequence[str], role: Role = "sensitive"
) -> GroupColumn:
    return group_column(
        frame[name],
        name=name,
        feature=plan.features.get(name, FeaturePlan()),
        is_feature=name in features,
        basis=plan.fairness.basis.get(name),
        role=role,
    )


def _check_names(plan: Plan, frame: pd.DataFrame, classes: tuple[str, ...]) -> None:
    """What the plan says of groups and outcomes exists."""
    favourable = plan.fairness.favourable
    if favourable is not None and classes != ("prediction",) and favourable not in classes:
        raise PlanError(
            "no such class", where="fairness.favourable", found=repr(favourable), allowed=", ".join(map(repr, classes))
        )
    fairness = plan.fairness
    tables: dict[str, Iterable[str]] = {"fairness.reference": fairness.reference, "fairness.basis": fairness.basis}
    for table, names in (tables | {"data.shares": plan.data.shares}).items():
        for name in names:
            if name not in plan.data.sensitive:
                raise PlanError(
                    "not a sensitive column",
                    where=f"{table}.{name}",
                    remedy=nearest(name, plan.data.sensitive),
                )


def _column_roles(name: str, roles: dict[str, list[Role]], features: Sequence[str]) -> tuple[Role, ...]:
    return (*(("feature",) if name in features else ()), *roles.get(name, []))


def _columns(
    plan: Plan, frame: pd.DataFrame, roles: dict[str, list[Role]], features: tuple[str, ...]
) -> tuple[Column, ...]:
    columns = []
    for name in map(str, frame.columns):
        stated = plan.features.get(name, FeaturePlan())
        columns.append(
            Column(
                name=name,
                kind=kind_of(frame[name]),
                roles=_column_roles(name, roles, features) or ("unused",),
                available=stated.available,
                actionable=stated.actionable,
                direction=stated.direction,
                linked=stated.linked or None,
            )
        )
        _check_changes(columns[-1], frame)
    return tuple(columns)


def _check_changes(column: Column, frame: pd.DataFrame) -> None:
    """What the plan says of changing a column can be followed."""
    where = f"features.{column.name}"
    if column.direction is not None and column.kind not in ("number", "integer"):
        raise PlanError("only a number has a direction", where=where, found=f"a column of kind {column.kind}")
    for other in column.linked or ():
        if other not in frame.columns or other == column.name:
            known = [name for name in map(str, frame.columns) if name != column.name]
            raise PlanError(
                "no such column to be linked with",
                where=f"{where}.linked",
                found=repr(other),
                remedy=nearest(other, known),
            )
