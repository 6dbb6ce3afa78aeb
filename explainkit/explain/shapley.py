"""SHAP values of any model, on its raw columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError, ModelError
from explainkit.explain import shap_library
from explainkit.explain.attribution import Attribution, Kind, attributor
from explainkit.explain.codes import CodeBook, encode, stack
from explainkit.explain.draws import draw
from explainkit.explain.inside import Inside
from explainkit.explain.margins import margin
from explainkit.explain.strategy import Strategy, choose, refusals
from explainkit.explain.target import Target
from explainkit.explanation import Exactness, Explanation
from explainkit.load.models.base import first_line
from explainkit.load.steady import one_order
from explainkit.load.subject import Model
from explainkit.load.tables import read_frame
from explainkit.plan import Task

FloatArray = npt.NDArray[np.float64]

DEFAULT_BACKGROUND = 100
_BLOCK = 1000  # rows encoded together
_BATCH = 65_536  # rows whose engineered columns are held at once


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
        return self.rows.iloc[draw(len(self.rows), count, seed, 1)]


def explain_shap(
    model: Model,
    rows: pd.DataFrame,
    background: pd.DataFrame | None = None,
    *,
    task: Task,
    classes: tuple[str, ...],
    positive: int | None = None,
    output: Literal["margin", "probability"] = "margin",
    kind: Kind | None = None,
    seed: int = 0,
) -> Explanation:
    """SHAP values of the raw columns of a model.

    Trees are explained exactly, a raw column with all columns made of it being one player; linear models in closed
    form, both in the space in which the model adds up; anything else, and a probability of those, by shap's exact
    explainer (up to 10 columns) or its permutation explainer.

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
    output : {"margin", "probability"}
        The space asked for.
    kind : {"path-dependent", "interventional"}, optional
        What stands for unknown columns of trees: the training rows as the trees recorded them at each split, or the
        background. Left out: interventional where there is a background.
    seed : int
        Of the draws, where there are any.

    Returns
    -------
    Explanation
        Values of shape (n_rows, n_features, n_outputs).

    Raises
    ------
    DataError
        If there are no rows, or the background has none, or lacks a column of them.
    ModelError
        If the model does not take the rows or the background, or answers differently when it is asked again.
    """
    target = Target(task=task, classes=classes, positive=positive)
    if len(rows) == 0:
        raise DataError("no rows to explain", where="X", found="0 rows")
    behind = Background(rows=rows if background is None else _like(background, rows))
    with one_order():
        kind = kind or ("path-dependent" if background is None else "interventional")
        strategy = choose(model, rows, target=target, output=output, kind=kind)
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
    strategy: Strategy, model: Model, rows: pd.DataFrame, background: Background, target: Target, seed: int
) -> Explanation:
    """SHAP values by the strategy chosen; parameters as for `explain_shap`."""
    if strategy.inside is None:
        return _opaque(strategy, model, rows, background, target, seed)
    return _transparent(strategy, strategy.inside, model, rows, background, target, seed)


def _transparent(
    strategy: Strategy,
    inside: Inside,
    model: Model,
    rows: pd.DataFrame,
    background: Background,
    target: Target,
    seed: int,
) -> Explanation:
    averages = strategy.space == "probability"
    if averages and inside.ensemble is not None and target.task == "binary":
        # The probabilities of two classes mirror each other: one of them is enough.
        inside = replace(inside, ensemble=inside.ensemble.outputs_of([target.index]))
    against = inside.kind == "linear" or strategy.kind == "interventional"
    adapted = model.adapt(rows)[0]
    behind = model.adapt(background.rows)[0] if against else adapted.iloc[:1]
    with _taken(inside, model, behind):
        explain = attributor(inside, behind, kind=strategy.kind, rows=len(rows), seed=seed)
    parts, scores = [], []
    for start in range(0, len(rows), _BATCH):
        batch = adapted.iloc[start : start + _BATCH]
        with _taken(inside, model, batch):
            scores.append(margin(inside, inside.prepare(batch)))
            parts.append(explain(batch))
    found, outputs = _joined(parts), np.concatenate(scores)
    sign = -1.0 if strategy.space == "margin" and target.task == "binary" and target.index == 0 else 1.0
    return Explanation(
        values=found.values if sign > 0 else -found.values,
        base_values=np.tile(sign * found.base, (len(rows), 1)),
        predictions=np.ascontiguousarray(_pick(target, outputs) if averages else sign * outputs),
        features=tuple(map(str, rows.columns)),
        outputs=target.outputs,
        rows=tuple(range(len(rows))),
        space=strategy.space,
        method=_method(inside, model, strategy.kind),
        exactness="exact" if found.error is None else "estimated",
        players="sum over engineered columns" if _summed(inside) else "raw columns",
        background=_behind(inside, background, found) if against else _TRAINING,
        background_rows=len(background.rows) if against else 0,
        background_digest=_digest(background.rows) if against else None,
        seed=None if found.error is None else seed,
        error=found.error,
    )


@contextmanager
def _taken(inside: Inside, model: Model, rows: pd.DataFrame) -> Iterator[None]:
    """Say which rows a model does not take in the words of its own door."""
    try:
        yield
    except refusals(inside.family) as error:
        model.predict(rows)
        raise ModelError(
            "the model takes rows that its inside cannot be read with",
            where=inside.name,
            found=f"{type(error).__name__}: {first_line(error)}",
        ) from error


_TRAINING = "the training rows as the trees recorded them at each split (path-dependent)"


def _joined(parts: list[Attribution]) -> Attribution:
    if len(parts) == 1:
        return parts[0]
    errors = [p.error for p in parts if p.error is not None]
    return Attribution(
        values=np.concatenate([p.values for p in parts]),
        base=parts[0].base,
        error=np.concatenate(errors) if errors else None,
        sampled=parts[0].sampled,
    )


def _summed(inside: Inside) -> bool:
    """Whether values of engineered columns were added up, which are no Shapley values of the raw columns."""
    return inside.kind == "tree" and inside.ensemble is None and not inside.one_to_one


def _behind(inside: Inside, background: Background, found: Attribution) -> str:
    if inside.kind == "linear":
        return f"the mean of all {background.called}"
    if found.sampled is None:
        return f"all {background.called}"
    return f"all {background.called}; for trees too deep for that, a seeded sample of {found.sampled} of them"


def _pick(target: Target, array: FloatArray) -> FloatArray:
    """The classes explained, along the last axis."""
    return array[..., [target.index]] if target.task == "binary" else array


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


def _digest(rows: pd.DataFrame) -> str | None:
    dataset, _ = read_frame(rows, role="reference")
    return dataset.identity.digest


def _opaque(
    strategy: Strategy, model: Model, rows: pd.DataFrame, background: Background, target: Target, seed: int
) -> Explanation:
    columns = rows.shape[1]
    behind = background.sample(strategy.background_rows(columns, background.most), seed)
    exact = strategy.exact(columns, len(behind))
    # Before the rows are mixed with others, so that an error names them by their own positions.
    predictions = np.ascontiguousarray(target.answers(model.predict(model.adapt(rows)[0])))
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
        predictions=predictions,
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
