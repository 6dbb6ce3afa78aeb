"""What the data can carry: columns that share credit, and explained points that lie off the data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from explainkit.evidence import Measured
from explainkit.explain.codes import stack
from explainkit.explain.points import coordinates
from explainkit.explain.reliability.figures import measured, untested
from explainkit.explain.reliability.setting import Setting
from explainkit.load.columns import kind_of

FloatArray = npt.NDArray[np.float64]

_STRONG = 0.7
_TOP, _SHOWN = 15, 10
_ROWS = 5_000
_NEIGHBOURS, _PROBED, _MIXED = 2_000, 500, 4
_FAR = 0.99


def shared_credit(setting: Setting) -> Measured:
    """Pairs of important inputs that are strongly correlated in the reference rows."""
    order = np.argsort(-setting.importance.sum(axis=1), kind="stable")[:_TOP]
    names = [name for name in (setting.explanation.features[j] for j in order) if name in setting.reference]
    rows = setting.reference.iloc[setting.draw(len(setting.reference), _ROWS, 40)]
    ranks = {name: rank for name in names if (rank := _ranks(rows[name])) is not None}
    pairs = []
    known = list(ranks)
    for i, one in enumerate(known):
        for other in known[i + 1 :]:
            both = np.isfinite(ranks[one]) & np.isfinite(ranks[other])
            left, right = ranks[one][both], ranks[other][both]
            if both.sum() > 2 and np.ptp(left) > 0 and np.ptp(right) > 0:
                pairs.append((float(np.corrcoef(left, right)[0, 1]), one, other, int(both.sum())))
    strong = sorted((p for p in pairs if abs(p[0]) >= _STRONG), key=lambda p: (-abs(p[0]), p[1], p[2]))
    how = (
        f"pairs among the {len(names)} inputs with the largest mean |SHAP| whose |Spearman correlation| in the "
        f"reference rows is at least {_STRONG}; inputs without an order, and groups, are left out"
    )
    figures = [measured("shared_credit.pairs", len(strong), len(rows), how)]
    note = "Spearman correlation in the reference rows"
    figures += [
        measured("shared_credit.correlation", value, count, note, {"feature": one, "with": other})
        for value, one, other, count in strong[:_SHOWN]
    ]
    return Measured(figures=tuple(figures))


def _ranks(column: pd.Series) -> FloatArray | None:
    """Ranks of numbers, booleans, and of two categories; NaN where missing; None for what has no order."""
    kind = kind_of(column)
    if kind in ("number", "integer", "boolean"):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif column.nunique() == 2:
        codes = pd.factorize(column, sort=True)[0].astype(np.float64)
        numbers = np.where(codes < 0, np.nan, codes)
    else:
        return None
    found = np.full(len(numbers), np.nan)
    known = np.isfinite(numbers)
    found[known] = rankdata(numbers[known])
    return found


def off_the_data(setting: Setting) -> Measured:
    """Shares of the rows explained, and of the mixed rows that stand behind values, that no reference row is near."""
    neighbours = setting.draw(len(setting.reference), _NEIGHBOURS, 41)
    if len(neighbours) < 20:
        reason = "fewer than twenty reference rows"
        return untested("off_data.rows", "explained points off the data", reason)
    reference = setting.reference.iloc[neighbours].reset_index(drop=True)
    rows = setting.rows.iloc[setting.sample[setting.draw(len(setting.sample), _PROBED, 42)]].reset_index(drop=True)
    rng = np.random.default_rng([setting.seed, 43])
    players = setting.strategy.players
    known = rng.random((len(rows) * _MIXED, players.count)) < rng.random((len(rows) * _MIXED, 1))
    known = known[:, list(players.of)]
    places, widths = coordinates(stack(reference, rows), len(reference))
    base, probes = places[: len(reference)], places[len(reference) :]
    blown = np.repeat(known, widths, axis=1)
    mixed = np.where(blown, np.repeat(probes, _MIXED, axis=0), base[rng.integers(len(base), size=len(blown))])
    finder = NearestNeighbors(n_neighbors=2).fit(base)
    usual = float(np.quantile(finder.kneighbors(base)[0][:, 1], _FAR))
    near = (
        f"farther from the nearest of {len(base)} reference rows than {_FAR:.0%} of these are from theirs (numbers in "
        "units of their spread, categories as agreeing or not)"
    )
    mixing = "share of rows mixed of an explained row and a reference row, as interventional values use them,"
    figures = []
    for name, points, what in (("rows", probes, "share of the rows explained"), ("mixtures", mixed, mixing)):
        far = finder.kneighbors(points, n_neighbors=1)[0][:, 0] > usual * (1 + 1e-9)
        figures.append(measured(f"off_data.{name}", float(far.mean()), len(points), f"{what} {near}"))
    return Measured(figures=tuple(figures))
