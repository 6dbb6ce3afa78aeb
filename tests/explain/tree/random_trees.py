"""Random small ensembles that hold every kind of test, and rows that hit their thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.ensemble import Ensemble

FloatArray = npt.NDArray[np.float64]


def random_ensemble(seed: int, *, columns: int, trees: int, depth: int, outputs: int = 1) -> Ensemble:
    """Trees with thresholds, categories, every treatment of missing values, and covers that add up or nearly do."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, columns)  # how each column treats missing values
    categorical = rng.random(columns) < 0.25
    sets: list[npt.NDArray[np.int64]] = []
    nodes: list[dict[str, object]] = []
    starts = [0]

    def grow(level: int, cover: float) -> int:
        me = len(nodes)
        nodes.append({"left": -1, "right": -1, "column": -1, "cover": cover})
        if level == depth or rng.random() < 0.15:
            value = np.zeros(outputs)
            value[rng.integers(outputs) if rng.random() < 0.5 else slice(None)] = rng.normal()
            nodes[me]["value"] = value
            return me
        column = int(rng.integers(columns))
        nodes[me]["column"] = column
        nodes[me]["threshold"] = float(np.float32(rng.integers(-3, 4) / 2))
        nodes[me]["default"] = bool(rng.random() < 0.5)
        nodes[me]["missing"] = int(kinds[column])
        if categorical[column]:
            nodes[me]["set"] = len(sets)
            nodes[me]["missing"] = 0
            sets.append(np.sort(rng.choice(5, size=rng.integers(1, 5), replace=False)))
        share = float(rng.uniform(0.05, 0.95))
        nodes[me]["left"] = grow(level + 1, cover * share)
        nodes[me]["right"] = grow(level + 1, cover * (1 - share))
        return me

    for _ in range(trees):
        grow(0, float(rng.uniform(10, 1000)))
        starts.append(len(nodes))
    get = lambda name, default: np.array([n.get(name, default) for n in nodes])  # noqa: E731
    return Ensemble(
        starts=np.array(starts),
        left=get("left", -1),
        right=get("right", -1),
        column=get("column", -1),
        threshold=get("threshold", 0.0).astype(float),
        missing=get("missing", 0),
        default_left=get("default", False),
        categories=get("set", -1),
        sets=tuple(sets),
        values=np.array([n.get("value", np.zeros(outputs)) for n in nodes]),
        cover=get("cover", 1.0).astype(float),
        base=rng.normal(size=outputs),
        columns=columns,
        float32=bool(rng.random() < 0.5),
    )


def random_rows(seed: int, count: int, columns: int) -> FloatArray:
    """Values on the thresholds, next to them on either side, between them, zero, and missing."""
    rng = np.random.default_rng([seed, 1])
    rows = rng.integers(-3, 5, size=(count, columns)) / 2.0
    chance = rng.random(rows.shape)
    rows = np.where(chance < 0.1, np.nextafter(rows, np.inf), rows)
    rows = np.where((chance >= 0.1) & (chance < 0.2), np.nextafter(rows.astype(np.float32), np.float32(9)), rows)
    rows = np.where((chance >= 0.2) & (chance < 0.35), np.nan, rows)
    rows = np.where((chance >= 0.35) & (chance < 0.4), 1e-36, rows)
    return np.where((chance >= 0.4) & (chance < 0.5), rng.normal(size=rows.shape), rows)
