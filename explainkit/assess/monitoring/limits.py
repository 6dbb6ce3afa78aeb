"""Names of the figures of monitoring, and limits of the plan that they can be held against."""

from __future__ import annotations

from collections.abc import Iterable

from explainkit.errors import PlanError, nearest
from explainkit.figures import as_in_ids, parse_figure_id

BY_COLUMN = ("missing", "psi", "ks", "jensen_shannon", "new_values", "out_of_range")
OTHERS = (
    *("rows", "score_missing", "score_psi", "score_ks", "selection_rate"),
    *("labelled", "base_rate", "roc_auc", "observed_expected"),
)
NAMES = frozenset(f"monitor.{name}" for name in (*BY_COLUMN, *OTHERS))


def check_limits(keys: Iterable[str], *, where: str, columns: Iterable[str] | None = None) -> None:
    """Raise if a limit names a figure that is never monitored, or a column of which the card keeps nothing.

    Parameters
    ----------
    keys : iterable of str
        Figure ids, or names.
    where : str
        Table of the plan that errors name.
    columns : iterable of str, optional
        Those that the card keeps counts of, as far as that is known.

    Raises
    ------
    PlanError
        With the nearest name.
    """
    known = None if columns is None else [as_in_ids(name) for name in columns]
    for key in keys:
        name, given = parse_figure_id(key)
        if name not in NAMES:
            raise PlanError("no such figure", where=f"{where}: {key}", remedy=nearest(name, sorted(NAMES)))
        own = {"column"} if name.removeprefix("monitor.") in BY_COLUMN else set()
        if set(given) - own:
            allowed = f"{name}[column=…]" if own else name
            raise PlanError("no such figure", where=f"{where}: {key}", allowed=allowed)
        if known is not None and given and as_in_ids(given["column"]) not in known:
            remedy = nearest(given["column"], known)
            raise PlanError("the card keeps no counts of the column", where=f"{where}: {key}", remedy=remedy)
