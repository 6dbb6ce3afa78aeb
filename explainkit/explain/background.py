"""The rows that unknown columns are replaced from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from explainkit.explain.draws import draw
from explainkit.load.tables import read_frame

T = TypeVar("T")

DEFAULT_BACKGROUND = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """The rows that absent columns are replaced from."""

    rows: pd.DataFrame
    """All of them; an opaque model gets a seeded sample."""
    most: int = DEFAULT_BACKGROUND
    """Largest sample."""
    called: str = "background rows"
    """What they are, in words."""
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        """At most `count` rows, drawn without replacement, in their order."""
        if len(self.rows) <= count:
            return self.rows
        return self.rows.iloc[draw(len(self.rows), count, seed, 1)]

    @cached_property
    def digest(self) -> str | None:
        """SHA-256 of all rows."""
        return digest_of(self.rows)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, made once for these rows and a key, and forgotten with them."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            found: T = self._kept[key]
        return found


def digest_of(rows: pd.DataFrame) -> str | None:
    """SHA-256 of rows, as of a data set given as a frame."""
    dataset, _ = read_frame(rows, role="reference")
    return dataset.identity.digest
