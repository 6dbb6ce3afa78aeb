"""The one place where a measured number becomes text, so that every printed number can be traced to card.json.

A printed number is ``<data value="…" data-figure="ID" data-field="value|low|high|n|events">text</data>``: `value` is
the exact JSON number of card.json, and the text is a function of that number, its unit and whether its sign matters.
Points of curves carry ``data-series``, ``data-column`` and ``data-row`` (counted from 0) instead; where all points of
a table are of one series, ``data-series`` stands at the ``<table>``. On screen,
`explainkit.report.compact` shortens both.
"""

from __future__ import annotations

import math

from markupsafe import Markup, escape

from explainkit.figures import Field, Figure, Series, Unit
from explainkit.records import canonical
from explainkit.report.language import spoken

MINUS = "\u2212"
GROUP = "\u202f"
"""Narrow no-break space between groups of three digits, from five digits on (ISO 80000-1)."""

_SIGNED = {
    "explanation.shap.contribution",
    "explanation.shap.others",
    "explanation.reasons.contribution",
    "explanation.reasons.mean",
    "explanation.reasons.shortfall",
    "explanation.lime.weight",
    "explanation.shap.residual",
    "slice.difference",
    "benchmark.difference",
    "champion.difference",
    "period.change",
    "sample.change",
    "compare.difference",
    "fairness.selection_difference",
    "fairness.mean_prediction_difference",
    "fairness.mean_error",
    "performance.mean_error",
    "performance.residual_quantile",
    "calibration.intercept",
    "fairness.calibration_intercept",
    "performance.brier_within",
    "data.missing_by_outcome",
    "data.share_difference",
    "leakage.overlap_excess",
    "drift.missing",
    "drift.outcome_rate",
    "drift.concept_intercept",
    "drift.concept_slope",
    "drift.mean_error",
    "explanation.drift.difference",
    "robustness.performance_change",
    "robustness.scenario.score_shift",
    "robustness.off_data.score_difference",
    "robustness.off_data.loss_difference",
}
_SIGNED_LOG_ODDS = {
    "explanation.shap.base",
    "explanation.shap.output",
    "explanation.lime.intercept",
    "case.score",
}
_COUNT_COLUMNS = {"n", "positive", "negative", "evaluation", "reference"}
_CURVES = ("explanation.pdp.", "explanation.ale.", "explanation.dependence.")


def format_number(value: float, unit: Unit, *, signed: bool = False) -> str:
    """Print a number.

    Counts are whole; other numbers have three decimals, four below a hundredth, an exponent below a ten-thousandth.
    ``0`` and ``1`` without decimals are exact: ``1.000`` was rounded. Never ``-0``, never an ASCII hyphen for a minus.
    The decimal mark is that of the language spoken.

    Parameters
    ----------
    value : float
        A finite number.
    unit : str
        Unit of the figure.
    signed : bool, default False
        Whether a positive number gets a plus sign.

    Examples
    --------
    >>> format_number(0.5731, "proportion"), format_number(-0.0612, "difference", signed=True)
    ('0.573', '−0.061')
    >>> format_number(2.31e-12, "log-odds"), format_number(1, "ratio"), format_number(0.99999, "ratio")
    ('2.3e−12', '1', '1.000')
    """
    if not math.isfinite(value):
        raise ValueError(f"only finite numbers are printed, got {value}")
    size = abs(value)
    if unit in ("count", "rank"):
        text = _grouped(f"{size:.0f}" if float(size).is_integer() else f"{size:.1f}")
    elif unit == "input":
        text = _significant(size, 6)
    elif unit in ("target", "none"):
        text = _significant(size, 4)
    else:
        text = _decimals(size)
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text.replace(".", spoken().decimal)


def _decimals(size: float) -> str:
    """Three decimals, fewer for big numbers, a fourth below a hundredth; tiny ones with an exponent."""
    if float(size).is_integer() and size < 1e9:
        return _grouped(f"{size:.0f}")
    if size < 0.01:
        return _scientific(size) if size < 1e-4 else f"{size:.4f}".rstrip("0")
    if size >= 1e9:
        return _scientific(size)
    return _grouped(f"{size:.{3 if size < 10 else 2 if size < 100 else 1}f}")


def _significant(size: float, digits: int) -> str:
    """So many significant digits without trailing zeros; whole numbers keep all of theirs."""
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e15:
        return _scientific(size)
    whole = f"{size:.0f}"
    if float(size).is_integer() or len(whole) >= digits:
        return _grouped(whole)
    text = f"{size:.{digits - 1 - math.floor(math.log10(size))}f}"
    return _grouped(text.rstrip("0").rstrip("."))


def _scientific(size: float) -> str:
    mantissa, _, exponent = f"{size:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{MINUS if exponent.startswith('-') else ''}{int(exponent.lstrip('+-'))}"


def _grouped(text: str) -> str:
    whole, point, decimals = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", GROUP)
    return whole + point + decimals


def is_signed(name: str, unit: Unit) -> bool:
    """Whether a figure of this name and unit is printed with its sign."""
    return name in _SIGNED or (unit == "log-odds" and name in _SIGNED_LOG_ODDS)


def figure_number(figure: Figure, field: Field = "value") -> float | None:
    """The number in one field of a figure; None where it has none."""
    number: float | None = getattr(figure, field)
    return number


def figure_text(figure: Figure, field: Field = "value") -> str:
    """The text of one field of a figure.

    Raises
    ------
    ValueError
        If the figure has no number there.
    """
    number = figure_number(figure, field)
    if number is None:
        raise ValueError(f"{figure.id} has no {field}")
    if field in ("n", "events"):
        return format_number(number, "count")
    return format_number(number, figure.unit, signed=is_signed(figure.name, figure.unit))


def point_unit(series: str, column: str) -> Unit:
    """Unit of a column of a series, by its name and the series'."""
    if column in _COUNT_COLUMNS:
        return "count"
    if column == "value" and series.startswith(_CURVES):
        return "input"
    return "target" if series.startswith("performance.predicted_observed") else "score"


def point_text(series: Series, column: str, row: int) -> str:
    """The text of one point of a series; a name is printed as it is."""
    point = series.column(column)[row]
    if point is None or isinstance(point, str):
        return point or ""
    return format_number(point, point_unit(series.id, column))


def data_element(figure: Figure, field: Field = "value") -> Markup:
    """One field of a figure, as HTML that names its place in card.json.

    Raises
    ------
    ValueError
        If the figure has no number there.
    """
    text = figure_text(figure, field)
    exact = canonical(figure_number(figure, field)).decode()
    # Thousands of them on a page: `Markup.format` takes as long as all else that is done for them.
    return Markup(f'<data value="{exact}" data-figure="{escape(figure.id)}" data-field="{field}">{escape(text)}</data>')


def point_element(series: Series, column: str, row: int, *, named: bool = True) -> Markup:
    """One number of a series, as HTML that names its place in card.json.

    Parameters
    ----------
    series : Series
        The series.
    column, row : str, int
        Where the number stands in it.
    named : bool, default True
        Whether the element names the series; False where the table around it does.

    Raises
    ------
    ValueError
        If there is no number at that place.
    """
    point = series.column(column)[row]
    if point is None or isinstance(point, str):
        raise ValueError(f"{series.id} has no number in row {row} of {column}")
    own = f' data-series="{escape(series.id)}"' if named else ""
    exact, text = canonical(point).decode(), escape(point_text(series, column, row))
    return Markup(f'<data value="{exact}"{own} data-column="{escape(column)}" data-row="{row}">{text}</data>')
