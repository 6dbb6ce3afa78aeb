"""SHAP values of any model, on its raw columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.explain import shap_library
from explainkit.explain.codes import CodeBook, encode, stack
from explainkit.explain.inside import Inside
from explainkit.explain.margins import margin
from explainkit.explain.strategy import Strategy, choose, raw_contributions
from explainkit.explain.target import Target
from explainkit.explanation import Exactness, Explanation
from explainkit.load.steady import one_order
from explainkit.load.subject import Model
from explainkit.load.tables import read_frame
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]

DEFAULT_BACKGROUND = 100
_BLOCK = 1000  # rows encoded together


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
        drawn = np.random.default_rng([seed, 1]).choice(len(self.rows), size=count, replace=False)
        return self.rows.iloc[np.sort(drawn)]


def explain_shap(
    model: Model,
    rows: pd.DataFrame,
    background: pd.DataFrame | None = None,
    *,
    task: Task,
    classes: tuple[str, ...],
    positive: int | None = None,
    output: Literal["margin", "probability"] = "margin",
    seed: int = 0,
) -> Explanation:
    """SHAP values of the raw columns of a model.

    Trees are explained by path-dependent TreeSHAP, linear models in closed form, both in the space in which the model
    adds up; anything else, and a probability of those, by shap's exact explainer (up to 10 columns) or its permutation
    explainer.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame, shape (n_rows, n_features)
        Rows to explain: the model's inputs, in its order.
    background : pandas.DataFrame, optional
        Rows that absent columns are replaced from, where the method needs any; at most 100 of them are drawn for an
        opaque model. `rows` themselves where left out.
    task : {"binary", "multiclass", "regression"}
        What the model does.
    classes : tuple of str
        Names of the classes in the order of the model's columns; ``("prediction",)`` for a regression.
    positive : int, optional
        Binary: index of the class explained; the second where left out.
    output : {"margin", "probability"}
        The space asked for.
    seed : int
        Of the draws, where there are any.

    Returns
    -------
    Explanation
        Values of shape (n_rows, n_features, n_outputs).
    """
    target = Target(task=task, classes=classes, positive=positive)
    with one_order():
        strategy = choose(model, rows, target=target, output=output)
        return attribute(
            strategy, model, rows, Background(rows=rows if background is None else background), target, seed
        )


def attribute(
    strategy: Strategy, model: Model, rows: pd.DataFrame, background: Background, target: Target, seed: int
) -> Explanation:
    """SHAP values by the strategy chosen; parameters as for `explain_shap`."""
    if strategy.inside is None:
        return _opaque(strategy, model, rows, background, target, seed)
    return _transparent(strategy, strategy.inside, model, rows, background, target)


def _transparent(
    strategy: Strategy, inside: Inside, model: Model, rows: pd.DataFrame, background: Background, target: Target
) -> Explanation:
    adapted, _ = model.adapt(rows)
    scores = margin(inside, inside.prepare(adapted))
    linear = inside.kind == "linear"
    behind = model.adapt(background.rows)[0] if linear else adapted
    values, base = raw_contributions(inside, adapted, behind, outputs=scores.shape[1])
    values = inside.to_raw(values)
    if strategy.space == "probability":
        values, base, scores = (_pick(target, a) for a in (values, base, scores))
    elif strategy.space == "margin":
        values, base, scores = (target.signed(a) for a in (values, base, scores))
    return Explanation(
        values=np.ascontiguousarray(values),
        base_values=np.tile(base, (len(rows), 1)),
        predictions=np.ascontiguousarray(scores),
        features=tuple(map(str, rows.columns)),
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space=strategy.space,
        method=_method(inside, model),
        exactness="exact",
        players="raw columns" if inside.one_to_one else "sum over engineered columns",
        background=f"the mean of all {background.called}" if linear else _TRAINING,
        background_rows=len(background.rows) if linear else 0,
        background_digest=_digest(background.rows) if linear else None,
        seed=None,
    )


_TRAINING = "the training rows as the trees recorded them at each split (path-dependent)"


def _pick(target: Target, array: FloatArray) -> FloatArray:
    """The classes explained, along the last axis."""
    return array[..., [target.index]] if target.task == "binary" else array


def _method(inside: Inside, model: Model) -> str:
    library = model.identity.library or inside.family
    if inside.kind == "linear":
        return (
            "closed form for linear models: coefficient times the distance to the mean of the background "
            "(interventional, columns independent); sums over the columns that encode one raw column are its exact "
            "Shapley value"
        )
    if inside.family == "scikit-learn":
        return f"TreeSHAP, path-dependent ({shap_library.version()}, shap.TreeExplainer)"
    return f"TreeSHAP, path-dependent, by the model's own library, as shap.TreeExplainer calls it ({library})"


def _digest(rows: pd.DataFrame) -> str | None:
    dataset, _ = read_frame(rows, role="reference")
    return dataset.identity.digest


def _opaque(
    strategy: Strategy, model: Model, rows: pd.DataFrame, background: Background, target: Target, seed: int
) -> Explanation:
    columns = rows.shape[1]
    behind = background.sample(strategy.background_rows(columns, background.most), seed)
    exact = strategy.exact(columns, len(behind))
    blocks = []
    for start in range(0, len(rows), _BLOCK):
        block = rows.iloc[start : start + _BLOCK]
        # Both kinds of rows are adapted together, so that a column has one type whatever values it happens to hold.
        book, codes = encode(model.adapt(stack(block, behind))[0])
        function = _function(model, book, target)
        explained, absent = codes[: len(block)].astype(np.float64), codes[len(block) :].astype(np.float64)
        if exact:
            values, base = shap_library.exact_values(function, explained, absent)
            blocks.append((values, base, np.zeros_like(values)))
        else:
            blocks.append(shap_library.permutation_values(function, explained, absent, seed=seed))
    values, base, error = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    exactness: Exactness = "exact" if exact else "estimated"
    return Explanation(
        values=values,
        base_values=base,
        predictions=np.ascontiguousarray(target.answers(model.predict(model.adapt(rows)[0]))),
        features=tuple(map(str, rows.columns)),
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space=strategy.space,
        method=_opaque_method(exact),
        exactness=exactness,
        players="raw columns",
        background=_drawn(background, len(behind)),
        background_rows=len(behind),
        background_digest=_digest(behind),
        seed=seed,
        error=None if exact else error,
    )


def _drawn(background: Background, count: int) -> str:
    return f"all {background.called}" if count == len(background.rows) else f"a seeded sample of {background.called}"


def _opaque_method(exact: bool) -> str:
    if exact:
        return (
            f"all coalitions of raw columns enumerated, interventional ({shap_library.version()}, shap.ExactExplainer)"
        )
    return (
        "random orders of the raw columns, forwards and backwards, interventional; mean of "
        f"{shap_library.PERMUTATION_RUNS} independent runs ({shap_library.version()}, shap.PermutationExplainer)"
    )


def _function(model: Model, book: CodeBook, target: Target) -> Callable[[FloatArray], FloatArray]:
    def outputs(codes: FloatArray) -> FloatArray:
        return np.ascontiguousarray(target.answers(model.predict(book.decode(codes))))

    return outputs
