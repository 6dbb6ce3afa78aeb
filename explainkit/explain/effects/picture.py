"""The global picture beyond mean |SHAP|: shuffles, dependence (SHAP, partial, accumulated) and interactions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.evidence import LedgerEntry, Measured
from explainkit.explain.effects import dependence
from explainkit.explain.effects import figures as written
from explainkit.explain.effects.exchange import Exchange, drawn, exchange, refusal
from explainkit.explain.effects.figures import Names
from explainkit.explain.effects.grids import Grid, grid_of
from explainkit.explain.effects.partial import accumulated_effects, partial_dependence, within
from explainkit.explain.effects.permutation import permutation_loss, shuffles, sizes
from explainkit.explain.effects.quality import FEWEST, Outcomes
from explainkit.explain.players import Players
from explainkit.explain.target import UNITS, Target
from explainkit.explanation import Explanation
from explainkit.figures import Figure, Series, Status, Unit
from explainkit.load.subject import Subject
from explainkit.plan import ExplainPlan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

MOST_CURVES = 6
"""Inputs with curves and points; fewer where there are several classes."""
_CLASS_CURVES = 12  # inputs times classes
MOST_CLASSES = 6
MOST_SHUFFLED = 20
MOST_PAIRS = 10
_CANDIDATES = 30  # inputs that may turn out as the one that another interacts with most
_POINTS = 200
_PDP_ROWS, _ALE_ROWS = 300, 2000
_FEWEST_ROWS = 100  # of wide data
_WIDE = 240  # columns from which fewer rows are taken
_GROUP = "a group of columns has no value of its own"
_DRAWS = {"shuffled": 5, "pdp": 6, "ale": 7, "points": 9}  # streams of the seed; 8 makes the orders of shuffles


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What all parts look at."""

    subject: Subject
    plan: ExplainPlan
    target: Target
    frame: pd.DataFrame
    """Evaluation rows as given, inputs of the model only."""
    asked: Exchange
    names: Names
    players: Players
    order: IntArray
    """Positions of the players, the largest mean |SHAP| first (mean over the outputs)."""
    curves: IntArray
    """Those of them that get curves and points."""
    unit: Unit
    """Of the model's answers."""

    def columns(self, player: int) -> tuple[str, ...]:
        """Columns of a player."""
        return tuple(str(self.frame.columns[i]) for i in self.players.columns[player])

    def rows(self, most: int) -> int:
        """How many rows to look at; wide ones cost as much as many."""
        return max(_FEWEST_ROWS, int(most * min(1.0, _WIDE / self.asked.columns)))


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the parts have found so far."""

    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    open: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Analysis and reason → columns that it was not done for."""

    def missing(self, name: str, what: str, feature: str, status: Status, reason: str) -> None:
        """Note that one analysis of one column gave nothing."""
        self.figures.append(written.missing_figure(name, feature, status, reason))
        self.open.setdefault((what, reason), []).append(feature)

    def measured(self) -> Measured:
        """All of it, with one entry of the ledger for each analysis and reason."""
        entries = [
            LedgerEntry(kind="not_tested", what=f"{what} of {_listed(columns)}", reason=reason, count=len(columns))
            for (what, reason), columns in self.open.items()
        ]
        return Measured(figures=tuple(self.figures), series=tuple(self.series), ledger=(*self.ledger, *entries))


def _listed(columns: list[str], most: int = 6) -> str:
    return ", ".join(columns[:most]) + (f" and {len(columns) - most} more" if len(columns) > most else "")


def global_picture(
    subject: Subject,
    *,
    explanation: Explanation,
    sample: IntArray,
    target: Target,
    players: Players,
    plan: ExplainPlan,
    interactions: FloatArray | None = None,
) -> Measured:
    """Shuffle inputs, follow how the answer depends on them, and name what works together.

    At most 170,000 made-up rows are put to the model, in calls of at most 65,536, however many rows there are.
    Call it within `explainkit.load.steady.one_order`.

    Parameters
    ----------
    subject : Subject
        What is audited, with its model.
    explanation : Explanation
        SHAP values; `Explanation.rows` are positions in the evaluation rows.
    sample : ndarray of int, shape (n_sample,)
        Which of its rows were drawn for the global picture, at least one.
    target : Target
        Which outputs of the model are explained.
    players : Players
        What `explanation` shares the output out to.
    plan : ExplainPlan
        Gives the seed.
    interactions : ndarray, shape (n_rows, n_players, n_players, n_outputs), optional
        SHAP interaction values of some rows in the space of `explanation`: symmetric, each row's adding up to output
        less base. None where they were not computed.

    Returns
    -------
    Measured
        Figures ``explanation.permutation.*``, ``explanation.pdp.*``, ``explanation.ale.*``,
        ``explanation.dependence.*`` and ``explanation.interaction.*`` with their series. Where the model refuses
        made-up rows, or a column has nothing to show, a figure says why.

    Raises
    ------
    ModelError
        If the model refuses even the evaluation rows.
    """
    scene = _scene(subject, explanation, sample, target, players=players, plan=plan)
    found = _Found()
    _limits(scene, found)
    _shuffled(scene, found)
    _curves(scene, found)
    sized = _interactions(scene, found, explanation, interactions)
    _points(scene, found, explanation, sample, sized)
    return found.measured()


def _scene(
    subject: Subject, explanation: Explanation, sample: IntArray, target: Target, *, players: Players, plan: ExplainPlan
) -> _Scene:
    if subject.model is None:
        raise ValueError("the global picture needs a model")
    frame = subject.evaluation.frame[list(subject.features)]
    importance = np.abs(explanation.values[sample]).mean(axis=(0, 2))
    order = np.argsort(-importance, kind="stable").astype(np.intp)
    outputs = explanation.outputs
    shown = min(MOST_CLASSES, len(outputs))
    most = MOST_CURVES if shown == 1 else max(1, min(MOST_CURVES, _CLASS_CURVES // shown))
    return _Scene(
        subject=subject,
        plan=plan,
        target=target,
        frame=frame,
        asked=exchange(subject.model, frame, target),
        names=Names(features=explanation.features, outputs=outputs, shown=shown),
        players=players,
        order=order,
        curves=order[:most],
        unit="target" if target.task == "regression" else "probability",
    )


def _limits(scene: _Scene, found: _Found) -> None:
    """What is left out because there are many columns or classes."""
    features, outputs = len(scene.order), len(scene.names.outputs)
    for what, most in (
        ("dependence curves and points", len(scene.curves)),
        ("permutation importance", MOST_SHUFFLED),
    ):
        if features > most:
            reason = f"only for the {most} inputs with the largest mean |SHAP|, to bound the work"
            found.ledger.append(
                LedgerEntry(kind="not_tested", what=f"{what} of other inputs", reason=reason, count=features - most)
            )
    if outputs > scene.names.shown:
        found.ledger.append(
            LedgerEntry(
                kind="not_tested",
                what="dependence, interactions and recall when shuffled, of other classes",
                reason=f"only for the first {scene.names.shown} classes, to bound the work",
                count=outputs - scene.names.shown,
            )
        )


def _sampled(found: _Found, what: str, taken: int, of: int) -> None:
    if taken < of:
        reason = "a seeded sample without replacement of the evaluation rows, to bound the work"
        found.ledger.append(LedgerEntry(kind="sampled", what=what, reason=reason, count=taken))


def _shuffled(scene: _Scene, found: _Found) -> None:
    """Permutation importance."""
    labels, weights = scene.subject.rows.labels, scene.subject.rows.weights
    chosen = {scene.names.features[j]: scene.columns(j) for j in map(int, scene.order[:MOST_SHUFFLED])}
    reason = _no_outcome(scene.subject)
    known = np.zeros(0, dtype=np.intp) if labels is None else np.flatnonzero(~np.isnan(labels)).astype(np.intp)
    if reason is not None or labels is None:
        name = "explanation.permutation.importance"
        found.figures.append(Figure(id=name, status="not_tested", reason=reason, dataset="evaluation"))
        found.ledger.append(LedgerEntry(kind="not_tested", what="permutation importance", reason=reason or ""))
        return
    count, repeats = sizes(len(known), len(chosen), scene.asked.columns, len(scene.names.outputs))
    rows = drawn(known, count, scene.plan.seed, _DRAWS["shuffled"])
    outcomes = Outcomes(
        task=scene.subject.task,
        labels=labels[rows],
        weights=None if weights is None else weights[rows],
        classes=scene.names.shown,
    )
    if outcomes.counts()[0] < FEWEST:
        few = written.too_few(outcomes)
        for name in chosen:
            found.missing("explanation.permutation.importance", "permutation importance", name, "insufficient", few)
        return
    _sampled(found, "rows shuffled for permutation importance", len(rows), len(known))
    own = scene.asked.own(rows)
    weighting = scene.subject.rows.weight_kind if weights is not None else None
    base = float(outcomes.quality(own).values[0])
    found.figures += written.shuffle_totals(outcomes, base, repeats, weighting)
    orders = shuffles(len(rows), repeats, scene.plan.seed)
    for name, columns in chosen.items():
        try:
            loss = permutation_loss(scene.asked, columns, outcomes, rows, own, orders)
        except ModelError as error:
            what = "permutation importance"
            found.missing("explanation.permutation.importance", what, name, "not_tested", refusal(error))
            continue
        found.figures += written.shuffled_of(scene.names, name, outcomes, loss, repeats, weighting)


def _no_outcome(subject: Subject) -> str | None:
    """Why there are no outcomes to compare with."""
    labels = subject.rows.labels
    if labels is None:
        unnamed = subject.task == "binary" and subject.positive is None
        return (
            "the positive class is not stated (model.positive)" if unnamed else "the data has no outcome (data.target)"
        )
    return "no row has an outcome" if np.isnan(labels).all() else None


def _curves(scene: _Scene, found: _Found) -> None:
    """Partial dependence and accumulated local effects."""
    positions = np.arange(len(scene.frame), dtype=np.intp)
    rows = drawn(positions, scene.rows(_PDP_ROWS), scene.plan.seed, _DRAWS["pdp"])
    local = drawn(positions, scene.rows(_ALE_ROWS), scene.plan.seed, _DRAWS["ale"])
    _sampled(found, "rows of partial dependence", len(rows), len(positions))
    _sampled(found, "rows of accumulated local effects", len(local), len(positions))
    for j in map(int, scene.curves):
        name = scene.names.features[j]
        if len(scene.columns(j)) > 1:
            found.missing("explanation.pdp.span", "partial dependence", name, "not_tested", _GROUP)
            found.missing("explanation.ale.span", "accumulated local effects", name, "not_tested", _GROUP)
            continue
        column = scene.frame[name]
        grid = grid_of(column)
        if len(positions) < FEWEST or len(grid.donors) < 2:
            few = len(positions) < FEWEST
            reason = f"fewer than {FEWEST} rows" if few else "the column holds one value"
            status: Status = "insufficient" if few else "not_tested"
            found.missing("explanation.pdp.span", "partial dependence", name, status, reason)
            found.missing("explanation.ale.span", "accumulated local effects", name, status, reason)
            continue
        if grid.left_out:
            reason = f"only for the {grid.known} most frequent values"
            what = f"partial dependence on other values of {name}"
            found.ledger.append(LedgerEntry(kind="not_tested", what=what, reason=reason, count=grid.left_out))
        try:
            curve = partial_dependence(scene.asked, name, grid, rows)
        except ModelError as error:
            found.missing("explanation.pdp.span", "partial dependence", name, "not_tested", refusal(error))
        else:
            figures, series = written.dependence_of(scene.names, name, grid, curve, scene.unit)
            found.figures += figures
            found.series += series
        _accumulated(scene, found, name, grid, local)


def _accumulated(scene: _Scene, found: _Found, name: str, grid: Grid, rows: IntArray) -> None:
    """Accumulated local effects of one column."""
    what, column = "accumulated local effects", scene.frame[name]
    if not grid.numeric or grid.known < 2:
        reason = "the column holds one number" if grid.numeric else "they need values with a scale"
        found.missing("explanation.ale.span", what, name, "not_tested", reason)
        return
    rows = rows[within(column.iloc[rows], grid)]
    if len(rows) < FEWEST:
        found.missing("explanation.ale.span", what, name, "insufficient", f"fewer than {FEWEST} rows with a number")
        return
    try:
        effects = accumulated_effects(scene.asked, name, column, grid, rows)
    except ModelError as error:
        found.missing("explanation.ale.span", what, name, "not_tested", refusal(error))
        return
    figures, series = written.accumulated_of(scene.names, name, effects, scene.unit)
    found.figures += figures
    found.series += series


def _interactions(
    scene: _Scene, found: _Found, explanation: Explanation, interactions: FloatArray | None
) -> list[FloatArray]:
    """Top interactions; sizes of all of them, shape (n_rows, n_features, n_features), output by output."""
    reason = None
    if len(scene.order) < 2:
        reason = "one input has nothing to interact with"
    elif interactions is None or len(interactions) == 0:
        reason = "interaction values were not computed for this model"
    if reason is not None or interactions is None:
        name = "explanation.interaction.strength"
        found.figures.append(Figure(id=name, status="not_tested", reason=reason, dataset="evaluation"))
        found.ledger.append(LedgerEntry(kind="not_tested", what="interactions of inputs", reason=reason or ""))
        return []
    sized = [dependence.strengths(interactions[..., k]) for k in range(scene.names.shown)]
    for k, sizes_of_output in enumerate(sized):
        found.figures += written.interactions_of(scene.names, sizes_of_output, k, UNITS[explanation.space], MOST_PAIRS)
    return sized


def _points(scene: _Scene, found: _Found, explanation: Explanation, sample: IntArray, sized: list[FloatArray]) -> None:
    """SHAP values against the input's own value, with the input it interacts with most."""
    positions = np.asarray(explanation.rows, dtype=np.intp)[sample]
    alone = [len(columns) == 1 for columns in scene.players.columns]
    # One column for each player; that of a group is never looked at.
    frame = scene.frame.iloc[positions, [columns[0] for columns in scene.players.columns]].reset_index(drop=True)
    candidates = scene.order[[alone[j] for j in scene.order]][:_CANDIDATES]
    groups = {} if sized else dependence.groups_of(frame, candidates)
    shown = drawn(np.arange(len(sample), dtype=np.intp), _POINTS, scene.plan.seed, _DRAWS["points"])
    for k in range(scene.names.shown):
        mean = sized[k].mean(axis=0) if sized else None
        for j in (j for j in map(int, scene.curves) if alone[j]):
            values = explanation.values[sample, j, k]
            if mean is not None:
                partner = dependence.partner_by_values(mean, j)
            else:
                partner = dependence.partner_by_variance(values, frame, j, groups)
            if partner is not None:
                rows = len(sized[k]) if sized else len(sample)
                unit = UNITS[explanation.space] if sized else "proportion"
                found.figures.append(written.strongest(scene.names, k, j, partner, rows=rows, unit=unit))
            # By their values: in one order throughout, the points of a row could be put together again.
            some = shown[np.argsort(values[shown], kind="stable")]
            found.series.append(
                written.points_of(
                    scene.names.keys(k, feature=scene.names.features[j]),
                    values[some],
                    frame.iloc[some, j],
                    frame.iloc[some, partner.column] if partner is not None and alone[partner.column] else None,
                    known=bool(sized),
                )
            )
