"""History: one summary a line, in the order of days; a file that is written whole or not at all."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explainkit.assess.monitoring.bins import Baseline
from explainkit.errors import InputError, OutputError
from explainkit.monitoring.summary import Summary, check_fits
from explainkit.registries.files import write_file

NAME = "monitor.jsonl"
"""Of the file, where a folder is named."""


def place_of(history: Path) -> Path:
    """The file of a history that is named by it, or by its folder."""
    return history / NAME if history.is_dir() else history


def read_history(path: Path, *, card: str, baseline: Baseline) -> tuple[Summary, ...]:
    """Read every summary; none where there is no file.

    Raises
    ------
    InputError
        If a line is no summary, or of another release.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError("the history cannot be read", where=str(path), found=error.strerror) from None
    found: list[Summary] = []
    for number, line in enumerate(lines, 1):
        where = f"{path}: line {number}"
        summary = Summary.from_json(line, where=where)
        if summary.card != card:
            raise InputError(
                "the history is of another release",
                where=where,
                found=f"card {summary.card}",
                allowed=f"card {card}",
                remedy="start a new history with --history",
            )
        check_fits(summary, baseline, where=where)
        found.append(summary)
    return tuple(found)


def with_day(known: tuple[Summary, ...], new: Summary) -> tuple[Summary, ...]:
    """A history with one summary more, in the order of days; an earlier one of the day makes room for it."""
    others = (one for one in known if not set(one.days) & set(new.days))
    return tuple(sorted((*others, new), key=lambda one: one.days))


def check_day(known: tuple[Summary, ...], day: str, *, replace: bool, where: Path) -> None:
    """Raise where a day is in the history already, and is not to be replaced.

    Raises
    ------
    InputError
        If it is, or if it is a part of a summary of several days.
    """
    same = [one for one in known if day in one.days]
    if any(len(one.days) > 1 for one in same):
        raise InputError("the day is a part of a summary of several days", where=str(where), found=day)
    if same and not replace:
        raise InputError(
            "the history has the day already",
            where=str(where),
            found=day,
            remedy="--replace puts the new summary in its place, as when outcomes have come in",
        )


def write_history(path: Path, summaries: tuple[Summary, ...]) -> None:
    """Write a history whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there stays.
    """
    write_file(path, b"".join(summary.to_json() for summary in summaries))


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Nobody else changes the history meanwhile; nothing where there is none.

    Raises
    ------
    OutputError
        If its folder cannot be written to.
    """
    if path is None:
        yield
        return
    try:
        stream = path.with_name(f".{path.name}.lock").open("ab")
    except OSError as error:
        raise OutputError("the history cannot be written", where=str(path), found=error.strerror) from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
