"""Pages in fewer bytes: the same elements, texts and numbers, and what is read of them is what was meant."""

from __future__ import annotations

import re

import pytest

from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.compact import compact
from explainkit.report.templating import document
from explainkit.sign.content import unlike_card
from tests.report import examples
from tests.report.number_check import Element, Page, place_of

ROC = "performance.roc_curve"


def test_elements_texts_and_numbers_stay(evidence: Evidence) -> None:
    page = document(build(evidence), medium="screen", style="", policy=None)
    short = compact(page)
    assert len(short) < 0.93 * len(page)
    before, after = Page(page.encode()), Page(short.encode())
    assert after.problems == []
    assert [e.tag for e in after.elements] == [e.tag for e in before.elements]
    assert [_above(e) for e in after.elements] == [_above(e) for e in before.elements]
    assert [_said(e) for e in after.named("data")] == [_said(e) for e in before.named("data")]
    words = [[text.split() for _, text in one.texts if text.strip()] for one in (before, after)]
    assert words[0] == words[1]
    assert unlike_card(short.encode(), evidence) == unlike_card(page.encode(), evidence) == ()


def _above(element: Element) -> list[str]:
    return [e.tag for e in element.ancestors()]


def _said(element: Element) -> tuple[str | None, ...]:
    given = element.attributes
    if "data-figure" in given:
        return given["value"], given["data-figure"], given.get("data-field", "value")
    return given["value"], *place_of(element)


def test_numbers_of_two_series_in_one_table_are_told_by_the_heads(evidence: Evidence) -> None:
    page = Page(compact(document(build(evidence), medium="screen", style="", policy=None)).encode())
    points = [e for e in page.named("data") if "data-figure" not in e.attributes]
    assert points or evidence.name == "iris"  # which has no series on its page
    for point in points:
        if {"td", "th"} & {e.tag for e in point.ancestors()}:
            assert list(point.attributes) == ["value"]


POINT = '<data value="0.5" data-series="s" data-column="x" data-row="{}">0.5</data>'
OTHER = '<data value="0.5" data-series="s" data-column="y" data-row="{}">0.5</data>'
HEAD = "<thead><tr>\n<th>a</th>\n<th>b</th>\n</tr></thead>"


def _table(rows: str, head: str = HEAD) -> str:
    return f"<body><table>{head}<tbody>{rows}</tbody></table>"


@pytest.mark.parametrize(
    ("page", "left"),
    [
        (_table(f"<tr><th>p</th><td>{POINT.format(0)}</td></tr>"), 1),
        (_table(f"<tr><th>{OTHER.format(3)}</th><td>{POINT.format(3)}</td></tr>"), 2),
        # two columns of a series below one head, and two rows in one row
        (_table(f"<tr><th>{POINT.format(0)}</th></tr><tr><th>{OTHER.format(1)}</th></tr>"), 0),
        (_table(f"<tr><th>{POINT.format(0)} {OTHER.format(1)}</th></tr>"), 0),
        # no plain grids
        (_table(f'<tr><td colspan="2">{POINT.format(0)}</td></tr>'), 0),
        (_table(f"<tr><td>{POINT.format(0)}</td></tr>", HEAD + HEAD), 0),
        (_table(f"<tr><td>{POINT.format(0)}</td></tr>", HEAD.replace("<tr>", "<tr><th>c</th></tr><tr>")), 0),
        (_table(f"<tr><td>{POINT.format(0)}</td></tr>", ""), 0),
        (_table(f"<tr><td></td><td></td><td>{POINT.format(0)}</td></tr>"), 0),
        (_table(f"<tr><td>{_table(f'<tr><td>{POINT.format(0)}</td></tr>')[6:]}</td></tr>"), 0),
    ],
)
def test_only_plain_grids_tell_places_once(page: str, left: int) -> None:
    made = compact(page)
    heads = re.findall(r'<th data-series="s" data-column="[xy]">', made)
    assert len(heads) == left
    assert [_said(e) for e in Page(made.encode()).named("data")] == [
        _said(e) for e in Page(page.encode()).named("data")
    ]


def test_styles_and_scripts_stay_as_their_digests_say() -> None:
    head = '<style>a::after{content:"</td> <td>"}</style><script>const a = \'<code data-text="label">\'</script>'
    assert compact(f"{head}<body></body>") == f"{head}<body></body>"


GRID = (
    "<table><thead><tr><th data-series='{roc}' data-column='false_positive_rate'>a"
    "<th data-series='{roc}' data-column='true_positive_rate'>b</thead>"
    "<tbody><tr data-row='1'><th><data value='{x}'>a</data><td><data value='{y}'>b</data></table>"
)


def _grid() -> tuple[str, Evidence]:
    evidence = examples.credit()
    curve = next(s for s in evidence.series if s.id == ROC)
    x, y = (curve.column(name)[1] for name in ("false_positive_rate", "true_positive_rate"))
    assert x != y
    return GRID.format(roc=ROC, x=x, y=y), evidence


def test_places_told_around_a_number_are_read() -> None:
    grid, evidence = _grid()
    assert unlike_card(grid.encode(), evidence) == ()
    # What is nearer counts: the number before its row, the row before the head, the head before the table.
    nearer = grid.replace("data-row='1'", "data-row='7'").replace("<data ", "<data data-row='1' ")
    nearer = nearer.replace("<table>", "<table data-series='x' data-column='y' data-row='5'>")
    assert unlike_card(nearer.encode(), evidence) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("data-row='1'", "data-row='2'"),
        ("data-row='1'", "data-row='01'"),
        ("data-row='1'", "data-row"),
        ("data-row='1'", ""),
        ("data-row='1'", "data-row='2' data-row='1'"),  # browsers take the first
        ("data-column='false", "data-column='true"),
        (" data-column='false_positive_rate'", ""),
        ("<th><data", "<td></td><th><data"),  # one column further
        ("<th><data", "<data"),  # in no cell
        ("<th><data", "<th colspan='2'><data"),  # heads no longer stand above by count
        ("<tbody>", "<tbody><tr><td rowspan='2'></td></tr>"),
        ("<thead><tr>", "<thead><tr><th>above<tr>"),
        ("<thead>", "<tbody>"),
        ("<tbody>", "</table><tbody>"),
        ("<th><data", "<th><table></table><data"),
        ("<table>", ""),
        ("<table>", "<table><thead><tr><th data-column='x'></thead>"),
        ("<tbody><tr data-row='1'>", "<tbody data-row='1'><tr>"),
    ],
)
def test_places_told_wrong_are_found(before: str, after: str) -> None:
    grid, evidence = _grid()
    assert before in grid
    assert unlike_card(grid.replace(before, after, 1).encode(), evidence) != ()


def test_a_number_without_a_field_is_the_value_of_its_figure() -> None:
    evidence = examples.credit()
    auc = next(f for f in evidence.figures if f.id == "performance.roc_auc")
    page = "<data value='{}' data-figure='performance.roc_auc'>a</data>"
    assert unlike_card(page.format(auc.value).encode(), evidence) == ()
    assert auc.low != auc.value
    assert "performance.roc_auc, value" in unlike_card(page.format(auc.low).encode(), evidence)[0]
