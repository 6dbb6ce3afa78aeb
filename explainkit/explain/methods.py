"""How an explanation was computed, as the evidence says it."""

from __future__ import annotations

from typing import Literal

from explainkit.evidence import Method
from explainkit.explanation import Explanation


def method_of(name: Literal["shap", "lime", "reasons"], explanation: Explanation) -> Method:
    """The method of an explanation, under the name of what it is used for."""
    return Method(
        id=name,
        method=explanation.method,
        space=explanation.space,
        exactness=explanation.exactness,
        players=explanation.players,
        background=explanation.background,
        background_digest=explanation.background_digest,
        seed=explanation.seed,
    )
