"""The reference rows scored and with their outcomes, in the form that the evaluation rows have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explainkit.evidence import LedgerEntry
from explainkit.load.row_values import clusters_of, weights_of
from explainkit.load.scores import scores_of
from explainkit.load.subject import Subject
from explainkit.plan import Plan


def as_evaluated(subject: Subject, plan: Plan) -> tuple[Subject, tuple[LedgerEntry, ...]] | str:
    """The subject whose evaluation rows are its reference rows, or why there is none.

    Parameters
    ----------
    subject : Subject
        With reference data.
    plan : Plan
        As the subject was made by.

    Returns
    -------
    tuple or str
        The subject and what the model's inputs had to be cast to, or the reason in words. Groups, periods and
        segments are left out.

    Raises
    ------
    ModelError, DataError
        If the model cannot answer, or scores or weights are not usable.
    """
    reference = subject.reference
    if reference is None:
        return "there is no reference data (data.reference)"
    if subject.reference_labels is None or np.isnan(subject.reference_labels).all():
        return "no reference row has an outcome"
    frame = reference.frame
    wanted = {"data.cluster": plan.data.cluster, "data.weight": plan.data.weight and plan.data.weight.column}
    if subject.model is None:
        wanted |= {"data.score": plan.data.score}
    for key, column in wanted.items():
        if column is not None and column not in frame.columns:
            return f"the reference data has no such column ({key})"
    answers, entries = scores_of(plan, subject.model, reference, subject.features)
    scores = answers
    if subject.task == "binary":
        named = subject.positive is not None and answers.shape[1] == 2
        scores = answers[:, subject.classes.index(subject.positive or "") if named else answers.shape[1] - 1]
    elif subject.task == "regression":
        scores = answers[:, 0]
    weights = None if plan.data.weight is None else weights_of(frame[plan.data.weight.column])
    clusters = None if plan.data.cluster is None else clusters_of(frame[plan.data.cluster])
    rows = replace(
        subject.rows,
        scores=scores.copy(),
        labels=subject.reference_labels,
        weights=weights,
        clusters=clusters,
        groups=(),
        proxies=(),
        actual=None,
        periods=None,
        segments=None,
        later=None,
    )
    known = {(e.kind, e.what) for e in subject.ledger}
    casts = tuple(replace(e, what=f"reference: {e.what}") for e in entries if (e.kind, e.what) not in known)
    other = replace(subject, evaluation=reference, reference=None, reference_labels=None, rows=rows, case_ids=None)
    return other, casts
