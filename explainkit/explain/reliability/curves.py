"""Deletion and insertion: does the output move first when the inputs said to support it most are replaced?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from explainkit.evidence import Measured
from explainkit.explain.reliability.figures import NAME, measured
from explainkit.explain.reliability.setting import Mixer, Setting
from explainkit.figures import Series

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_ROWS, _BEHIND, _STEPS, _ORDERS = 30, 10, 10, 5
_CELLS = 20_000_000  # values held at once


def curves(setting: Setting) -> Measured:
    """Replace inputs by those of background rows in the order of their contributions, and in random orders.

    Deletion starts from the row and replaces first what supports its output most, whose contribution points from the
    base value to it; insertion starts from the background rows and puts back first what has the largest contribution in
    either direction. What is measured is the distance between the mean output and that of the row, as a share of the
    distance when every input is replaced. Deleting what matters first moves the output early (a large area), inserting
    it first brings the output back early (a small area). Of several outputs the largest is looked at.
    """
    rows = setting.sample[setting.draw(len(setting.sample), _ROWS, 25)]
    behind = setting.draw(len(setting.reference), _BEHIND, 26)
    mixer = Mixer.of(setting, rows, behind)
    output = setting.explanation.predictions[rows].argmax(axis=1)
    picked = np.arange(len(rows))
    own = setting.scores(mixer.book.decode(mixer.rows))[picked, output]
    away = (setting.explanation.predictions - setting.explanation.base_values)[rows, output]
    support = setting.explanation.values[rows][picked, :, output] * np.sign(away)[:, None]
    rng = np.random.default_rng([setting.seed, 27])
    chance = [np.argsort(rng.random(support.shape), axis=1) for _ in range(_ORDERS)]
    columns = support.shape[1]
    steps = np.unique(np.rint(np.linspace(0, columns, min(_STEPS, columns) + 1)).astype(int))
    ranked = {
        "deletion": np.argsort(-support, axis=1, kind="stable"),
        "insertion": np.argsort(-np.abs(support), axis=1, kind="stable"),
    }
    found = {
        (way, name): np.mean(
            [_distances(setting, mixer, order, (output, own), steps=steps, way=way) for order in orders], axis=0
        )
        for way in ("deletion", "insertion")
        for name, orders in (("ranked", [ranked[way]]), ("chance", chance))
    }
    far = found["deletion", "ranked"][:, -1]  # with every input replaced
    if far.mean() <= 1e-12:
        return Measured(figures=(measured("deletion.gain", None, len(rows), "no row's output moves"),))
    share = steps / columns
    result = Measured()
    for way in ("deletion", "insertion"):
        mine, random = (found[way, name] / far.mean() for name in ("ranked", "chance"))
        result += _summary(way, share, mine, random)
    return result


def _distances(
    setting: Setting, mixer: Mixer, order: IntArray, whole: tuple[IntArray, FloatArray], *, steps: IntArray, way: str
) -> FloatArray:
    """Distance of the mean output from the row's own after each number of inputs, shape (n_rows, n_steps).

    `whole` is the output looked at of each row, and the row's own.
    """
    output, own = whole
    rank = np.argsort(order, axis=1)  # place of each input in the order
    count, columns = mixer.rows.shape
    found = np.empty((count, len(steps)))
    many = max(1, _CELLS // (len(mixer.behind) * len(steps) * columns))
    for start in range(0, count, many):
        part = slice(start, min(start + many, count))
        placed = rank[part, None, :] < steps[None, :, None]
        kept = ~placed if way == "deletion" else placed
        mixed = np.where(kept[:, :, None, :], mixer.rows[part, None, None, :], mixer.behind[None, None, :, :])
        answers = setting.scores(mixer.book.decode(mixed.reshape(-1, columns)))
        means = answers.reshape(*mixed.shape[:3], -1).mean(axis=2)
        mine = np.take_along_axis(means, output[part, None, None], axis=2)[:, :, 0]
        found[part] = np.abs(mine - own[part, None])
    return found


def _summary(way: str, share: FloatArray, mine: FloatArray, random: FloatArray) -> Measured:
    areas, other = (np.trapezoid(curve, share, axis=1) for curve in (mine, random))
    gain: FloatArray = np.asarray(areas - other if way == "deletion" else other - areas)
    count = len(gain)
    half = 1.96 * float(gain.std(ddof=1)) / np.sqrt(count) if count > 1 else 0.0
    first = "that support the output most" if way == "deletion" else "with the largest contributions"
    side = "above" if way == "deletion" else "below"
    how = (
        f"area under the {way} curve, inputs {first} first, {side} that of {_ORDERS} random "
        f"orders; rows against {_BEHIND} reference rows; interval over rows, normal approximation"
    )
    figure = measured(f"{way}.gain", float(gain.mean()), count, how, half=half)
    series = Series(
        id=f"{NAME}{way}",
        columns=(
            ("share", tuple(float(s) for s in share)),
            ("ranked", tuple(float(v) for v in mine.mean(axis=0))),
            ("random", tuple(float(v) for v in random.mean(axis=0))),
        ),
        method="mean distance of the output from the row's own, over that with every input replaced",
        dataset="evaluation",
        n=count,
    )
    return Measured(figures=(figure,), series=(series,))
