"""Charts of gaps at other thresholds: drawn from what the series says, with its numbers beside."""

from __future__ import annotations

from dataclasses import replace

from explainkit.evidence import Column
from explainkit.figures import Series
from explainkit.report.card import Beside, Group
from explainkit.report.reader import Reader
from explainkit.report.sections import fairness_curves


def test_a_chart_for_each_series_with_its_data(evidence):
    evidence = replace(evidence, columns=(Column(name="g", kind="text", roles=("sensitive",)),))
    gaps = Series(
        id="fairness.gap_by_threshold[column=g]",
        columns=(
            ("threshold", (0.1, 0.5, 0.9)),
            ("difference", (0.02, 0.2, 0.01)),
            ("low", (0.0, 0.1, 0.0)),
            ("high", (0.1, 0.3, None)),
            ("lowest", ("a", "a", "b")),
        ),
        method="as said",
        dataset="evaluation",
        n=90,
    )
    (group,) = fairness_curves.blocks(Reader(replace(evidence, series=(gaps,))))
    assert isinstance(group, Group)
    (beside,) = group.blocks
    assert isinstance(beside, Beside)
    (chart,) = beside.left
    assert chart.data is not None
    assert len(chart.data.rows) == 3
    assert b"<svg" in chart.svg


def test_nothing_without_a_series(evidence):
    assert fairness_curves.blocks(Reader(replace(evidence, series=()))) == ()
