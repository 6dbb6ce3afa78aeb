"""The rows that unknown columns are replaced from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from explainkit.explain.draws import draw
from explainkit.load.tables import read_frame

DEFAULT_BACKGROUND = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The rows that absent columns are replaced from."""

    rows: pd.DataFrame
    """All of them; an opaque model gets a seeded sample."""
    most: int = DEFAULT_BACKGROUND
    """Largest sample."""
    called: str = "background rows"
    """What they are, in words."""

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        """At most `count` rows, drawn without replacement, in their order."""
        if len(self.rows) <= count:
            return self.rows
        return self.rows.iloc[draw(len(self.rows), count, seed, 1)]


def digest_of(rows: pd.DataFrame) -> str | None:
    """SHA-256 of rows, as of a data set given as a frame."""
    dataset, _ = read_frame(rows, role="reference")
    return dataset.identity.digest
