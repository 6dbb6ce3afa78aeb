"""Shapley values of a model that is asked as a function of its raw columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain.background import Background, digest_of
from explainkit.explain.coalitions import RUNS, Function, Game, exact_values, sampled_values
from explainkit.explain.codes import CodeBook, encode, stack
from explainkit.explain.strategy import Strategy
from explainkit.explain.target import Target
from explainkit.explanation import Explanation
from explainkit.load.subject import Model

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_BLOCK = 1000  # rows encoded together
_EXACT = "all coalitions enumerated, interventional, by explainkit, which asks the model as a function"
_ESTIMATED = (
    "random orders of the players, forwards and backwards, interventional, by explainkit, which asks the model as a "
    f"function; mean of {RUNS} independent runs"
)


def ask(
    strategy: Strategy, model: Model, rows: pd.DataFrame, background: Background, target: Target, seed: int
) -> Explanation:
    """SHAP values in the space of the model's answers; parameters as for `explainkit.explain.shapley.attribute`."""
    behind = background.sample(strategy.background_rows(background.most), seed)
    exact = strategy.exact(len(behind))
    # Before the rows are mixed with others, so that an error names them by their own positions.
    predictions = np.ascontiguousarray(target.answers(model.predict(model.adapt(rows)[0])))
    blocks = []
    for start in range(0, len(rows), _BLOCK):
        block = rows.iloc[start : start + _BLOCK]
        # Both kinds of rows are adapted together, so that a column has one type whatever values it happens to hold.
        book, codes = encode(model.adapt(stack(block, behind))[0], strategy.players)
        game = Game(function=_function(model, book, target), rows=codes[: len(block)], background=codes[len(block) :])
        if exact:
            values, base = exact_values(game)
            blocks.append((values, base, np.zeros_like(values)))
        else:
            blocks.append(sampled_values(game, seed=seed))
    values, base, error = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    whole = len(behind) == len(background.rows)
    return Explanation(
        values=values,
        base_values=base,
        predictions=predictions,
        features=strategy.players.names,
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space=strategy.space,
        method=_EXACT if exact else _ESTIMATED,
        exactness="exact" if exact else "estimated",
        players=strategy.players.called,
        background=f"all {background.called}" if whole else f"a seeded sample of {background.called}",
        background_rows=len(behind),
        background_digest=digest_of(behind),
        seed=seed,
        error=None if exact else error,
    )


def _function(model: Model, book: CodeBook, target: Target) -> Function:
    def outputs(codes: IntArray) -> FloatArray:
        return np.ascontiguousarray(target.answers(model.predict(book.decode(codes))))

    return outputs
