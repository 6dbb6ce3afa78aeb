"""Figures and their ids."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.errors import InputError
from explainkit.figures import Figure, FigureSet, Series, figure_id, parse_figure_id

KEYS = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=80), min_size=1, max_size=4)


@given(keys=KEYS)
def test_ids_round_trip(keys: dict[str, str]) -> None:
    name, read = parse_figure_id(figure_id("fairness.impact_ratio", keys))
    assert name == "fairness.impact_ratio"
    assert read == dict(sorted(keys.items()))


def test_ids_as_written_in_plans() -> None:
    assert figure_id("a.b", sex="female", race="asian") == "a.b[race=asian,sex=female]"
    assert figure_id("a", {"age": "26 to 40"}) == 'a[age="26 to 40"]'
    assert figure_id("a", x="ü" * 81).startswith('a[x="sha256:')
    assert parse_figure_id("performance.roc_auc") == ("performance.roc_auc", {})


@pytest.mark.parametrize(
    "text", ["", "A", "a b", "a.", "a[", "a[]", "a[x]", "a[x=1", "a[x=1,]", "a[y=1,x=2]", 'a[x="1]', "a[x=1]b", "a]"]
)
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InputError, match="not the id of a figure"):
        parse_figure_id(text)


@given(text=st.text(max_size=40))
def test_any_text_is_an_id_or_an_error(text: str) -> None:
    try:
        name, keys = parse_figure_id(text)
    except InputError:
        return
    assert parse_figure_id(figure_id(name, keys) if keys else name) == (name, keys)


@pytest.mark.parametrize(
    "members",
    [
        {"value": None},
        {"value": math.nan},
        {"value": math.inf},
        {"value": 1.0, "low": math.nan},
        {"value": 1.0, "status": "suppressed", "reason": "small"},
        {"status": "not_tested"},
        {"status": "insufficient", "reason": ""},
    ],
)
def test_a_figure_has_a_value_or_a_reason(members: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Figure(id="a", **members)


def test_figures_by_id_and_by_name() -> None:
    figures = FigureSet([Figure(id="a[x=1]", value=1), Figure(id="a[x=2]", value=2), Figure(id="b", value=3)])
    assert [f.value for f in figures.named("a")] == [1, 2]
    assert figures["a[x=2]"].keys == {"x": "2"}
    with pytest.raises(InputError, match=r"did you mean 'a\[x="):
        figures["a[x=3]"]
    with pytest.raises(ValueError, match="share the id"):
        FigureSet([Figure(id="a", value=1), Figure(id="a", value=2)])


def test_columns_of_a_series_have_equal_length() -> None:
    series = Series(id="a", columns=(("x", (1, 2)), ("y", (3, None))))
    assert series.column("y") == (3, None)
    with pytest.raises(ValueError, match="equal length"):
        Series(id="a", columns=(("x", (1, 2)), ("y", (3,))))
