"""The small print below tables: what several figures have in common is said once."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.phrases import methods, period_name
from explainkit.report.sections.changed_inputs import _in_common
from tests.assess.leakage.test_findings import text

RESAMPLED = "; in this sample, which was resampled"


def figure(place: int, method: str) -> Figure:
    return Figure(
        id=f"performance.custom[metric=m{place}]", value=1.0, method=method, unit="score", dataset="evaluation"
    )


def test_that_the_sample_was_resampled_is_said_once():
    said = ["count", f"area{RESAMPLED}", f"mean{RESAMPLED}; Wald interval", f"area{RESAMPLED}"]
    found = text(methods([figure(i, method) for i, method in enumerate(said)]))
    assert found == "count · in this sample, which was resampled: area · mean; Wald interval"
    assert text(methods([figure(0, said[0]), figure(1, said[1])])) == f"count · {said[1]}"


def test_what_differs_from_row_to_row_is_not_said_of_all():
    figures = [figure(i, f"same rows; set to the {end}; Wilson") for i, end in enumerate(("highest", "lowest"))]
    assert text(_in_common([*figures, None])) == "same rows; Wilson"
    assert text(_in_common([None])) == ""


def test_names_of_the_calendar_are_left_as_they_are():
    names = ("2024-Q3", "before 2025-01-01", "from 2025-01-01", "2024-Q1 to 2024-Q3", "until 2024-12-31")
    assert [period_name(name) for name in names] == list(names)
