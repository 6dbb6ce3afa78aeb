"""The one function that prints numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.figures import Figure, Series
from explainkit.report.numbers import GROUP, MINUS, data_element, figure_text, format_number, is_signed, point_element

_UNITS = ("proportion", "ratio", "difference", "score", "count", "log-odds", "probability", "target", "input", "none")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.5731, "proportion", "0.573"),
        (0.0312, "score", "0.031"),
        (0.00461, "score", "0.0046"),
        (0.00035, "difference", "0.0003"),
        (2.31e-12, "log-odds", f"2.3e{MINUS}12"),
        (2e-12, "log-odds", f"2e{MINUS}12"),
        (1, "ratio", "1"),
        (1.0, "ratio", "1"),
        (0.99999, "ratio", "1.000"),
        (0, "proportion", "0"),
        (-0.0, "difference", "0"),
        (-0.0612, "difference", f"{MINUS}0.061"),
        (12.345, "ratio", "12.35"),
        (1234, "count", "1234"),
        (25000, "count", f"25{GROUP}000"),
        (1234567, "count", f"1{GROUP}234{GROUP}567"),
        (152.1334, "target", "152.1"),
        (12345.67, "target", f"12{GROUP}346"),
        (0.5, "target", "0.5"),
        (9857, "input", "9857"),
        (18424, "input", f"18{GROUP}424"),
        (0.0453401, "input", "0.0453401"),
        (1e21, "target", "1e21"),
        (1e300, "score", "1e300"),
    ],
)
def test_how_a_number_is_printed(value: float, unit: str, text: str) -> None:
    assert format_number(value, unit) == text  # type: ignore[arg-type]


def test_signs_are_printed_where_they_matter() -> None:
    assert format_number(0.84, "log-odds", signed=True) == "+0.840"
    assert format_number(0, "log-odds", signed=True) == "0"
    assert is_signed("explanation.shap.contribution", "target")
    assert is_signed("explanation.shap.base", "log-odds")
    assert not is_signed("explanation.shap.base", "target")
    assert not is_signed("explanation.shap.importance", "log-odds")


@given(value=st.floats(min_value=-1e300, max_value=1e300), unit=st.sampled_from(_UNITS), signed=st.booleans())
def test_the_text_is_the_number_rounded(value: float, unit: str, signed: bool) -> None:
    text = format_number(value, unit, signed=signed)  # type: ignore[arg-type]
    assert "-" not in text
    assert text not in (f"{MINUS}0", "+0")
    read = float(text.replace(MINUS, "-").replace(GROUP, "").replace("+", ""))
    step = 0.5 if unit == "count" else 0.00051
    assert read == pytest.approx(value, rel=0.051, abs=step)
    if text.strip("+" + MINUS) in ("0", "1") and unit in ("proportion", "ratio"):
        assert abs(value) == float(text.strip("+" + MINUS))


@given(value=st.floats(min_value=0.0001, max_value=0.999, allow_nan=False))
def test_a_proportion_is_near_what_is_printed(value: float) -> None:
    assert float(format_number(value, "proportion")) == pytest.approx(value, abs=0.0005001)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_only_finite_numbers_are_printed(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        format_number(value, "score")


def test_a_number_carries_its_place_in_the_evidence() -> None:
    figure = Figure(id='fairness.selection_rate[age="26 to 40"]', value=1 / 3, n=41000, unit="proportion")
    assert str(data_element(figure)) == (
        '<data value="0.3333333333333333" data-figure="fairness.selection_rate[age=&#34;26 to 40&#34;]" '
        'data-field="value">0.333</data>'
    )
    assert ">41 000<" in str(data_element(figure, "n")).replace(GROUP, " ")
    with pytest.raises(ValueError, match="has no low"):
        figure_text(figure, "low")


def test_a_point_carries_its_place_in_the_evidence() -> None:
    series = Series(id="performance.roc_curve", columns=(("x", (0.25, None)),))
    assert 'value="0.25" data-series="performance.roc_curve" data-column="x" data-row="0"' in point_element(
        series, "x", 0
    )
    with pytest.raises(ValueError, match="no number"):
        point_element(series, "x", 1)
