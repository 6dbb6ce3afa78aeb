"""Shapley values of a model that was opened: in the space in which it adds up, or rescaled from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from explainkit.errors import ModelError
from explainkit.explain.attribution import Attribution, Kind, attributed, attributor
from explainkit.explain.background import Background
from explainkit.explain.inside import Inside
from explainkit.explain.strategy import Strategy, refusals
from explainkit.explain.target import Target
from explainkit.explanation import Exactness, Explanation, PlayersAre
from explainkit.load.models.base import first_line
from explainkit.load.subject import Model

FloatArray = npt.NDArray[np.float64]

_TRAINING = "the training rows as the trees recorded them at each split (path-dependent)"
_RESCALED = (
    "; then rescaled from log-odds to probability: every contribution to a row times (its probability less the base "
    "probability) / (its log-odds less the base log-odds); they add up, and are no Shapley values of the probability"
)


def read(
    strategy: Strategy,
    inside: Inside,
    model: Model,
    rows: pd.DataFrame,
    background: Background,
    target: Target,
    seed: int,
    predictions: FloatArray | None = None,
) -> Explanation:
    """SHAP values from the inside of a model; parameters as for `explainkit.explain.shapley.attribute`."""
    averages = strategy.space == "probability" and not strategy.rescaled
    if averages and inside.ensemble is not None and target.task == "binary":
        # The probabilities of two classes mirror each other: one of them is enough.
        inside = replace(inside, ensemble=inside.ensemble.outputs_of([target.index]))
    against = inside.kind == "linear" or strategy.kind == "interventional"
    adapted = model.adapt(rows)[0]
    behind = (
        background.kept(("adapted", id(model)), lambda: model.adapt(background.rows)[0])
        if against
        else adapted.iloc[:1]
    )
    with _taken(inside, model, behind):
        explain = attributor(inside, behind, kind=strategy.kind, rows=len(rows), seed=seed, keep=background.kept)
    with _taken(inside, model, adapted):
        found, scores = attributed(inside, explain, adapted, scored=predictions is None)
    if not averages:
        found = replace(found, values=target.signed(found.values), base=target.signed(found.base))
    base = found.base
    if strategy.rescaled:
        found, base = _rescaled(found, base)
    if predictions is None:
        predictions = _predictions(strategy, model, adapted, target, scores)
    exactness: Exactness = "exact" if found.error is None else "estimated"
    return Explanation(
        values=found.values,
        base_values=np.tile(base, (len(rows), 1)),
        predictions=np.ascontiguousarray(predictions),
        features=strategy.players.names,
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space=strategy.space,
        method=_method(inside, model, strategy.kind) + (_RESCALED if strategy.rescaled else ""),
        exactness="rescaled" if strategy.rescaled else exactness,
        players=_players(strategy, inside),
        background=_behind(inside, background, found) if against else _TRAINING,
        background_rows=len(background.rows) if against else 0,
        background_digest=background.digest if against else None,
        seed=None if found.error is None else seed,
        error=found.error,
    )


def _predictions(
    strategy: Strategy, model: Model, adapted: pd.DataFrame, target: Target, scores: FloatArray
) -> FloatArray:
    """The output explained, of rows with such scores."""
    if strategy.rescaled:
        return target.answers(model.predict(adapted))
    if strategy.space == "probability":
        return scores[:, [target.index]] if target.task == "binary" else scores
    return target.signed(scores)


@contextmanager
def _taken(inside: Inside, model: Model, rows: pd.DataFrame) -> Iterator[None]:
    """Say which rows a model does not take in the words of its own door."""
    try:
        yield
    except refusals(inside) as error:
        model.predict(rows)
        raise ModelError(
            "the model takes rows that its inside cannot be read with",
            where=inside.name,
            found=f"{type(error).__name__}: {first_line(error)}",
        ) from error


def _rescaled(found: Attribution, base: FloatArray) -> tuple[Attribution, FloatArray]:
    """Contributions to log-odds as contributions to the probability, and the base probability.

    Where a row's log-odds are those of the base, the factor is the slope of the logistic function there.
    """
    start = expit(base)
    distance = found.values.sum(axis=1)
    step = np.where(np.abs(distance) < 1e-9, 1.0, distance)
    slope = np.where(np.abs(distance) < 1e-9, start * (1.0 - start), (expit(base + distance) - start) / step)
    scaled = replace(
        found,
        values=found.values * slope[:, None, :],
        error=None if found.error is None else found.error * slope[:, None, :],
    )
    return scaled, start


def _players(strategy: Strategy, inside: Inside) -> PlayersAre:
    # Values of engineered columns that are added up are no Shapley values of the raw columns, except in linear models.
    summed = inside.kind == "tree" and inside.ensemble is None and not inside.one_to_one
    return "sum over engineered columns" if summed else strategy.players.called


def _behind(inside: Inside, background: Background, found: Attribution) -> str:
    if inside.kind == "linear":
        return f"the mean of all {background.called}"
    if found.sampled is None:
        return f"all {background.called}"
    return f"all {background.called}; for trees too deep for that, a seeded sample of {found.sampled} of them"


def _method(inside: Inside, model: Model, kind: Kind) -> str:
    library = model.identity.library or inside.family
    if inside.kind == "linear":
        return (
            "closed form for linear models: coefficient times the distance to the mean of the background "
            "(interventional, columns independent); sums over the columns that encode one raw column are its exact "
            "Shapley value"
        )
    if inside.ensemble is None:
        return f"TreeSHAP, path-dependent, by the model's own library ({library})"
    return f"TreeSHAP, {kind}, exact, by explainkit; all columns made of one raw column are known or unknown together"
