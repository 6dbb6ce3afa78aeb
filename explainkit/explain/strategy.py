"""Which explainer fits a model: chosen by what it is, and kept only if a trial on some rows adds up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import MissingExtraError
from explainkit.evidence import LedgerEntry
from explainkit.explain.attribution import Kind, attributor
from explainkit.explain.coalitions import answers_needed
from explainkit.explain.elsewhere import Elsewhere
from explainkit.explain.inside import Inside, Opaque, look_inside
from explainkit.explain.margins import agrees, margin, space_of, tolerance
from explainkit.explain.players import Players
from explainkit.explain.target import Target
from explainkit.explanation import OutputSpace
from explainkit.load.models.base import first_line
from explainkit.load.subject import Model
from explainkit.plan import Output

FloatArray = npt.NDArray[np.float64]

EXACT_PLAYERS = 12
_TRIAL_ROWS = 25
_AGREEMENT = 1e-5  # of two answers to the same question, relative to the largest
_ROUNDING = 1e-15  # where base and contributions are nothing but rounding themselves
_EVALUATIONS = 2_000_000  # rows given to an opaque model for the global picture
_FEWEST_ROWS, _MOST_ROWS = 10, 50  # of the global picture of an opaque model
_ENUMERATED = 2**EXACT_PLAYERS * 100  # coalitions × background rows: what one row may cost
_CELLS = 20_000_000  # values mixed for one row in one random order
_NODE_VISITS = 300_000_000  # rows × nodes of a forest too large for tables: some ten seconds
_LARGE = 200_000  # nodes of such a forest


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a model is explained."""

    inside: Inside | None
    """What was read; None when the model is explained as one function of its raw columns."""
    space: OutputSpace
    players: Players
    exact_players: int = EXACT_PLAYERS
    """Up to this many players all coalitions of an opaque model are enumerated."""
    rescaled: bool = False
    """Whether contributions to log-odds are turned into contributions to the probability."""
    kind: Kind = "path-dependent"
    """What stands for unknown columns of trees."""
    notes: tuple[LedgerEntry, ...] = ()
    """Why the inside was not used, where it was asked for; and whether the model answers differently every time."""
    unsteady: float | None = None
    """Largest difference between two answers for the same row, where there is any beyond rounding."""

    def exact(self, background: int) -> bool:
        """Whether an opaque model is explained by enumeration of all coalitions."""
        count = self.players.count
        return count <= self.exact_players and 2**count * background <= _ENUMERATED

    def background_rows(self, asked: int) -> int:
        """Background rows used for an opaque model: as asked, fewer where rows are very wide."""
        count = self.players.count
        return max(1, min(asked, _CELLS // ((2 * count + 1) * count)))

    def rows(self, background: int, asked: int) -> int:
        """Rows explained for the global picture: as asked, unless the work would take minutes."""
        if self.inside is None:
            each = background * answers_needed(self.players.count, exact=self.exact(background))
            return min(asked, _MOST_ROWS, max(_FEWEST_ROWS, _EVALUATIONS // each))
        nodes = 0 if self.inside.ensemble is None else len(self.inside.ensemble.left)
        return asked if nodes < _LARGE else min(asked, max(_MOST_ROWS, _NODE_VISITS // nodes))


def choose(
    model: Model,
    rows: pd.DataFrame,
    players: Players,
    *,
    target: Target,
    output: Output,
    kind: Kind = "path-dependent",
) -> Strategy:
    """Choose the explainer.

    The inside of a model is used when it can be read, when its score is the score of the answers that are audited (its
    logistic function or softmax gives them), and when contributions add up to that score on a trial of some rows.

    Parameters
    ----------
    model : Model
        The model behind its door.
    rows : pandas.DataFrame
        Rows to explain; the first are tried.
    players : Players
        Raw columns, or groups of them.
    target : Target
        What is explained.
    output : {"margin", "probability", "rescaled"}
        The space asked for; a regression has one only.
    kind : {"path-dependent", "interventional"}
        What stands for unknown columns of trees; every other model is explained against a background.
    """
    return after_trial(Trial.of(model, rows, players, target), output=output, kind=kind)


@dataclass(frozen=True)
class Trial:
    """Some rows that ways to explain a model are tried on, each once."""

    model: Model
    rows: pd.DataFrame
    answers: FloatArray
    target: Target
    players: Players

    @classmethod
    def of(cls, model: Model, rows: pd.DataFrame, players: Players, target: Target) -> Trial:
        """Try the first rows; parameters as for `choose`."""
        # All rows are adapted, as the type of a column may be told from values that the first rows do not hold.
        adapted = model.adapt(rows)[0].iloc[:_TRIAL_ROWS]
        return cls(model, adapted, model.predict(adapted), target, players)

    @cached_property
    def inside(self) -> Inside | Opaque:
        """What was read of the model."""
        return look_inside(self.model.native, self.rows)

    @cached_property
    def problem(self) -> LedgerEntry | None:
        """Why the inside of the model cannot be used after all."""
        assert isinstance(self.inside, Inside)
        return _problem(self.inside, self, space_of(self.inside, self.target.task))

    @cached_property
    def apart(self) -> float | None:
        """Largest difference to answers to the same rows given once more, None where it is rounding."""
        return _apart(self.answers, self.model.predict(self.rows))


def after_trial(trial: Trial, *, output: Output, kind: Kind = "path-dependent") -> Strategy:
    """Choose the explainer after a trial; parameters as for `choose`."""
    found = _chosen(trial, output, kind)
    if trial.apart is None:
        return found
    return replace(found, unsteady=trial.apart, notes=(*found.notes, _unsteady(trial.apart, len(trial.rows))))


def _chosen(trial: Trial, output: Output, kind: Kind) -> Strategy:
    task = trial.target.task
    asked = Strategy(inside=None, space="raw" if task == "regression" else "probability", players=trial.players)
    found = trial.inside
    if isinstance(found, Opaque):
        return asked if output == "probability" or task == "regression" else replace(asked, notes=(_no_margin(found),))
    space = space_of(found, task)
    if space == "margin" and output == "rescaled" and task != "binary":
        return replace(asked, notes=(_not_rescaled(),))
    if space == "margin" and output == "probability":
        return asked
    if found.refusal is not None and kind == "interventional":
        return replace(asked, notes=(_instead(found, "not_tested", found.refusal),))
    if trial.problem is not None:
        return replace(asked, notes=(trial.problem,))
    rescaled = space == "margin" and output == "rescaled"
    notes = () if found.refusal is None else (_by_library(found, found.refusal),)
    if kind == "path-dependent" and not _knows_paths(found):
        kind, notes = "interventional", (_no_paths(found),)
    return Strategy(
        inside=found.grouped(trial.players),
        space="probability" if rescaled else space,
        players=trial.players,
        rescaled=rescaled,
        kind=kind,
        notes=notes,
    )


def _knows_paths(inside: Inside) -> bool:
    return inside.ensemble is None or inside.ensemble.knows_cover


def _no_paths(found: Inside) -> LedgerEntry:
    return LedgerEntry(
        kind="not_tested",
        what=f"path-dependent SHAP values of the {found.name}",
        reason="its file does not say how many training rows passed each split; the reference data stands for unknown "
        "columns instead (interventional)",
    )


def _not_rescaled() -> LedgerEntry:
    return LedgerEntry(
        kind="not_tested",
        what="SHAP values rescaled from log-odds to probability",
        reason="only one log-odds can be rescaled, and a model of several classes has one for each; the probabilities "
        "are explained as a function of the raw columns instead",
    )


def _by_library(found: Inside, refusal: str) -> LedgerEntry:
    return LedgerEntry(
        kind="not_tested",
        what=f"SHAP values of the {found.name} by explainkit's own computation",
        reason=f"computed by the model's own library instead: {refusal}",
    )


def _no_margin(found: Opaque) -> LedgerEntry:
    return LedgerEntry(
        kind="not_tested",
        what="SHAP values in margin space",
        reason=f"the probability is explained, as one function of the raw columns, because {found.reason}",
    )


def _apart(first: FloatArray, second: FloatArray) -> float | None:
    """Largest difference between two answers to the same question, None where it is rounding."""
    if first.shape != second.shape:
        return float("inf")
    apart = float(np.abs(first - second).max(initial=0.0))
    return apart if apart > _AGREEMENT * float(np.abs(first).max(initial=0.0)) else None


def _unsteady(apart: float, rows: int) -> LedgerEntry:
    return LedgerEntry(
        kind="failed",
        what="answers of the model",
        reason=(
            f"asked twice for the same {rows} rows, the model gave answers up to {apart:.2g} apart: its scores, and "
            "what is made of them here, would not be the same another time"
        ),
    )


def _problem(found: Inside, trial: Trial, space: OutputSpace) -> LedgerEntry | None:
    try:
        prepared = found.prepare(trial.rows)
        scores = margin(found, prepared)
        if not agrees(scores, trial.answers, trial.target.task, space):
            reason = "its inner score does not give its answers by a logistic function, softmax or identity"
            return _instead(found, "not_tested", reason)
        tried_as: Kind = "path-dependent" if _knows_paths(found) else "interventional"
        explain = attributor(found, trial.rows, kind=tried_as, rows=len(trial.rows), seed=0)
        tried = explain(prepared, None)
    except refusals(found) as error:
        return _instead(found, "failed", f"it cannot be read ({type(error).__name__}: {first_line(error)})")
    if excess(tried.values, tried.base[None], scores, relative=tolerance(found)).any():
        if found.kind == "linear":
            return _instead(found, "not_tested", "its answers are not the linear sum of its coefficients")
        return _instead(found, "failed", "contributions of its trees do not add up to its own score on a trial")
    return None


def _instead(found: Inside, kind: Literal["not_tested", "failed"], reason: str) -> LedgerEntry:
    return LedgerEntry(
        kind=kind,
        what=f"SHAP values from the inside of the {found.name}",
        reason=f"explained as one function of its raw columns instead: {reason}",
    )


def refusals(inside: Inside) -> tuple[type[Exception], ...]:
    """What a library raises for rows it does not take, or for a model whose contributions it cannot compute."""
    family = inside.family
    known: tuple[type[Exception], ...] = (ValueError, TypeError, AttributeError, NotImplementedError, IndexError)
    if isinstance(inside.estimator, Elsewhere):  # whatever another process raises is a ValueError here
        return known
    try:
        if family == "lightgbm":
            from lightgbm.basic import LightGBMError

            return (*known, LightGBMError)
        if family == "catboost":
            from catboost import CatBoostError

            return (*known, CatBoostError)
    except ImportError:
        raise MissingExtraError(family, extra=family, needed_for="this model") from None
    return known


def excess(values: FloatArray, base: FloatArray, scores: FloatArray, *, relative: float) -> npt.NDArray[np.bool_]:
    """Which outputs of which rows miss additivity by more than `relative` · (|base| + Σ|φ|); shape (n_rows, k)."""
    scale = np.abs(base) + np.abs(values).sum(axis=1)
    missed = np.abs(base + values.sum(axis=1) - scores)
    beyond: npt.NDArray[np.bool_] = missed > relative * scale + _ROUNDING
    return beyond
