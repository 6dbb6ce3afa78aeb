"""Drawings of effects: what they show lies where the numbers say."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from explainkit.report import charts, effect_charts
from explainkit.report.effect_charts import Curve

_SVG = "{http://www.w3.org/2000/svg}"
_NAMES = ("women <b>$x_1$</b>", "26 to 40", "عربي 漢字 🙂", 'a "b" & c')
_X = [float(i) for i in range(10)]
_CURVE = Curve(x=_X, mean=[v / 10 for v in _X], low=[v / 10 - 0.1 for v in _X], high=[1.0] * 10, gap=(0.3, 0.2, 0.5))


def _drawings() -> dict[str, bytes]:
    marks = [(0.1 * i - 1, None if i % 5 == 0 else float(i % 3)) for i in range(20)]
    words = [(c, n) for c, n in zip(effect_charts.GROUPS, _NAMES, strict=False)]
    return {
        "effect": effect_charts.effect(_CURVE, (_X, _X), axis=_NAMES[0], vertical="mean", ends=(-1, 10)),
        "accumulated": effect_charts.effect(None, (_X, _X), axis=_NAMES[0], vertical="mean"),
        "scatter": effect_charts.scatter(
            [(float(i), i * i, charts.rank_shade(i / 9)) for i in range(10)],
            words=effect_charts.by_rank(_NAMES[1]),
            axis=_NAMES[0],
            vertical="value",
        ),
        "strips": effect_charts.strips(
            [*((n, marks) for n in _NAMES), ("none", [])],
            color=lambda m: effect_charts.OTHER if m is None else effect_charts.GROUPS[int(m)],
            words=words,
            axis="value",
        ),
    }


@pytest.fixture(scope="module")
def drawings() -> dict[str, bytes]:
    """One of each kind, with names that are hard to draw."""
    return _drawings()


def test_drawings_hold_paths_and_text_alone_and_stay_small(drawings: dict[str, bytes]) -> None:
    for name, data in drawings.items():
        root = ElementTree.fromstring(data)
        assert {e.tag.removeprefix(_SVG) for e in root} == {"path", "text"}, name
        assert len(data) < 12_000
        for element in root:
            assert not {"style", "id", "class", "href"} & set(element.attrib), name


def test_the_same_drawing_is_the_same_bytes(drawings: dict[str, bytes]) -> None:
    assert _drawings() == drawings


def test_names_and_legends_stay_text(drawings: dict[str, bytes]) -> None:
    texts = {k: {"".join(e.itertext()) for e in ElementTree.fromstring(d)} for k, d in drawings.items()}
    assert {_NAMES[0], "mean", "missing", "partial dependence", "accumulated (dashed)"} <= texts["effect"]
    assert not {"missing", "partial dependence"} & texts["accumulated"]
    assert {*_NAMES, "none"} <= texts["strips"]
    assert {"low 26 to 40", "high 26 to 40"} <= texts["scatter"]


def test_the_curve_runs_through_its_numbers(drawings: dict[str, bytes]) -> None:
    lines = [
        e.attrib["d"]
        for e in ElementTree.fromstring(drawings["effect"])
        if e.attrib.get("stroke") == charts.DEEP and e.attrib.get("stroke-width") == "1.5"
    ]
    (line,) = lines
    numbers = [float(v) for v in re.findall(r"-?[\d.]+", line)]
    x, y = numbers[::2], numbers[1::2]
    # A straight line may be drawn by its ends alone.
    assert (y[-1] - y[0]) < 0
    (dashed,) = (
        e.attrib["d"]
        for e in ElementTree.fromstring(drawings["effect"])
        if "stroke-dasharray" in e.attrib and e.attrib.get("stroke") == charts.INK
    )
    other = [float(v) for v in re.findall(r"-?[\d.]+", dashed)]
    assert (other[0], other[-2]) == (x[0], x[-1])
    # The dashed line rises by 9, the other by 0.9, on one scale.
    assert (other[-1] - other[1]) / (y[-1] - y[0]) == pytest.approx(10, rel=0.02)


def test_points_lie_where_the_values_say() -> None:
    places = [(0.0, 1.0), (2.0, 0.5), (4.0, -1.0)]
    drawn = effect_charts.scatter([(x, y, "#123456") for x, y in places], words=(), axis="a", vertical="b").decode()
    (path,) = re.findall(r'd="([^"]+)"[^>]*stroke="#123456"', drawn)
    found = [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) ?(-?[\d.]+)h0", path)]
    across = (found[2][0] - found[0][0]) / 4
    up = (found[2][1] - found[0][1]) / -2
    assert across > 0
    assert up < 0
    for (x, y), (a, b) in zip(places, found, strict=True):
        assert a == pytest.approx(found[0][0] + across * x, abs=0.02)
        assert b == pytest.approx(found[0][1] + up * (y - 1), abs=0.02)
