"""Outputs of trees added up as their own library does it: leaf after leaf in the order of the trees, in 64 bits.

Which leaf a row reaches is found without walking: each test that sends a row right strikes out the leaves on its left,
and the first leaf that is left is the one. Tests of many rows are vector instructions, so that a tree of 31 leaves
takes a fraction of the time of a walk (QuickScorer: Lucchese et al., SIGIR 2015, doi:10.1145/2766462.2767733).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from explainkit.explain.tree.compiled import compiled
from explainkit.explain.tree.encoding import encode
from explainkit.explain.tree.ensemble import Ensemble, IntArray
from explainkit.explain.tree.kernel import encode_block

FloatArray = npt.NDArray[np.float64]

MOST_LEAVES = 256
"""Of a tree: in larger ones a walk meets far fewer tests than there are."""
_BLOCK = 512
_WORD = 32
_MOST_WORDS = MOST_LEAVES // _WORD
_EVERY = np.uint32(0xFFFFFFFF)
_MULTIPLIER = 0x077CB531
_BIT = np.zeros(_WORD, dtype=np.int32)
_BIT[[((_MULTIPLIER << bit) & 0xFFFFFFFF) >> 27 for bit in range(_WORD)]] = range(_WORD)
"""Position of the lowest bit of a word, by the upper bits of its product with a de Bruijn sequence."""


class TreeSum:
    """The outputs of an ensemble, for many rows."""

    def __init__(self, ensemble: Ensemble) -> None:
        """
        Parameters
        ----------
        ensemble : Ensemble
            Of trees with at most `MOST_LEAVES` leaves.

        Raises
        ------
        ValueError
            If a tree has more leaves, or a column too many thresholds.
        """
        self._base = ensemble.base
        self._encoding = encode(ensemble).arrays
        self._program = _program(ensemble)

    def __call__(self, matrix: FloatArray) -> FloatArray:
        """Outputs of rows.

        Parameters
        ----------
        matrix : ndarray, shape (n_rows, n_columns)
            Rows as the trees compare them.

        Returns
        -------
        ndarray, shape (n_rows, n_outputs)
        """
        found = np.tile(self._base, (len(matrix), 1))
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        _add_leaves(rows, self._encoding, self._program, _BIT, found)
        return found


def _program(ensemble: Ensemble) -> tuple[Any, ...]:
    """Tests, leaves and what they add, as the compiled loop reads them."""
    first_leaf, leaves = _leaves(ensemble)
    roots = ensemble.starts[:-1]
    words = -(-leaves[roots] // _WORD)
    if leaves[roots].max(initial=0) > MOST_LEAVES:
        raise ValueError(f"a tree has {leaves[roots].max()} leaves")
    inner = np.flatnonzero(ensemble.left >= 0)
    left = ensemble.left[inner]
    begin, end = first_leaf[left], first_leaf[left] + leaves[left]
    low, count = begin // _WORD, (end - 1) // _WORD - begin // _WORD + 1
    test = np.repeat(np.arange(len(inner)), count)  # one step for each word that it strikes out leaves of
    word = low[test] + np.arange(len(test)) - np.repeat(np.cumsum(count) - count, count)
    struck = _bits(np.maximum(begin[test], word * _WORD) - word * _WORD, np.minimum(end[test] - word * _WORD, _WORD))
    node = inner[test]
    code = encode(ensemble)
    outer = np.flatnonzero(ensemble.left < 0)
    tree_of = np.repeat(np.arange(ensemble.trees), np.diff(ensemble.starts))
    outer = outer[np.lexsort((first_leaf[outer], tree_of[outer]))]
    values = ensemble.values[outer]
    leaf_first = np.concatenate([[0], np.cumsum(leaves[roots])]).astype(np.int64)
    fed = np.argwhere(np.logical_or.reduceat(values != 0.0, leaf_first[:-1])).astype(np.int64)
    return (
        np.searchsorted(node, ensemble.starts).astype(np.int64),
        code.node[node],
        code.cut[node].astype(np.uint16),
        word.astype(np.int32),
        ~struck,
        words.astype(np.int64),
        leaf_first,
        np.ascontiguousarray(values.T),
        np.searchsorted(fed[:, 0], np.arange(ensemble.trees + 1)).astype(np.int64),
        np.ascontiguousarray(fed[:, 1]),
    )


def _leaves(ensemble: Ensemble) -> tuple[IntArray, IntArray]:
    """The first leaf below each node, counted from the left in its tree, and how many there are below it."""
    left, right = ensemble.left.tolist(), ensemble.right.tolist()
    count, first = [1] * len(left), [0] * len(left)
    for node in range(len(left) - 1, -1, -1):  # children come after their parent
        if left[node] >= 0:
            count[node] = count[left[node]] + count[right[node]]
    for node, child in enumerate(left):
        if child >= 0:
            first[child] = first[node]
            first[right[node]] = first[node] + count[child]
    return np.array(first, dtype=np.int64), np.array(count, dtype=np.int64)


def _bits(low: IntArray, high: IntArray) -> npt.NDArray[np.uint32]:
    """Words with the bits from `low` up to `high` set."""
    one = np.uint64(1)
    found = (one << high.astype(np.uint64)) - (one << low.astype(np.uint64))
    return found.astype(np.uint32)


@compiled
def _add_leaves(rows: Any, encoding: Any, program: Any, bit: Any, out: Any) -> None:
    """Add the leaves that rows reach to ``out[n_rows, n_outputs]``, tree after tree."""
    step_first, code, cut, word, kept, words, leaf_first, values, fed_first, fed = program
    codes = np.empty((len(encoding[0]), _BLOCK), np.uint16)
    left = np.empty((_MOST_WORDS, _BLOCK), np.uint32)
    leaf = np.empty(_BLOCK, np.int32)
    sums = np.empty((out.shape[1], _BLOCK))
    for start in range(0, len(rows), _BLOCK):
        count = min(_BLOCK, len(rows) - start)
        encode_block(rows, start, count, encoding, codes)
        for k in range(out.shape[1]):
            for r in range(count):
                sums[k, r] = out[start + r, k]
        for t in range(len(words)):
            for w in range(words[t]):
                for r in range(count):
                    left[w, r] = _EVERY
            for s in range(step_first[t], step_first[t + 1]):
                column, mine = codes[code[s]], left[word[s]]
                most, mask = cut[s], kept[s]
                for r in range(count):
                    mine[r] &= mask if column[r] > most else _EVERY
            for w in range(words[t] - 1, -1, -1):
                mine = left[w]
                for r in range(count):
                    lowest = mine[r] & (~mine[r] + np.uint32(1))
                    place = 32 * w + bit[np.uint32(lowest * np.uint32(_MULTIPLIER)) >> np.uint32(27)]
                    leaf[r] = place if lowest else leaf[r]
            for f in range(fed_first[t], fed_first[t + 1]):
                added, total = values[fed[f], leaf_first[t] :], sums[fed[f]]
                for r in range(count):
                    total[r] += added[leaf[r]]
        for k in range(out.shape[1]):
            for r in range(count):
                out[start + r, k] = sums[k, r]
