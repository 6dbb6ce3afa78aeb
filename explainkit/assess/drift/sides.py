"""The two data sets that are compared: which rows, what they weigh, and what the model answers for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.decision import label_name
from explainkit.errors import DataError, ModelError, PlanError
from explainkit.evidence import Column, LedgerEntry
from explainkit.load.columns import kind_of, require_column
from explainkit.load.row_values import weights_of
from explainkit.load.subject import Dataset, Subject
from explainkit.plan import Plan

Floats = npt.NDArray[np.float64]

MOST_SCORED = 100_000
"""Reference rows that the model is asked about, at most."""
_STREAM = 71
_APART = frozenset(("target", "score", "weight", "cluster", "id", "time", "champion", "decision", "interval", "proxy"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Reference rows with what the model answers for them."""

    rows: npt.NDArray[np.intp]
    """Their places in the reference data, shape (n,)."""
    scores: Floats
    """As `explainkit.load.subject.Rows.scores`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Evaluation rows and reference rows."""

    subject: Subject
    evaluation: pd.DataFrame
    reference: pd.DataFrame
    columns: tuple[Column, ...]
    """Columns that are compared: the inputs of the model, or where there is none, whatever could be one."""
    weights: tuple[Floats | None, Floats | None]
    """Of the evaluation rows and of the reference rows."""
    repeats: bool
    """Whether a weight says how many equal rows a row stands for."""
    scored: Scored | str
    """Reference rows with their scores, or why there are none."""
    labels: Floats | None
    """Outcomes of the reference rows, as `explainkit.load.subject.Rows.labels`; None where they are not known."""
    ledger: tuple[LedgerEntry, ...]
    seed: int

    @property
    def clustered(self) -> str | None:
        """The column that says which rows belong together: nothing here is known of the precision of such rows."""
        return self.subject.rows.cluster_column

    @property
    def weighted(self) -> bool:
        """Whether rows of either count unequally."""
        return any(w is not None for w in self.weights)


def sides_of(subject: Subject, reference: Dataset, plan: Plan) -> Sides:
    """Bring both data sets together.

    Parameters
    ----------
    subject : Subject
        With the evaluation rows and the model.
    reference : Dataset
        The reference rows.
    plan : Plan
        With the columns of scores and weights, and the seed.
    """
    frame, ledger = reference.frame, list[LedgerEntry]()
    inputs = set(subject.features)
    common = [c for c in subject.columns if c.name in frame.columns]
    if subject.model is None:
        chosen = tuple(c for c in common if not set(c.roles) & _APART)
    else:
        chosen = tuple(c for c in common if c.name in inputs)
    scored = _scored(subject, frame, plan)
    if isinstance(scored, Scored) and len(scored.rows) < len(frame):
        why = "a seeded sample without replacement of the reference rows"
        ledger.append(
            LedgerEntry(kind="sampled", what="reference rows scored for drift", reason=why, count=len(scored.rows))
        )
    return Sides(
        subject=subject,
        evaluation=subject.evaluation.frame,
        reference=frame,
        columns=chosen,
        weights=(subject.rows.weights, _weights(frame, plan, ledger)),
        repeats=subject.rows.weight_kind == "frequency",
        scored=scored,
        labels=_labels(subject, frame, plan),
        ledger=tuple(ledger),
        seed=plan.explain.seed,
    )


def _labels(subject: Subject, frame: pd.DataFrame, plan: Plan) -> Floats | None:
    """Outcomes of the reference rows, where need be from a column that the evaluation data lacks."""
    name = plan.drift.reference_target
    if subject.reference_labels is not None or name is None or subject.task != "binary" or subject.positive is None:
        return subject.reference_labels
    column = require_column(frame, name, role="drift.reference_target")
    codes, found = pd.factorize(column)
    words = plan.features[name].labels if name in plan.features else {}
    names = [words.get(label_name(value), label_name(value)) for value in found]
    if subject.positive not in names:
        raise PlanError(
            "no row has the positive class",
            where="drift.reference_target",
            found=", ".join(map(repr, names[:6])),
            allowed=repr(subject.positive),
        )
    labels: Floats = np.array([float(n == subject.positive) for n in names] + [np.nan])[codes]
    return labels


def _weights(frame: pd.DataFrame, plan: Plan, ledger: list[LedgerEntry]) -> Floats | None:
    """Weights of the reference rows, where the evaluation rows have some."""
    if plan.data.weight is None:
        return None
    name, why = plan.data.weight.column, "the reference data has no such column"
    if name in frame.columns:
        try:
            return weights_of(frame[name])
        except DataError as error:
            why = str(error)
    what = f"weights of the reference rows for drift (column {name})"
    ledger.append(LedgerEntry(kind="assumed", what=what, reason=f"every row counts alike: {why}"))
    return None


def _scored(subject: Subject, frame: pd.DataFrame, plan: Plan) -> Scored | str:
    """Ask the model about reference rows, or take their scores from the column that has those of the others."""
    rng = np.random.default_rng([plan.explain.seed, _STREAM])
    few = len(frame) <= MOST_SCORED
    rows = np.arange(len(frame)) if few else np.sort(rng.choice(len(frame), MOST_SCORED, replace=False))
    if subject.model is None:
        return _given(frame, plan.data.score or "", rows)
    some = frame.iloc[rows][list(subject.features)]
    try:
        answers = subject.model.predict(subject.model.adapt(some)[0])
    except (ModelError, DataError) as error:
        return f"the model does not answer for the reference rows: {error}"
    if subject.task == "multiclass":
        return Scored(rows=rows, scores=answers)
    place = 0
    if subject.task == "binary" and answers.shape[1] == 2:
        place = (
            1 if subject.positive is None or subject.model.classes is None else subject.classes.index(subject.positive)
        )
    return Scored(rows=rows, scores=answers[:, place])


def _given(frame: pd.DataFrame, name: str, rows: npt.NDArray[np.intp]) -> Scored | str:
    if name not in frame.columns:
        return f"the reference data has no column of scores ({name})"
    if kind_of(frame[name]) not in ("number", "integer", "boolean"):
        return f"the scores of the reference rows are no numbers ({name})"
    scores = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    there = np.isfinite(scores)
    if not there.any():
        return f"no reference row has a score ({name})"
    return Scored(rows=rows[there], scores=scores[there])
