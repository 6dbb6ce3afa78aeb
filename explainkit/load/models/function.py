"""Any Python callable, and predictions without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from explainkit.evidence import ModelIdentity
from explainkit.load.models.base import Adapter
from explainkit.plan import Task


def adapt_function(
    function: Callable[[Any], Any],
    *,
    task: Task | None,
    classes: Sequence[Any] | None,
    features: Sequence[str] | None,
) -> Adapter:
    """Put a callable behind the door.

    Parameters
    ----------
    function : callable
        Takes a pandas frame of the features, returns probabilities (n_rows, n_classes), the probability of the
        positive class (n_rows,), or predictions (n_rows,).
    task : {"binary", "multiclass", "regression"} or None
        What it does.
    classes : sequence or None
        Labels in the order of its columns.
    features : sequence of str or None
        Its inputs, in its order.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    identity = ModelIdentity(
        family="callable",
        kind=name,
        digest=None,
        digest_of="nothing: a callable has no bytes of its own",
    )
    return Adapter(
        identity=identity,
        task=task,
        classes=None if classes is None else tuple(classes),
        features=None if features is None else tuple(features),
        native=None,
        answer=function,
    )


def scores_identity(column: str) -> ModelIdentity:
    """Identity of predictions-only: scores in a column, no model."""
    return ModelIdentity(
        family="scores", kind="", digest=None, digest_of=f"nothing: scores were given in the column {column}"
    )
