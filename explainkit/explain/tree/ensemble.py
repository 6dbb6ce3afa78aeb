"""The common form of all tree ensembles: nodes in flat arrays, tests in the arithmetic of the model's own library."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
T = TypeVar("T")

NAN_GOES = 0
"""A missing value goes where `Ensemble.default_left` says."""
ZERO_GOES = 1
"""So does a zero (LightGBM's ``zero_as_missing``: an absolute value of at most `ZERO`)."""
NAN_IS_ZERO = 2
"""A missing value is compared as 0."""

ZERO = float(np.float32(1e-35))
"""Largest size of a number that LightGBM takes for zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Ensemble:
    """A sum of trees: ``output[k] = base[k] + Σ leaf values[leaf, k]`` over the leaf that a row reaches in each tree.

    Node i of any tree is a leaf where ``left[i] < 0``. A row goes left at an inner node

    - with a threshold: when its value (rounded to 32 bits first where `float32`) is ``<= threshold[i]``;
    - with categories: when ``int(value)`` is one of the node's set, else right (a library that sends its set right has
      its children exchanged; one that takes an unknown category for missing gets it as NaN);
    - with a missing value (see `missing`): as `default_left` says.

    Children come after their parent. Arrays are read-only.
    """

    starts: IntArray
    """First node of each tree, and the number of nodes at the end; shape (n_trees + 1,)."""
    left: IntArray
    """Left child, −1 at a leaf; shape (n_nodes,), as all that follow."""
    right: IntArray
    """Right child, −1 at a leaf."""
    column: IntArray
    """Column tested, −1 at a leaf."""
    threshold: FloatArray
    """Largest value that goes left; a strict test ``x < t`` is stored as ``x <= the next smaller number``."""
    missing: IntArray
    """`NAN_GOES`, `ZERO_GOES` or `NAN_IS_ZERO`."""
    default_left: npt.NDArray[np.bool_]
    """Whether a missing value goes left."""
    categories: IntArray
    """Index into `sets` of a categorical test, else −1."""
    sets: tuple[IntArray, ...]
    """Categories that go left, each sorted."""
    values: FloatArray
    """Value of each leaf for each output, shape (n_nodes, n_outputs), learning rate and averaging included; 0 at inner
    nodes."""
    cover: FloatArray
    """Training weight that passed each node, as the library recorded it; 0 at every node where it recorded none."""
    base: FloatArray
    """What the sum starts from, shape (n_outputs,)."""
    columns: int
    """Number of columns of the matrix."""
    float32: bool
    """Whether the library rounds the matrix to 32 bits before it compares."""

    def __post_init__(self) -> None:
        nodes = len(self.left)
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        for name in ("right", "column", "threshold", "missing", "default_left", "categories", "values", "cover"):
            if len(getattr(self, name)) != nodes:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {nodes} nodes")
        inner = np.flatnonzero(self.left >= 0)
        if len(inner) and (self.left[inner] <= inner).any() | (self.right[inner] <= inner).any():
            raise ValueError("a child comes before its parent")
        if len(inner) and not ((self.column[inner] >= 0) & (self.column[inner] < self.columns)).all():
            raise ValueError("a test on a column that does not exist")

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    @property
    def knows_cover(self) -> bool:
        """Whether the trees recorded their training rows, without which no value can be path-dependent."""
        return not len(self.cover) or bool(self.cover.any())

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.values.shape[1])

    def take(self, trees: IntArray) -> Ensemble:
        """Some of the trees, with a base of 0; all of them are the ensemble itself.

        Parameters
        ----------
        trees : ndarray of int
            Which, in ascending order.
        """
        if len(trees) == self.trees:
            return self
        sizes = np.diff(self.starts)[trees]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        shift = np.repeat(self.starts[trees] - starts[:-1], sizes)
        nodes = np.arange(len(shift)) + shift
        moved = {name: getattr(self, name)[nodes] - shift for name in ("left", "right")}
        for name in moved:
            moved[name][getattr(self, name)[nodes] < 0] = -1
        return replace(
            self,
            starts=starts,
            **moved,
            **{n: getattr(self, n)[nodes] for n in ("column", "threshold", "missing", "default_left", "categories")},
            values=self.values[nodes],
            cover=self.cover[nodes],
            base=np.zeros(self.outputs),
        )

    def outputs_of(self, outputs: list[int]) -> Ensemble:
        """The same trees with some of the outputs."""

        def chosen() -> Ensemble:
            return replace(self, values=np.ascontiguousarray(self.values[:, outputs]), base=self.base[outputs])

        return remembered(self, ("outputs", *outputs), chosen)


_KNOWN: WeakKeyDictionary[Ensemble, dict[Hashable, Any]] = WeakKeyDictionary()


def remembered(ensemble: Ensemble, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` returns, made once for each ensemble and key, and forgotten with the ensemble."""
    known = _KNOWN.setdefault(ensemble, {})
    if key not in known:
        known[key] = make()
    found: T = known[key]
    return found
