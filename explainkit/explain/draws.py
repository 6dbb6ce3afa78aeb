"""Seeded draws of rows: every sample of the stage is made here, each from a stream of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def draw(count: int, most: int, seed: int | Sequence[int], stream: int) -> npt.NDArray[np.intp]:
    """Positions of at most `most` of `count` rows, without replacement, in ascending order.

    Parameters
    ----------
    count, most : int
        How many rows there are, and how many are wanted.
    seed : int or sequence of int
        The plan's seed.
    stream : int
        Number of the draw, so that no two draws hang together.
    """
    if count <= most:
        return np.arange(count)
    entropy = [seed, stream] if isinstance(seed, int) else [*seed, stream]
    return np.sort(np.random.default_rng(entropy).choice(count, size=most, replace=False))
