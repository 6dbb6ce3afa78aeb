"""Every error that explainkit raises on purpose, in one tree.

::

    ExplainkitError            exit code 4: internal
    ├── GateError              1: a card is genuine, and speaks against what was asked for
    ├── InputError             2: what was given cannot be used
    │   ├── PlanError          2: the plan (audit.toml, flags, arguments)
    │   ├── DataError          2: the data
    │   ├── ModelError         2: the model or its file
    │   ├── OutputError        2: the place where results should go
    │   └── MissingExtraError  2: a library that only some installations need
    ├── VerificationError      3: an existing release or PDF is not valid, or cannot be judged
    └── ServiceError           5: an outside service failed; nothing was lost

An error prints as one line that says where, what, what was found, what is allowed, and the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

PARTS = ("problem", "where", "found", "allowed", "remedy")
"""Of the message of an error."""


class ExplainkitError(Exception):
    """Base of the tree; carries the parts of its one-line message.

    Parameters
    ----------
    problem : str
        What is wrong, as a short statement.
    where : str, optional
        The file, key, column or argument concerned.
    found : str, optional
        What was found there.
    allowed : str, optional
        What would have been accepted.
    remedy : str, optional
        What to do.
    """

    exit_code = 4

    def __init__(
        self,
        problem: str,
        *,
        where: str | None = None,
        found: str | None = None,
        allowed: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.where = where
        self.found = found
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(self._line())

    @classmethod
    def of_parts(cls, parts: Mapping[str, str | None]) -> ExplainkitError:
        """An error of this class with the parts of its message, whatever else the class is made from."""
        made = cls.__new__(cls)
        ExplainkitError.__init__(made, parts["problem"] or "", **{part: parts[part] for part in PARTS[1:]})
        return made

    def parts(self) -> dict[str, str | None]:
        """The parts of its message by their names."""
        return {part: getattr(self, part) for part in PARTS}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of_parts, (self.parts(),), self.__dict__

    def _line(self) -> str:
        parts = [f"{self.where}: {self.problem}" if self.where else self.problem]
        if self.found is not None:
            parts.append(f"found {self.found}")
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy is not None:
            parts.append(f"remedy: {self.remedy}")
        return " ".join("; ".join(parts).split())


class GateError(ExplainkitError):
    """A card is genuine, and speaks against what was asked for: a gate failed, or a signer rejects it."""

    exit_code = 1


class InputError(ExplainkitError):
    """What was given cannot be used."""

    exit_code = 2


class PlanError(InputError):
    """The plan (file, flags or arguments) asks for something impossible or unknown."""


class DataError(InputError):
    """The data cannot be audited as given."""


class ModelError(InputError):
    """The model or its file cannot be used."""


class OutputError(InputError):
    """Results cannot be written where they should go."""


class MissingExtraError(InputError):
    """A library is needed that this installation lacks."""

    def __init__(self, library: str, *, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{library} is needed for {needed_for} and is not installed",
            remedy=f"pip install 'explainkit[{extra}]'",
        )


class VerificationError(ExplainkitError):
    """An existing release or PDF is not valid, or cannot be judged."""

    exit_code = 3


class ServiceError(ExplainkitError):
    """An outside service failed; nothing was lost."""

    exit_code = 5


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> str:
    """Say which known names lie nearest to a mistyped one.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names that exist.
    count : int, default 3
        How many suggestions at most.

    Returns
    -------
    str
        For example ``"did you mean 'age'?"``; a list of what exists where nothing is near.
    """
    names = [str(k) for k in known]
    folded: dict[str, str] = {}
    for candidate in names:
        folded.setdefault(candidate.casefold(), candidate)
    near = [folded[m] for m in difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=0.55)]
    if near:
        return "did you mean " + " or ".join(repr(n) for n in near) + "?"
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"known: {shown}" if names else "none exist"
