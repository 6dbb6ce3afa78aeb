"""Our charts against matplotlib's: the same calls give the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType

import matplotlib
import pytest

from explainkit.report import charts, effect_charts, time_charts
from explainkit.report.charts import FULL, Interval, Step
from explainkit.report.effect_charts import Box, Curve
from explainkit.report.language import language_of, speaking
from explainkit.report.ruler import extent, ticks, wide
from tests.report import matplotlib_canvas as referee

_WORDS = ("women", "26 to 40", "Ångström, (gÿ) Á", "a & <b>", "-", "x" * 60, "\u202f1\u202f234", "", "$x$ $y$")
_SCALES = ((0, 1), (-3, 2), (0.5, 1e-4), (12_000_000, 250_000), (-1e-7, 1e-6), (1e5, 0.5), (40, 1e9), (7, 1e-6))
"""What numbers are around, and how far from it."""


class _Draw:
    """Numbers and names for one drawing."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._middle, self._spread = _SCALES[seed % len(_SCALES)]

    def number(self) -> float:
        return self._middle + self._spread * self._random.uniform(-1, 1)

    def numbers(self, count: int) -> list[float]:
        return [self.number() for _ in range(count)]

    def ordered(self, count: int) -> list[float]:
        return sorted(self.numbers(count))

    def some(self, number: float) -> float | None:
        return number if self._random.random() > 0.2 else None

    def word(self) -> str:
        return self._random.choice(_WORDS)

    def count(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def points(self) -> list[tuple[float, float | None]]:
        return [(self.number(), self.some(self._random.random())) for _ in range(self.count(0, 40))]

    def curve(self) -> Curve:
        n = self.count(2, 25)
        gap = tuple(self.numbers(3)) if self._random.random() > 0.5 else None
        return Curve(x=self.ordered(n), mean=self.numbers(n), low=self.numbers(n), high=self.numbers(n), gap=gap)


def _intervals(draw: _Draw) -> bytes:
    rows = [
        Interval(
            name=draw.word(),
            value=draw.some(draw.number()),
            text=draw.word()[:12],
            low=draw.some(draw.number()),
            high=draw.some(draw.number()),
            tone=("plain", "attention", "quiet")[draw.count(0, 2)],
            opens=draw.count(0, 1) == 1,
        )
        for _ in range(draw.count(1, 9))
    ]
    return charts.intervals(rows, line=draw.some(draw.number()), mark=draw.some(draw.number()), axis=draw.word())


def _waterfall(draw: _Draw) -> bytes:
    steps = [Step(name=draw.word(), value=draw.number(), text=draw.word()) for _ in range(draw.count(1, 9))]
    return charts.waterfall(steps, base=(draw.number(), "base"), output=(draw.number(), "row"))


def _curve(draw: _Draw) -> bytes:
    n = draw.count(2, 400)  # so many points that some are left out
    x, y = (sorted(draw._random.random() ** power for _ in range(n)) for power in (1, 0.5))
    return charts.curve(x, y, x_axis=draw.word(), y_axis=draw.word())


def _reliability(draw: _Draw) -> bytes:
    sides = [[draw.some(v) for v in draw.ordered(8)] for _ in range(4)]
    return charts.reliability(*sides, x_axis=draw.word(), y_axis=draw.word(), diagonal=draw.word())


def _histogram(draw: _Draw) -> bytes:
    edges = draw.ordered(12)
    counts = [(draw.word(), [float(draw.count(0, 900)) for _ in range(11)]) for _ in range(draw.count(1, 2))]
    line = (draw.number(), draw.word())
    return charts.histogram(edges[:-1], edges[1:], counts, axis=draw.word(), line=line, width=FULL)


def _swarm(draw: _Draw) -> bytes:
    rows = [(draw.word(), draw.points()) for _ in range(draw.count(1, 9))]
    return charts.swarm(rows, axis=draw.word(), ends=("low", "high"), width=FULL)


def _lines(draw: _Draw) -> bytes:
    n = draw.count(2, 200)
    runs = [(draw.word(), [abs(v) for v in draw.numbers(n)]) for _ in range(draw.count(1, 6))]
    return charts.lines(draw.ordered(n), runs, axis=draw.word(), vertical=draw.word())


def _effect(draw: _Draw) -> bytes:
    n = draw.count(2, 20)
    other = (draw.ordered(n), draw.numbers(n)) if draw.count(0, 1) else None
    curve = draw.curve() if other is None or draw.count(0, 1) else None
    return effect_charts.effect(curve, other, axis=draw.word(), vertical=draw.word())


def _band(draw: _Draw) -> bytes:
    return effect_charts.band(draw.curve(), axis=draw.word(), vertical=draw.word(), mark=draw.some(draw.number()))


def _scatter(draw: _Draw) -> bytes:
    points = [(draw.number(), draw.number(), charts.rank_shade(draw._random.random())) for _ in range(30)]
    words = effect_charts.by_rank(draw.word() or "input")
    return effect_charts.scatter(points, words=words, axis=draw.word(), vertical=draw.word())


def _strips(draw: _Draw) -> bytes:
    rows = [(draw.word(), draw.points()) for _ in range(draw.count(1, 5))]
    return effect_charts.strips(rows, color=charts.rank_shade, words=effect_charts.by_rank("input"), axis=draw.word())


def _boxes(draw: _Draw) -> bytes:
    rows = []
    for _ in range(draw.count(1, 6)):
        low, first, middle, last, high = draw.ordered(5)
        rows.append(Box(name=draw.word(), middle=middle, inner=(first, last), outer=(draw.some(low), high)))
    return effect_charts.boxes(rows, axis=draw.word(), mark=draw.some(draw.number()))


def _over_time(draw: _Draw) -> bytes:
    moments = [
        time_charts.Moment(
            name=f"2024-Q{i}", value=draw.some(draw.number()), low=draw.some(draw.number()), high=draw.number()
        )
        for i in range(draw.count(1, 30))
    ]
    return time_charts.over_time(moments, vertical=draw.word())


_KINDS = (
    _intervals, _waterfall, _curve, _reliability, _histogram, _swarm, _lines, _effect, _band, _scatter, _strips, _boxes,
    _over_time,
)  # fmt: skip


def _refereed(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: tuple[ModuleType, ...] = (charts, effect_charts, time_charts)
    for module in modules:
        monkeypatch.setattr(module, "canvas", referee.Axes)
        monkeypatch.setattr(module, "to_svg", referee.to_svg)
        monkeypatch.setattr(module, "legend", referee.legend, raising=False)


@pytest.mark.filterwarnings("ignore:.*missing from font:UserWarning")
@pytest.mark.parametrize("kind", _KINDS)
def test_matplotlib_draws_the_same(kind: Callable[[_Draw], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    tongues = [language_of({"card": {"language": tag}}) for tag in ("en", "de")]
    seeds = range(len(_SCALES))
    ours = []
    for seed in seeds:
        with speaking(tongues[seed % 2]):
            ours.append(kind(_Draw(seed)).decode().splitlines())
    _refereed(monkeypatch)
    for seed, drawn in zip(seeds, ours, strict=True):
        with speaking(tongues[seed % 2]):
            assert kind(_Draw(seed)).decode().splitlines() == drawn, seed


def test_the_settings_of_a_user_change_no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> tuple[object, object]:
        extent.cache_clear()
        return extent("Women"), ticks(12_000_000.5, 12_000_001.5), ticks(-1e7, 1e7)

    before = drawn()
    for key, value in (
        ("axes.formatter.useoffset", False),
        ("axes.formatter.limits", [-1, 1]),
        ("axes.unicode_minus", False),
        ("axes.formatter.use_locale", True),
    ):
        monkeypatch.setitem(matplotlib.rcParams, key, value)
    assert drawn() == before
    assert matplotlib.rcParams["axes.unicode_minus"] is False


def test_a_scale_of_one_number_has_two_ends() -> None:
    low, high = wide(3.0, 3.0)
    assert low < 3.0 < high
