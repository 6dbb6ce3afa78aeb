"""Which single rows are explained in detail, and why these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from explainkit.errors import PlanError, nearest
from explainkit.load.subject import Subject

FloatArray = npt.NDArray[np.float64]

_IDS_COMPARED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One row to explain in detail."""

    position: int
    """Position in the evaluation rows, counted from 0."""
    reason: str
    """Why this row."""
    named: str | None = None
    """Name made of its id by a secret key, where the plan asks for it."""

    @property
    def key(self) -> str:
        """Its name in the evidence: the position counted from 1, or a name made by a secret key; never an id."""
        return self.named or str(self.position + 1)


def choose_cases(subject: Subject, local: int | tuple[str, ...]) -> tuple[Chosen, ...]:
    """Choose rows by the plan's ``explain.local``.

    A number asks for rows at evenly spaced ranks of the score, from the lowest to the highest; with a threshold the
    middle one gives way to the row closest to it. Ids ask for the rows of these ids.

    Parameters
    ----------
    subject : Subject
        What is audited.
    local : int or tuple of str
        How many, or which ids.

    Raises
    ------
    PlanError
        If an id is unknown, or ids are asked for and the data has no id column.
    """
    chosen = _by_rank(subject, local) if isinstance(local, int) else _by_id(subject, local)
    names = subject.case_names
    return chosen if names is None else tuple(replace(case, named=names[case.position]) for case in chosen)


def position_of(subject: Subject, row: str) -> int:
    """Position, from 0, of the row that a person names: by its id, or by the name that a secret key gave it.

    Parameters
    ----------
    subject : Subject
        What is audited; without an id column rows are named by their position, from 1.
    row : str
        The name.

    Raises
    ------
    PlanError
        If there is no such row; ids of others are told only where the plan does not hide them.
    """
    if subject.case_ids is None:
        return numbered(subject, row)
    for names in (subject.case_ids, subject.case_names or ()):
        if row in names:
            return names.index(row)
    near = nearest(row, islice(subject.case_ids, _IDS_COMPARED)) if subject.case_names is None else None
    raise PlanError("no row has this id", where="--row", found=repr(row), remedy=near)


def numbered(subject: Subject, row: str) -> int:
    """Position, from 0, of a row named by its position from 1.

    Raises
    ------
    PlanError
        If there is no such row.
    """
    count = subject.rows.count
    if not (row.isascii() and row.isdigit() and 1 <= int(row) <= count):
        raise PlanError("no such position", where="--row", found=repr(row), allowed=f"1 to {count}")
    return int(row) - 1


def _by_rank(subject: Subject, local: int) -> tuple[Chosen, ...]:
    scores = subject.rows.scores if subject.rows.scores.ndim == 1 else subject.rows.scores.max(axis=1)
    count = min(local, len(scores))
    if count < 1:
        return ()
    order = np.argsort(scores, kind="stable")
    ranks = [i * (len(scores) - 1) // (count - 1) for i in range(count)] if count > 1 else [(len(scores) - 1) // 2]
    what = {"regression": "prediction", "binary": "score"}.get(subject.task, "probability of the predicted class")
    chosen = [Chosen(position=int(order[r]), reason=_rank_words(i, count, what)) for i, r in enumerate(ranks)]
    if subject.threshold is not None and count != 2:  # two rows are the ends
        _put_closest(chosen, scores, subject.threshold.at)
    return tuple(chosen)


def _rank_words(index: int, count: int, what: str) -> str:
    if count == 1:
        return f"median {what}"
    if index == 0:
        return f"lowest {what}"
    if index == count - 1:
        return f"highest {what}"
    return f"evenly spaced rank between the lowest and the highest {what}"


def _put_closest(chosen: list[Chosen], scores: FloatArray, threshold: float) -> None:
    """Let the row closest to the threshold take the place of the middle one, unless it is chosen already."""
    closest = int(np.argmin(np.abs(scores - threshold)))
    for i, case in enumerate(chosen):
        if case.position == closest:
            chosen[i] = Chosen(position=closest, reason=f"{case.reason}; also the score closest to the threshold")
            return
    chosen[len(chosen) // 2] = Chosen(position=closest, reason="score closest to the threshold")


def _by_id(subject: Subject, ids: tuple[str, ...]) -> tuple[Chosen, ...]:
    if subject.case_ids is None:
        raise PlanError(
            "cases are named by id, and the data has no id column",
            where="explain.local",
            remedy="name the column under data.id, or ask for a number of cases",
        )
    places = {name: i for i, name in enumerate(subject.case_ids)}
    for name in ids:
        if name not in places:
            # Comparing with every id of a large file would take minutes.
            near = nearest(name, islice(places, _IDS_COMPARED)) if subject.case_names is None else None
            raise PlanError("no row has this id", where="explain.local", found=repr(name), remedy=near)
    return tuple(Chosen(position=places[name], reason="named in the plan") for name in dict.fromkeys(ids))
