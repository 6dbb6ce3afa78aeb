"""Charts of spreads, segments and missing values: drawn from the evidence, with its numbers beside."""

from __future__ import annotations

from dataclasses import replace

from explainkit.evidence import Column
from explainkit.figures import Figure, Series
from explainkit.report.card import Beside, Chart, Group, Table
from explainkit.report.reader import Reader
from explainkit.report.sections import data, score_spread, slices


def test_a_row_for_each_group_with_its_data(evidence):
    columns = (
        ("group", ("a", "b")),
        ("n", (30, 90)),
        ("q05", (None, 0.1)),
        ("q25", (0.2, 0.2)),
        ("q50", (0.5, 0.4)),
        ("q75", (0.7, 0.8)),
        ("q95", (None, 0.9)),
    )
    series = Series(id="fairness.score_quantiles[column=g]", columns=columns, method="as said", n=120)
    evidence = replace(
        evidence, columns=(Column(name="g", kind="text", roles=("sensitive",)),), series=(series,), threshold=">=0.5"
    )
    (group,) = score_spread.blocks(Reader(evidence))
    assert isinstance(group, Group)
    (beside,) = group.blocks
    assert isinstance(beside, Beside)
    (chart,) = beside.left
    assert isinstance(chart, Chart)
    assert chart.data is not None
    assert len(chart.data.rows) == 2
    assert chart.svg.count(b">a<") == chart.svg.count(b">b<") == 1
    assert score_spread.blocks(Reader(replace(evidence, series=()))) == ()


def test_segments_are_drawn_from_two_on(evidence):
    def found(number: int) -> tuple[Figure, ...]:
        key = f"[slice={number}]"
        return (
            Figure(id=f"slice.error{key}", value=0.4, unit="proportion", reason=f"x is {number}", n=50),
            Figure(id=f"slice.difference{key}", value=0.1, low=0.05, high=0.2, level=0.95, unit="difference"),
        )

    one, two = (replace(evidence, figures=tuple(f for i in range(1, k + 1) for f in found(i))) for k in (1, 2))
    kinds = [[b.kind for b in slices.blocks(Reader(e))[0].blocks] for e in (one, two)]
    assert kinds == [["paragraph", "table"], ["paragraph", "chart", "table"]]


def test_missing_values_are_drawn_where_there_are_any(evidence):
    columns = (Column(name="x", kind="number", roles=("feature",)), Column(name="z", kind="number", roles=("feature",)))

    def card(missing: int):
        figures = (
            Figure(id="data.missing[column=x]", value=missing, n=60, unit="count"),
            Figure(id="data.missing[column=z]", value=0, n=60, unit="count"),
        )
        made = data.section(replace(evidence, figures=figures, columns=columns))
        (group,) = [b for b in made.blocks if isinstance(b, Group) and any(isinstance(x, Table) for x in b.blocks)]
        return [b for b in group.blocks if isinstance(b, Chart)]

    assert card(0) == []
    (chart,) = card(15)
    assert b">x<" in chart.svg
    assert b">z<" not in chart.svg
