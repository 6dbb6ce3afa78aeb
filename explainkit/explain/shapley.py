"""SHAP values of any model, on its raw columns or on groups of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.explain import opaque, opened
from explainkit.explain.attribution import Kind
from explainkit.explain.background import Background
from explainkit.explain.players import players_of
from explainkit.explain.strategy import Strategy, choose
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.steady import one_order
from explainkit.load.subject import Model
from explainkit.plan import Output, Task

FloatArray = npt.NDArray[np.float64]


def explain_shap(
    model: Model,
    rows: pd.DataFrame,
    background: pd.DataFrame | None = None,
    *,
    task: Task,
    classes: tuple[str, ...],
    positive: int | None = None,
    output: Output = "margin",
    kind: Kind | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> Explanation:
    """SHAP values of the raw columns of a model.

    Trees are explained exactly, a raw column with all columns made of it being one player; linear models in closed
    form, both in the space in which the model adds up; anything else, and a probability of those, over all coalitions
    (up to 12 players) or over random orders of the players.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain: the model's inputs, in its order.
    background : pandas.DataFrame, optional
        Rows that unknown columns are replaced from: all of them for trees and linear models, at most 100 drawn ones for
        an opaque model. `rows` themselves where left out and the method needs any.
    task : {"binary", "multiclass", "regression"}
        What the model does.
    classes : tuple of str
        Names of the classes in the order of the model's columns; ``("prediction",)`` for a regression.
    positive : int, optional
        Binary: index of the class explained; the second where left out.
    output : {"margin", "probability", "rescaled"}
        The space asked for; ``rescaled`` turns contributions to log-odds into contributions to the probability that add
        up, without asking the model.
    kind : {"path-dependent", "interventional"}, optional
        What stands for unknown columns of trees: the training rows as the trees recorded them at each split, or the
        background. Left out: interventional where there is a background.
    groups : mapping of str to sequence of str, optional
        Columns that are known or unknown together, under a name of their own.
    seed : int
        Of the draws, where there are any.

    Returns
    -------
    Explanation
        Values of shape (n_rows, n_players, n_outputs).

    Raises
    ------
    DataError
        If there are no rows, or the background has none, or lacks a column of them.
    ModelError
        If the model does not take the rows or the background, or answers differently when it is asked again.
    PlanError
        If a group names a column that is no input.
    """
    players = players_of(tuple(map(str, rows.columns)), groups)
    target = Target(task=task, classes=classes, positive=positive)
    if len(rows) == 0:
        raise DataError("no rows to explain", where="X", found="0 rows")
    behind = Background(rows=rows if background is None else _like(background, rows))
    with one_order():
        kind = kind or ("path-dependent" if background is None else "interventional")
        strategy = choose(model, rows, players, target=target, output=output, kind=kind)
        if strategy.unsteady is not None:
            raise ModelError(
                "the model answers differently when it is asked again",
                where=model.identity.kind or model.identity.family,
                found=f"answers for the same rows up to {strategy.unsteady:.2g} apart",
                allowed="one answer for a row",
                remedy="fix the seed of what it draws, or switch that off, before it is explained",
            )
        return attribute(strategy, model, rows, behind, target, seed)


def _like(background: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of the rows, in their order."""
    if len(background) == 0:
        raise DataError("there is nothing to replace unknown columns from", where="background", found="0 rows")
    lacking = [str(name) for name in rows.columns if name not in background.columns]
    if lacking:
        raise DataError(
            "the background lacks columns of the rows to explain",
            where="background",
            found=f"no {', '.join(lacking[:5])}",
            remedy="give rows with the columns of the model",
        )
    return background[list(rows.columns)]


def attribute(
    strategy: Strategy,
    model: Model,
    rows: pd.DataFrame,
    background: Background,
    target: Target,
    seed: int,
    *,
    predictions: FloatArray | None = None,
) -> Explanation:
    """SHAP values by the strategy chosen; parameters as for `explain_shap`.

    Where the output explained is known of the rows, as `Explanation.predictions` of the same space, a model that can be
    read is not asked for it again.
    """
    if strategy.inside is None:
        return opaque.ask(strategy, model, rows, background, target, seed)
    return opened.read(strategy, strategy.inside, model, rows, background, target, seed, predictions)
