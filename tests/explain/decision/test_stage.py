"""The stage as a whole: reasons of cases, the count of blocked decisions, and what is said instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from explainkit.evidence import Case
from explainkit.explain.cases import Chosen
from explainkit.explain.decision.figures import others_figures
from explainkit.explain.decision.stage import BLOCKED, Decided, examine
from explainkit.figures import Figure, FigureSet, figure_id
from tests.assess.builders import check_sane, group
from tests.explain.decision.made import function, linear, situation

RNG = np.random.default_rng(5)
ROWS = pd.DataFrame(RNG.normal(size=(300, 3)), columns=list("abc"))
ROWS["d"] = RNG.choice([0.0, 1.0], 300, p=[0.7, 0.3])
REFERENCE = pd.DataFrame(RNG.normal(size=(100, 4)), columns=list("abcd"))
WEIGHTS = [1.0, -2.0, 0.1, 0.7]
SEX = group("sex", np.where(ROWS["d"] == 1.0, "f", "m"))
REGION = group("region", RNG.choice(["n", "s"], 300))


def examined(weights: list[float] = WEIGHTS, *, cases: tuple[int, ...] = (0, 1, 2, 3, 4, 5), **given: Any) -> Decided:
    given.setdefault("groups", (REGION,))
    what = situation(linear(weights), ROWS, REFERENCE, **given)
    return examine(what, [Chosen(position=p, reason="asked for") for p in cases])


def shortfalls(position: int) -> np.ndarray:
    """Against the 30 or more favourable rows nearest to the cut-off; the closed form."""
    margin = ROWS.to_numpy() @ WEIGHTS
    favoured = np.flatnonzero(margin < 0)
    count = max(30, int(np.ceil(0.1 * len(favoured))))
    near = favoured[np.argsort(-margin[favoured])[:count]]
    return np.asarray(WEIGHTS) * (ROWS.to_numpy()[position] - ROWS.to_numpy()[near].mean(axis=0))


def test_reasons_of_cases_follow_the_closed_form() -> None:
    decided = examined()
    figures = FigureSet(decided.measured.figures)
    check_sane(decided.measured.figures)
    margin = ROWS.to_numpy() @ WEIGHTS
    adverse = 0
    for position, decision in enumerate(decided.decisions):
        assert decision is not None
        assert decision.adverse == (margin[position] >= 0)
        assert decision.outcome == ("1" if margin[position] >= 0 else "0")
        if not decision.adverse:
            assert (decision.reasons, decision.changes) == (None, None)
            continue
        adverse += 1
        expected = shortfalls(position)
        order = [j for j in np.argsort(-expected, kind="stable") if expected[j] > 0]
        assert decision.reasons == tuple("abcd"[j] for j in order)
        assert decision.against == "cutoff"
        assert decision.protected == ()
        for j, name in enumerate("abcd"):
            figure = figures[f"explanation.reasons.shortfall[against=cutoff,case={position + 1},feature={name}]"]
            assert figure.value == pytest.approx(expected[j], abs=1e-9)
            assert figure.unit == "log-odds"
    assert adverse >= 2
    assert figures["explanation.reasons.adverse"].value == (margin >= 0).sum()
    assert figures["explanation.reasons.background_rows"].value == 100


def test_rates_over_all_adverse_decisions() -> None:
    decided = examined(plan={"reasons": 1})
    figures = FigureSet(decided.measured.figures)
    positions = np.flatnonzero(ROWS.to_numpy() @ WEIGHTS >= 0)
    first = ["abcd"[int(np.argmax(shortfalls(p)))] for p in positions]
    for name in set(first):
        figure = figures[f"explanation.reasons.frequency[feature={name}]"]
        assert (figure.events, figure.n) == (first.count(name), len(positions))
    assert figures[BLOCKED].value == 0


def test_a_protected_reason_blocks_the_text_and_is_counted() -> None:
    decided = examined(groups=(SEX, REGION))
    figures = FigureSet(decided.measured.figures)
    positions = np.flatnonzero(ROWS.to_numpy() @ WEIGHTS >= 0)
    # Column d encodes sex: a flag, 1 for every woman.
    expected = sum(bool(shortfalls(p)[3] > 0) for p in positions)
    assert figures[BLOCKED].value == expected > 0
    assert figures[BLOCKED].n == len(positions)
    marked = [d for d in decided.decisions if d is not None and d.protected]
    assert marked
    for decision in marked:
        assert decision.protected == ("d",)
        assert "d" in (decision.reasons or ())  # ranked all the same: nothing is removed


def test_without_groups_nothing_is_held_against_them() -> None:
    decided = examined(groups=())
    figure = FigureSet(decided.measured.figures)[BLOCKED]
    assert figure.status == "not_tested"
    assert "no sensitive column" in (figure.reason or "")
    assert all(d.protected is None for d in decided.decisions if d is not None)
    assert any("protected" in e.what for e in decided.measured.ledger)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"threshold": None}, "model.threshold"),
        ({"favourable": None}, "fairness.favourable"),
        ({"positive": None}, "model.positive"),
    ],
)
def test_what_is_not_stated_is_not_guessed(given: dict[str, Any], words: str) -> None:
    decided = examined(**given)
    (figure,) = decided.measured.figures
    assert (figure.id, figure.status) == (BLOCKED, "not_tested")
    assert words in (figure.reason or "")
    assert set(decided.decisions) == {None}
    assert [e.kind for e in decided.measured.ledger] == ["not_tested"]


def test_too_few_favourable_rows_are_ranked_against_all_and_that_is_said() -> None:
    decided = examined(threshold=">=0.1")
    favoured = int((ROWS.to_numpy() @ WEIGHTS < np.log(0.1 / 0.9)).sum())
    assert favoured < 60
    decided = examined(threshold=">=0.01")
    assert int((ROWS.to_numpy() @ WEIGHTS < np.log(0.01 / 0.99)).sum()) < 30
    assert {d.against for d in decided.decisions if d is not None and d.adverse} == {"all"}
    assert any("ranked against all rows instead" in e.reason for e in decided.measured.ledger)


def test_nobody_is_decided_against() -> None:
    decided = examined(threshold=">=1")
    assert all(d is not None and not d.adverse for d in decided.decisions)
    assert FigureSet(decided.measured.figures)[BLOCKED].value == 0
    assert FigureSet(decided.measured.figures)["explanation.reasons.adverse"].value == 0


def test_a_function_is_explained_by_its_answers_and_said_to_be_estimated_where_it_is() -> None:
    def score(rows: pd.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-rows.to_numpy() @ WEIGHTS))

    what = situation(function(score), ROWS, REFERENCE, groups=(REGION,), plan={"background": 20})
    decided = examine(what, [Chosen(position=int(np.argmax(score(ROWS))), reason="asked for")])
    assert decided.methods[0].space == "probability"
    assert decided.decisions[0] is not None
    assert set(decided.decisions[0].reasons or ()) >= {"b"}
    sampled = [e for e in decided.measured.ledger if e.kind == "sampled"]
    assert any("counted over" in e.what for e in sampled)


def test_changes_are_told_with_their_numbers() -> None:
    columns = {"b": {"actionable": True}}
    decided = examined(columns=columns)
    figures = FigureSet(decided.measured.figures)
    some = [(p, d) for p, d in enumerate(decided.decisions) if d is not None and d.changes]
    assert some
    for position, decision in some:
        (change,) = decision.changes or ()
        assert (change.columns, change.values) == (("b",), ())
        value = figures[f"explanation.change.value[case={position + 1},change=1,feature=b]"].value
        assert value in REFERENCE["b"].to_numpy()
        row = ROWS.iloc[position].to_numpy().copy()
        row[1] = value
        expected = 1 / (1 + np.exp(-row @ WEIGHTS))
        assert figures[f"explanation.change.score[case={position + 1},change=1]"].value == pytest.approx(expected)
        assert expected < 0.5


def test_cases_keep_their_order_and_get_their_decisions() -> None:
    decided = examined(cases=(4, 2))
    cases = [Case(key=str(p + 1), chosen="asked for", inputs=()) for p in (4, 2)]
    assert [c.decision for c in decided.told_of(cases)] == list(decided.decisions)
    assert {c.naming for c in decided.told_of(cases)} == {None}


def test_the_same_case_has_the_same_reasons_whatever_other_cases_are_asked_for() -> None:
    columns = {"b": {"actionable": True}, "c": {"actionable": True}}
    alone, among = examined(cases=(3,), columns=columns), examined(columns=columns)
    assert alone.decisions[0] == among.decisions[3]

    def of(decided: Decided) -> dict[str, Any]:
        return {f.id: f for f in decided.measured.figures if f.keys.get("case") == "4"}

    assert of(alone) == of(among)


def test_the_sum_of_the_others_is_what_the_largest_leave() -> None:
    values = np.random.default_rng(2).normal(size=14)
    figures = [
        Figure(
            id=figure_id("explanation.shap.contribution", case="7", feature=f"f{j}"),
            value=float(v),
            unit="log-odds",
            class_="bad",
        )
        for j, v in enumerate(values)
    ]
    (others,) = others_figures(figures)
    assert others.id == "explanation.shap.others[beyond=10,case=7]"
    assert others.value == pytest.approx(values[np.argsort(-np.abs(values))[10:]].sum())
    assert others_figures(figures[:10]) == ()
