"""Summary: what a day of new data comes down to, as one JSON document. Summaries merge by addition."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from explainkit.assess.monitoring.bins import Baseline
from explainkit.assess.monitoring.tally import ColumnTally, ScoreTally, Tally
from explainkit.errors import DataError, InputError

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """New rows by the bins of one card."""

    card: str
    """``sha256:…`` of card.json."""
    days: tuple[str, ...]
    """Days of the rows, ISO 8601, ascending."""
    data: tuple[tuple[str, str], ...]
    """Name and digest of each file."""
    scores: str | None
    """Where the scores come from, in words; None where there are none."""
    tally: Tally

    def merge(self, other: Summary) -> Summary:
        """Of the rows of both.

        Raises
        ------
        InputError
            If they are of two cards, share a day, or have scores from two places.
        """
        for what, one, two in (("card", self.card, other.card), ("scores", self.scores, other.scores)):
            if one != two:
                found = f"{one or 'none'} and {two or 'none'}"
                raise InputError("summaries that do not add up", where=what, found=found, allowed="the same of both")
        shared = sorted(set(self.days) & set(other.days))
        if shared:
            raise InputError("summaries that do not add up", where="days", found=f"{shared[0]} twice")
        return Summary(
            card=self.card,
            days=tuple(sorted((*self.days, *other.days))),
            data=(*self.data, *other.data),
            scores=self.scores,
            tally=self.tally.merge(other.tally),
        )

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "card": self.card,
            "days": list(self.days),
            "data": [{"name": name, "digest": digest} for name, digest in self.data],
            "scores": self.scores,
            "rows": self.tally.rows,
            "columns": {name: asdict(column) for name, column in self.tally.columns.items()},
            "score": None if self.tally.score is None else asdict(self.tally.score),
        }

    def to_json(self) -> bytes:
        """One line; the same summary gives the same bytes."""
        text = json.dumps(self.document(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes | str, *, where: str = "summary") -> Summary:
        """Read a summary.

        Raises
        ------
        DataError
            If it is none, or of a version that is not known.
        """
        try:
            document = json.loads(data)
            version = document["schema_version"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError("not a summary of monitoring", where=where) from None
        if str(version).partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
            raise DataError("unknown schema version", where=where, found=str(version), allowed="1.*")
        try:
            return _read(document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError("not a summary of monitoring", where=where, found=str(error)) from None


def _read(document: Mapping[str, Any]) -> Summary:
    score = document["score"]
    columns = {str(name): ColumnTally(**_whole(column)) for name, column in document["columns"].items()}
    tally = Tally(
        rows=int(document["rows"]), columns=columns, score=None if score is None else ScoreTally(**_whole(score))
    )
    return Summary(
        card=str(document["card"]),
        days=tuple(dt.date.fromisoformat(day).isoformat() for day in document["days"]),
        data=tuple((str(d["name"]), str(d["digest"])) for d in document["data"]),
        scores=None if document["scores"] is None else str(document["scores"]),
        tally=tally,
    )


def _whole(members: Mapping[str, Any]) -> dict[str, Any]:
    """Counts as they are kept; anything else than whole numbers is refused."""
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in members.items()}
    for value in found.values():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(type(number) is not int or number < 0 for number in numbers):
            raise ValueError(f"a count is {value!r}"[:80])
    return found


def check_fits(summary: Summary, baseline: Baseline, *, where: str) -> None:
    """Raise unless a summary has the columns and bins of a card.

    Raises
    ------
    DataError
        If it does not: it was damaged, or made up.
    """
    wanted = {bins.name: bins.size for bins in baseline.columns}
    given = {name: len(column.counts) for name, column in summary.tally.columns.items()}
    score = summary.tally.score
    sizes = set() if score is None else {len(score.counts), len(score.labelled), len(score.events)}
    fits = score is None or (baseline.score is not None and sizes == {baseline.score.size})
    if wanted != given or not fits or not summary.tally.rows:
        raise DataError("a summary that does not fit its card", where=where, remedy="restore the file, or start anew")
