"""Rows as points, so that it can be said how far a row is from others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]

_LEVELS = 50


def coordinates(rows: pd.DataFrame, count: int) -> tuple[FloatArray, list[int]]:
    """Rows as points, and how many coordinates each column has; the first `count` rows are the reference.

    Numbers are in units of their spread in the reference; a category has one coordinate for each frequent value, so
    that two categories are one unit apart; a missing value is a category of its own.
    """
    parts, widths = [], []
    for name in rows.columns:
        column, kind = rows[name], kind_of(rows[name])
        if kind in ("number", "integer", "boolean", "date"):
            stamps = column.astype("int64") if kind == "date" else column
            numbers = stamps.to_numpy(dtype=np.float64, na_value=np.nan)
            known = numbers[:count][np.isfinite(numbers[:count])]
            centre, spread = (float(np.median(known)), float(known.std())) if len(known) else (0.0, 0.0)
            scaled = np.where(np.isfinite(numbers), (numbers - centre) / (spread or 1.0), 0.0)
            block = np.column_stack([scaled, ~np.isfinite(numbers)]).astype(np.float64)
        else:
            values = column.astype(str).where(column.notna(), "")
            frequent = values.iloc[:count].value_counts().index[:_LEVELS]
            block = (values.to_numpy()[:, None] == frequent.to_numpy()[None, :]) * np.sqrt(0.5)
        parts.append(block)
        widths.append(block.shape[1])
    return np.column_stack(parts), widths
