"""How far to trust explanations: the checks find what is planted, and nothing where all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from explainkit.evidence import Measured
from explainkit.explain import shap_library
from explainkit.explain.background import Background
from explainkit.explain.players import players_of
from explainkit.explain.reliability import agreement, curves, stability, support
from explainkit.explain.reliability.panel import panel
from explainkit.explain.reliability.setting import Setting
from explainkit.explain.shapley import attribute
from explainkit.explain.strategy import choose
from explainkit.explain.target import Target
from explainkit.explain.together import together
from explainkit.figures import FigureSet
from tests.explain.doors import Door, sklearn_door

NAME = "explanation.reliability."
TARGET = Target(task="regression", classes=("prediction",), positive=None)


def frame(count: int = 300, seed: int = 0, *, together: float = 0.0) -> pd.DataFrame:
    """Four columns; `b` follows `a` as closely as asked."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=count)
    b = together * a + np.sqrt(1 - together**2) * rng.normal(size=count)
    return pd.DataFrame({"a": a, "b": b, "c": rng.normal(size=count), "noise": rng.normal(size=count)})


def answer(rows: pd.DataFrame) -> Any:
    return 3 * rows["a"] + 2 * rows["a"] * rows["b"] + rows["c"]


def setting(door: Any, rows: pd.DataFrame, reference: pd.DataFrame | None = None) -> Setting:
    reference = rows if reference is None else reference
    strategy = choose(door, rows, players_of(tuple(rows.columns)), target=TARGET, output="margin")
    explanation = attribute(strategy, door, rows, Background(rows=reference), TARGET, 0)
    return Setting(
        strategy=strategy,
        model=door,
        target=TARGET,
        rows=rows,
        background=Background(rows=reference),
        explanation=explanation,
        sample=np.arange(len(rows)),
        seed=0,
    )


def trees(rows: pd.DataFrame) -> Any:
    model = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=0)
    return sklearn_door(model.fit(rows, answer(rows)))


def value(found: Measured, name: str) -> float:
    figure = FigureSet(found.figures)[NAME + name]
    assert figure.value is not None, figure
    return figure.value


def off(given: Setting, values: np.ndarray) -> Setting:
    """The same with other values."""
    return replace(given, explanation=replace(given.explanation, values=values))


def compared(given: Setting) -> Measured:
    """The check by shap."""
    return agreement.independent(given, lambda: agreement.by_shap(given))


def test_an_independent_computation_agrees_and_a_wrong_reading_of_the_model_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = setting(trees(frame()), frame(40, 1), frame())
    assert value(compared(given), "difference") < 1e-9
    real = agreement._explained

    def wrong(*arguments: Any) -> Any:
        found = real(*arguments)
        return replace(found, values=found.values[:, [1, 0, 2, 3]])

    monkeypatch.setattr(agreement, "_explained", wrong)
    assert value(compared(given), "difference") > 0.05


def test_more_columns_are_compared_within_the_error_of_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shap_library, "ENUMERATED", 2)
    monkeypatch.setattr(shap_library, "_DRAWN", 2)
    found = compared(setting(trees(frame()), frame(40, 1), frame()))
    assert value(found, "within_error") > 0.9
    assert 0 < value(found, "difference") < 0.2


@given(st.integers(3, 40).flatmap(lambda n: arrays(float, (2, n), elements=st.sampled_from([*range(9), np.pi]))))
def test_rank_correlations_are_those_of_scipy(values: np.ndarray) -> None:
    found = agreement.rank_correlation(*values)
    if min(np.ptp(values, axis=1)) == 0:
        assert found is None
    else:
        assert found == spearmanr(*values).statistic


def test_both_kinds_agree_for_independent_columns_and_part_for_correlated_ones() -> None:
    apart = agreement.kinds(setting(trees(frame(1000)), frame(200, 1), frame(1000)))
    rows = frame(1000, together=0.95)
    close = agreement.kinds(setting(trees(rows), frame(200, 1, together=0.95), rows))
    assert value(close, "kinds.moved") > 2 * value(apart, "kinds.moved")
    assert value(apart, "kinds.rank_correlation") == pytest.approx(1.0)
    assert value(apart, "kinds.sign_agreement") > 0.9


def test_the_model_is_not_asked_again_for_what_it_said_of_rows_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    given = setting(trees(frame()), frame(40, 1), frame())
    kinds, stable = agreement.kinds(given), stability.over_backgrounds(given)

    def never(*arguments: Any) -> Any:
        raise AssertionError(arguments)

    monkeypatch.setattr("explainkit.explain.attribution.margin", never)
    assert agreement.kinds(given) == kinds
    assert stability.over_backgrounds(given) == stable


def test_shap_against_lime_compares_the_columns_that_both_have() -> None:
    given = setting(trees(frame()), frame(40, 1), frame())
    lime = replace(given.explanation, values=given.explanation.values[:, [2, 0, 1]], features=("c", "a", "b"))
    same = agreement.with_lime(given, lime, [(3, 3, 0), (5, 5, 0)])
    assert value(same, "lime.rank_correlation") == pytest.approx(1.0)
    assert value(same, "lime.sign_agreement") == 1.0
    turned = agreement.with_lime(given, replace(lime, values=-lime.values), [(3, 3, 0)])
    assert value(turned, "lime.sign_agreement") == 0.0
    (figure,) = agreement.with_lime(given, None, []).figures
    assert figure.status == "not_tested"


def test_ranks_are_stable_where_importance_is_clear_and_not_where_it_is_noise() -> None:
    given = setting(trees(frame()), frame(200, 1), frame())
    assert value(stability.over_rows(given), "stability.rows") == pytest.approx(1.0)
    assert value(stability.over_backgrounds(given), "stability.backgrounds") == pytest.approx(1.0)
    noise = np.random.default_rng(0).normal(size=given.explanation.values.shape)
    assert value(stability.over_rows(off(given, noise)), "stability.rows") < 0.9


def test_deletion_and_insertion_tell_right_contributions_from_wrong_ones() -> None:
    given = setting(trees(frame()), frame(60, 1), frame())
    right = curves.curves(given)
    turned = curves.curves(off(given, -given.explanation.values))
    inverted = curves.curves(off(given, 1.0 / given.explanation.values))
    assert value(right, "deletion.gain") > 0.1
    assert value(right, "insertion.gain") > 0.1
    assert value(turned, "deletion.gain") < 0.0
    assert value(inverted, "insertion.gain") < 0.0
    (deletion, insertion) = right.series
    assert deletion.column("ranked")[0] == pytest.approx(0.0, abs=1e-12)
    assert deletion.column("ranked")[-1] == pytest.approx(1.0)
    assert insertion.column("ranked")[0] == pytest.approx(1.0)
    assert insertion.column("random")[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_constant_model_moves_nothing() -> None:
    door = Door(None, lambda rows: np.ones(len(rows)), task="regression")
    (figure,) = curves.curves(setting(door, frame(20))).figures
    assert figure.status == "insufficient"


def test_columns_that_share_credit_are_named() -> None:
    rows = frame(500, together=0.95)
    found = support.shared_credit(setting(trees(rows), rows))
    assert value(found, "shared_credit.pairs") == 1
    assert value(found, "shared_credit.correlation[feature=a,with=b]") == pytest.approx(0.95, abs=0.03)
    assert value(support.shared_credit(setting(trees(frame()), frame())), "shared_credit.pairs") == 0


def test_mixed_rows_lie_off_the_data_where_columns_move_together() -> None:
    tied = frame(1000, together=0.999).assign(d=lambda f: f["a"].gt(0).map({True: "up", False: "down"}))
    door = Door(None, lambda rows: rows["a"].to_numpy(), task="regression")
    apart = tied.assign(b=np.random.default_rng(5).permutation(tied["b"]), d="up")
    both = [support.off_the_data(setting(door, rows.iloc[:60], rows)) for rows in (tied, apart)]
    assert value(both[0], "off_data.mixtures") > 0.1
    assert value(both[1], "off_data.mixtures") < 0.05
    assert value(both[0], "off_data.rows") == 0.0  # each is a reference row itself
    far = tied.iloc[:50].assign(c=50.0)
    assert value(support.off_the_data(setting(door, far, tied)), "off_data.rows") == 1.0


def test_the_panel_of_a_linear_model_is_complete_and_names_every_figure_once() -> None:
    rows = frame()
    given = setting(sklearn_door(LinearRegression().fit(rows, answer(rows))), frame(50, 1), rows)
    found = sum(together(panel(given, lambda: None, [], lambda: agreement.by_shap(given)), threads=1), Measured())
    figures = FigureSet(found.figures)
    assert value(found, "residual[quantile=1]") < 1e-12
    assert value(found, "difference") < 1e-9
    assert figures[NAME + "kinds"].status == "not_tested"
    assert [e.what for e in found.ledger] == ["path-dependent against interventional SHAP values", "SHAP against LIME"]
    assert all(f.method for f in found.figures if f.status == "measured")
