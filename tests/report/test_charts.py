"""Drawings: what they show lies where the numbers say, and they can stand in any page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from explainkit.report import charts
from explainkit.report.charts import Interval, Step
from explainkit.report.svg import Stroke, Words, line, svg

_SVG = "{http://www.w3.org/2000/svg}"
_NAMES = ("women <b>$x_1$</b>", "26 to 40", "عربي 漢字 🙂", 'a "b" & c')


def _drawings() -> dict[str, bytes]:
    x = [i / 40 for i in range(41)]
    bins = [i / 10 for i in range(10)]
    rows = [Interval(name=n, value=0.5 + 0.1 * i, low=0.4, high=1.2, text="0.5") for i, n in enumerate(_NAMES)]
    points = [(0.1 * i - 1, None if i % 5 == 0 else i / 20) for i in range(20)]
    return {
        "intervals": charts.intervals(rows, line=1.0, mark=0.8, axis="impact ratio, 95 % interval"),
        "waterfall": charts.waterfall(
            [Step(name=n, value=(-0.3) ** i, text="+1") for i, n in enumerate(_NAMES)],
            base=(0.2, "base"),
            output=(1, "row"),
        ),
        "curve": charts.curve(x, [v**0.5 for v in x], x_axis="false", y_axis="true"),
        "reliability": charts.reliability(x, x, x, x, x_axis="score", y_axis="share", diagonal="equal"),
        "histogram": charts.histogram(
            bins,
            [b + 0.1 for b in bins],
            [(_NAMES[0], list(range(10))), ("other", [3] * 10)],
            axis="score",
            line=(0.5, "at"),
        ),
        "swarm": charts.swarm([(n, points) for n in _NAMES], axis="value", ends=("low", "high"), width=charts.FULL),
        "lines": charts.lines(
            bins, [(n, [i * b for b in bins]) for i, n in enumerate(_NAMES, 1)], axis="a", vertical="b"
        ),
    }


@pytest.fixture(scope="module")
def drawings() -> dict[str, bytes]:
    """One of each kind, with names that are hard to draw."""
    return _drawings()


def test_drawings_hold_paths_and_text_alone(drawings: dict[str, bytes]) -> None:
    for name, data in drawings.items():
        root = ElementTree.fromstring(data)
        assert {e.tag.removeprefix(_SVG) for e in root} == {"path", "text"}, name
        assert root.attrib["data-text"] == "tick"
        for element in root:
            assert not {"style", "id", "class", "href"} & set(element.attrib), name


def test_names_stay_text(drawings: dict[str, bytes]) -> None:
    for kind in ("intervals", "waterfall", "swarm", "lines"):
        texts = {"".join(e.itertext()) for e in ElementTree.fromstring(drawings[kind])}
        assert set(_NAMES) <= texts, kind


def test_the_same_drawing_is_the_same_bytes(drawings: dict[str, bytes]) -> None:
    assert _drawings() == drawings


def test_drawings_stay_small(drawings: dict[str, bytes]) -> None:
    assert max(map(len, drawings.values())) < 12_000


def test_points_lie_where_the_values_say() -> None:
    values = (0.25, 0.5, 1.0, 0.75)
    drawn = charts.intervals([Interval(name="x", value=v, text="") for v in values], axis="a").decode()
    places = [float(x) for x in re.findall(r"M(-?[\d.]+) ?-?[\d.]+h0", drawn)]
    assert len(places) == len(values)
    scale = (places[2] - places[0]) / (values[2] - values[0])
    assert scale > 0
    for value, place in zip(values, places, strict=True):
        assert place == pytest.approx(places[0] + scale * (value - values[0]), abs=0.02)


def test_the_bars_of_a_waterfall_join() -> None:
    steps = [Step(name=str(i), value=v, text="") for i, v in enumerate((1.0, -0.5, 2.0, -0.25))]
    drawn = charts.waterfall(steps, base=(1.0, "base"), output=(3.25, "row"))
    bars = []
    for element in ElementTree.fromstring(drawn):
        if element.attrib.get("fill") in (charts.DEEP, charts.PALE) and element.tag == _SVG + "path":
            xs = [float(x) for x in re.findall(r"[ML](-?[\d.]+)", element.attrib["d"])]
            bars.append((min(xs), max(xs)))
    assert len(bars) == 4
    per_unit = bars[0][1] - bars[0][0]
    assert [round((b - a) / per_unit, 2) for a, b in bars] == [1.0, 0.5, 2.0, 0.25]
    assert bars[1][1] == pytest.approx(bars[0][1], abs=0.02)
    assert bars[2][0] == pytest.approx(bars[1][0], abs=0.02)
    assert bars[3][1] == pytest.approx(bars[2][1], abs=0.02)


def test_attention_is_orange_and_the_reference_hollow() -> None:
    rows = [
        Interval(name="a", value=0.5, text="0.5", tone="attention"),
        Interval(name="b", value=1, text="reference", tone="quiet"),
    ]
    drawn = charts.intervals(rows, axis="a").decode()
    assert f'stroke="{charts.WARN}"' in drawn
    assert 'stroke="#ffffff"' in drawn


def test_a_value_that_is_not_known_draws_no_point() -> None:
    drawn = charts.intervals([Interval(name="a", value=None, text="suppressed")], axis="a").decode()
    assert "suppressed" in drawn
    assert "h0" not in drawn


def test_lines_of_one_look_are_one_path_and_areas_stay_apart() -> None:
    thin, thick, area = {"fill": "none", "stroke": "#000"}, {"fill": "none", "stroke": "#111"}, {"fill": "#000"}
    words = Words(text="a", x=1, y=2, looks={})
    parts = [
        Stroke(line([(0, 0), (3, 1)]), thin),
        words,
        Stroke(line([(0, 0), (4, -1)]), thin),
        *2 * [Stroke(line([(0, 0), (1, 0), (1, 1)]) + "z", area)],
        Stroke(line([(5, 5), (5, 5)]), thick),
        Stroke(line([(-0.001, 0.125), (0, 2.5)]), thick),
    ]
    drawn = svg(parts, width=9, height=9, size=7).decode()
    assert re.findall(r'd="([^"]+)"', drawn) == [
        "M0 0L3 1M0 0L4-1",
        *2 * ["M0 0L1 0L1 1z"],
        "M5 5h0M0 0.12L0 2.5",
    ]
