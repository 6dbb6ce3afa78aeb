"""In which sections of a card the figures are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from explainkit.report.card import Beside, Block, Chart, Facts, Group, Items, Number, Paragraph, Parts, Section, Table

Places = Mapping[str, tuple[str, ...]]
"""Ids of the sections in which figures are printed, by name of the figures."""


def places(sections: Iterable[Section]) -> Places:
    """Sections by the names of the figures printed in them, each once and in order."""
    found: dict[str, dict[str, None]] = {}
    for section in sections:
        for parts in _texts(section.blocks):
            for part in parts:
                if isinstance(part, Number):
                    found.setdefault(part.figure.name, {})[section.id] = None
    return {name: tuple(ids) for name, ids in found.items()}


def _texts(blocks: Iterable[Block]) -> Iterator[Parts]:
    """Every run of text and numbers in blocks."""
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block.parts
        elif isinstance(block, Items):
            yield from block.items
        elif isinstance(block, Facts):
            yield from (meaning for _, meaning in block.pairs)
        elif isinstance(block, Table):
            yield from (cell for row in block.rows for cell in row.cells)
        elif isinstance(block, Chart):
            yield block.caption
            yield from _texts(() if block.data is None else (block.data,))
        elif isinstance(block, Group):
            yield block.title
            yield from _texts(block.blocks)
        elif isinstance(block, Beside):
            yield from _texts(block.left + block.right)
