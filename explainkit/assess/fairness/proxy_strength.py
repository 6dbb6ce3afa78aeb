"""How well the model's inputs predict a sensitive column: together, and each alone.

An attribute that is no input can be at work through inputs that stand for it. The area under the ROC curve of a
prediction of the attribute from the inputs, on rows that the prediction was not fitted on, says how far they could: 0.5
is no better than chance, 1 tells every group apart. It does not say that the model does use them so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pdt
from threadpoolctl import threadpool_limits

from explainkit.assess.groups.cells import Cells
from explainkit.assess.groups.groupings import Groupings
from explainkit.assess.precision import LINEARISED
from explainkit.assess.recorder import Keys, Recorder
from explainkit.assess.statistics.ranking import auc, auc_influence, tabulate
from explainkit.evidence import Measured
from explainkit.figures import ROUNDING
from explainkit.load.subject import Subject

TOGETHER, ALONE = "proxy_strength.together", "proxy_strength.alone"
MOST_ROWS = 5_000
FOLDS = 3
LEAST = 10
"""Fewest rows of a group that is predicted."""
BINS, CATEGORIES = 20, 30
"""Bins of a number, and values told apart of another column, where it predicts alone."""
TREES, LEAVES, RATE = 25, 6, 0.15
ELSEWHERE = 0.01
"""How far the area by trees may lie off on another kind of CPU, where sums are rounded otherwise and trees split so."""

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    """Groups of the rows used, and the part that each row is predicted in."""

    groups: Codes
    """From 0, shape (n_rows,)."""
    count: int
    """How many groups."""
    fold: Codes
    """From 0 to FOLDS − 1, shape (n_rows,)."""


def measure(subject: Subject, found: Groupings, *, seed: int) -> Measured:
    """Figures ``proxy_strength.*`` of every sensitive column.

    Parameters
    ----------
    subject : Subject
        With the model's inputs; nothing is measured of scores alone.
    found : Groupings
        As `shown.groupings_of` gives them: rows of hidden groups are left out.
    seed : int
        Of the rows drawn and of the folds.

    References
    ----------
    Hand and Till (2001), Machine Learning 45, 171–186, doi:10.1023/A:1010920819831, on areas over several classes.
    """
    # Rows count alike here, and the figures say nothing of weights.
    subject = replace(subject, rows=replace(subject.rows, weights=None, weight_kind=None))
    recorder = Recorder(subject, undefined="insufficient", seed=seed)
    if not subject.features:
        return recorder.result()
    for place, cells in enumerate(found.singles):
        if cells.untested is not None:
            recorder.missing(TOGETHER, {"column": cells.title}, **cells.absence)
        else:
            _record(recorder, cells, np.random.default_rng([seed, 53, place]))
    return recorder.result()


def _record(recorder: Recorder, cells: Cells, rng: np.random.Generator) -> None:
    subject, keys = recorder.subject, {"column": cells.title}
    features = [name for name in subject.features if name != cells.title]
    sizes = np.where(cells.hidden, 0, cells.sizes)
    kept = np.flatnonzero(sizes >= LEAST)
    known = np.flatnonzero(np.isin(cells.codes, kept))
    if len(kept) < 2 or not features:
        why = f"fewer than two groups of {LEAST} rows are shown" if features else "the model has no other input"
        recorder.number(TOGETHER, None, keys, undefined=why)
        return
    rows = known
    if len(known) > MOST_ROWS:
        rows = np.sort(rng.choice(known, MOST_ROWS, replace=False))
        why = "how well inputs predict the column is measured on rows drawn at random"
        recorder.note("sampled", f"rows for how inputs predict {cells.title}", why, MOST_ROWS)
    folds = Folds(
        groups=np.searchsorted(kept, cells.codes[rows]).astype(np.int64),
        count=len(kept),
        fold=_folds(subject, rows, rng),
    )
    frame = subject.evaluation.frame
    sampling = recorder.sampling.take(rows)

    def record(
        name: str, keys: Keys, area: tuple[float | None, Floats], method: str, tolerance: float = ROUNDING
    ) -> None:
        value, added = area
        interval = None if value is None else sampling.total_interval(value, added, domains=folds.groups)
        recorder.number(
            name,
            value,
            keys,
            undefined="too few rows of a group in the parts",
            n=len(rows),
            unit="score",
            interval=interval and interval.cut(0.0, 1.0),
            any_sampling=True,
            interval_method=f"{LINEARISED}, of the rows predicted, for these fits",
            method=method,
            tolerance=tolerance,
        )

    area = _area(folds, _boosted(frame[features].iloc[rows], folds))
    record(TOGETHER, keys, area, _method(cells, subject, folds), ELSEWHERE)
    for name in features:
        area = _area(folds, _shares(_bins(frame[name].iloc[rows]), folds))
        record(ALONE, keys | {"feature": name}, area, _ALONE)


_ALONE = f"mean area over {FOLDS} parts, as for all inputs; predicted by the shares of the groups in at most {BINS} "
_ALONE += f"bins of a number, or {CATEGORIES} values"


def _method(cells: Cells, subject: Subject, folds: Folds) -> str:
    said = f"mean area under the ROC curve over {FOLDS} parts, each predicted by boosted trees fitted on the others"
    if folds.count > 2:
        said += ", mean of each group against the rest"
    if folds.count < len(cells.levels) - int(cells.hidden.sum()):
        said += f"; without groups of fewer than {LEAST} rows"
    if cells.title in subject.features:
        said += f"; without {cells.title} itself, which is an input"
    return said


def _folds(subject: Subject, rows: npt.NDArray[np.intp], rng: np.random.Generator) -> Codes:
    """Parts of equal size, clusters as wholes."""
    clusters = subject.rows.clusters
    units = np.arange(len(rows)) if clusters is None else np.unique(clusters[rows], return_inverse=True)[1]
    part = np.arange(int(units.max()) + 1) % FOLDS
    rng.shuffle(part)
    return part[units].astype(np.int64)


def _boosted(frame: pd.DataFrame, folds: Folds) -> Iterator[tuple[Bools, Floats]]:
    """Rows of each part, and the chances of the groups that trees fitted on the others give them."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    columns, categorical = _matrix(frame)
    for part in range(FOLDS):
        inside = folds.fold == part
        fitted = np.unique(folds.groups[~inside])
        if not inside.any() or len(fitted) < folds.count:
            continue
        known = np.isfinite(columns[~inside]).any(axis=0)
        if not known.any():
            yield inside, np.full((int(inside.sum()), folds.count), 1 / folds.count)
            continue
        trees = HistGradientBoostingClassifier(
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            learning_rate=RATE,
            categorical_features=categorical[known],
            early_stopping=False,
            random_state=0,
        )
        # On one thread: so few rows are slower on several.
        with threadpool_limits(limits=1, user_api="openmp"):
            trees.fit(columns[~inside][:, known], folds.groups[~inside])
            chances = trees.predict_proba(columns[inside][:, known])
        yield inside, chances


def _matrix(frame: pd.DataFrame) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Inputs as numbers, shape (n_rows, n_features), and which of them are codes of categories."""
    columns, categorical = [], []
    for name in frame.columns:
        column = frame[name]
        number = pdt.is_numeric_dtype(column)
        categorical.append(not number)
        if number:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = _values(column, 250).astype(np.float64)
            values[values < 0] = np.nan
        columns.append(np.where(np.isfinite(values), values, np.nan))
    return np.column_stack(columns), np.array(categorical)


def _values(column: pd.Series, most: int) -> Codes:
    """Codes of the most frequent values, one code for all others, −1 where missing."""
    text = column.astype(object).where(column.notna(), None).map(lambda value: None if value is None else str(value))
    codes, _ = pd.factorize(text, sort=True)
    counts = np.bincount(codes + 1)[1:]
    place = np.full(len(counts) + 1, most, np.int64)
    frequent = np.argsort(-counts, kind="stable")[:most]
    place[frequent] = np.arange(len(frequent))
    place[-1] = -1
    return place[codes]


def _bins(column: pd.Series) -> Codes:
    """Bins of a number, or its values where they are few; the values of another column; missing is a bin of its own."""
    if not pdt.is_numeric_dtype(column) or pdt.is_bool_dtype(column):
        return _values(column, CATEGORIES) + 1
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(numbers)
    distinct = np.unique(numbers[known])
    edges = distinct if len(distinct) <= BINS else np.unique(np.quantile(numbers[known], np.arange(1, BINS) / BINS))
    return np.where(known, 1 + np.searchsorted(edges, numbers, side="right"), 0).astype(np.int64)


def _shares(bins: Codes, folds: Folds) -> Iterator[tuple[Bools, Floats]]:
    """Rows of each part, and the shares of the groups in their bin among the others, drawn towards those of all."""
    size = int(bins.max()) + 1
    table = np.bincount(
        (folds.fold * size + bins) * folds.count + folds.groups, minlength=FOLDS * size * folds.count
    ).reshape(FOLDS, size, folds.count)
    for part in range(FOLDS):
        inside = folds.fold == part
        others = (table.sum(axis=0) - table[part]).astype(np.float64)
        every = others.sum(axis=0)
        if not every.all():
            continue
        shares = (others + every / every.sum()) / (others.sum(axis=1, keepdims=True) + 1)
        yield inside, shares[bins[inside]]


def _area(folds: Folds, predicted: Iterator[tuple[Bools, Floats]]) -> tuple[float | None, Floats]:
    """Mean area over the parts, None with fewer than two that have one; what each row adds to it, shape (n_rows,)."""
    areas, added = [], np.zeros(len(folds.groups))
    for inside, chances in predicted:
        groups = folds.groups[inside]
        if len(np.unique(groups)) < folds.count:
            continue
        targets = [1] if folds.count == 2 else range(folds.count)
        tables = {k: tabulate(chances[:, k], groups == k) for k in targets}
        areas.append(float(np.mean([auc(table) for table in tables.values()])))
        added[inside] = np.mean(
            [auc_influence(chances[:, k], groups == k, None, table=table) for k, table in tables.items()], axis=0
        )
    return float(np.mean(areas)) if len(areas) > 1 else None, added / max(1, len(areas))
