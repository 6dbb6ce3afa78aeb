"""Summary of a column: what is known of it by counting, made from batches of rows and merged in any order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explainkit.assess.data.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """Rows, missing values and range of one column; merging is associative and free of order."""

    rows: int = 0
    missing: int = 0
    low: float = math.inf
    """Smallest number; infinite where there is none."""
    high: float = -math.inf
    """Largest number; minus infinity where there is none."""

    def update(self, values: Values) -> ColumnSummary:
        """With a batch of rows more."""
        missing = values.missing
        low, high = math.inf, -math.inf
        if values.numbers is not None and not missing.all():
            low, high = float(np.nanmin(values.numbers)), float(np.nanmax(values.numbers))
        return self.merge(ColumnSummary(rows=len(missing), missing=int(missing.sum()), low=low, high=high))

    def merge(self, other: ColumnSummary) -> ColumnSummary:
        """Of the rows of both."""
        return ColumnSummary(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
        )
