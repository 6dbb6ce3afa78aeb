"""A document in Markdown (GitHub's flavour), for pages that show nothing else. Charts are told by their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explainkit.report import card as blocks_of
from explainkit.report.card import (
    Beside,
    Block,
    Break,
    Card,
    Chart,
    Facts,
    Group,
    Inline,
    Items,
    Label,
    Link,
    Mark,
    Number,
    Paragraph,
    Parts,
    Point,
    Table,
    Tile,
    Tiles,
    Words,
)
from explainkit.report.language import say, speaking
from explainkit.report.numbers import figure_text, point_text
from explainkit.report.text import printable

_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&#])")
_AT_START = re.compile(r"^(\d*)([.)+-](?=\s|$)|[-=](?=[-=\s]*$))")
"""What makes a list, a heading or a rule at the beginning of a line."""
_EDGES = re.compile(r"^(\s*)(.*?)(\s*)$", re.DOTALL)


def render_markdown(card: Card) -> str:
    """Title, page one and sections of a card.

    Parameters
    ----------
    card : Card
        Any document made of blocks.

    Returns
    -------
    str
        The same card gives the same text.
    """
    with speaking(card.language):
        runs = [f"# {escaped(card.title)}", *_blocks(card.front, card, depth=2)]
        for section in card.sections:
            runs += [f"## {section.number} {escaped(section.title)}", *_blocks(section.blocks, card, depth=3)]
    return "\n\n".join(runs) + "\n"


def escaped(text: str) -> str:
    """Text from outside as one line that means nothing but itself."""
    return _at_start(_MARKUP.sub(r"\\\1", printable(text).strip()))


def _at_start(line: str) -> str:
    return _AT_START.sub(r"\1\\\2", line)


def _blocks(blocks: tuple[Block, ...], card: Card, *, depth: int) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Group):
            yield f"{'#' * depth} {_inline(block.title, card)}"
            yield from _blocks(block.blocks, card, depth=depth + 1)
        elif isinstance(block, Beside):
            yield from _blocks(block.left + block.right, card, depth=depth)
        elif isinstance(block, Table):
            yield from _table(block, card)
        elif isinstance(block, Chart):
            yield _inline(block.caption, card) or escaped(block.alt)
            yield from _table(block.data, card) if block.data is not None else ()
        elif isinstance(block, blocks_of.Statement):
            yield _statement(block, card)
        else:
            yield _simple(block, card)


def _simple(block: Paragraph | Items | Facts | Tiles, card: Card) -> str:
    if isinstance(block, Paragraph):
        text = _inline(block.parts, card)
        return f"> {text}" if block.style == "alert" else text
    if isinstance(block, Items):
        lines = [_inline(item, card) for item in block.items]
    elif isinstance(block, Facts):
        lines = [f"{_inline(term, card)}: {_inline(meaning, card)}" for term, meaning in block.pairs]
    else:
        lines = [_tile(tile, card) for tile in block.tiles]
    return "\n".join(f"- {line}" for line in lines)


def _tile(tile: Tile, card: Card) -> str:
    ends, note = _inline(tile.interval, card), _inline(tile.note, card)
    value = f"{_inline(tile.title, card)}: {_inline(tile.value, card)}"
    return value + (f" ({ends})" if ends else "") + (f"; {note}" if note else "")


def _table(table: Table, card: Card) -> Iterator[str]:
    if table.caption:
        yield _inline(table.caption, card)
    lines = [
        [_inline(column.title, card) for column in table.columns],
        ["---:" if column.align == "right" else "---" for column in table.columns],
        *([_inline(cell, card) for cell in row.cells] for row in table.rows),
    ]
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    if table.source:
        yield _inline(table.source, card)


def _statement(block: blocks_of.Statement, card: Card) -> str:
    role = f"{block.role}, {say('required')}" if block.required else block.role
    lines = [f"**{escaped(block.question)}** ({escaped(role)})", ""]
    if block.answer is None:
        lines.append(f"> **{escaped(say('NOT PROVIDED'))}**")
    else:
        # A line end within an answer stays one.
        answer = printable(block.answer, lines=True).split("\n")
        lines += ["> " + "<br>\n> ".join(escaped(line) for line in answer)]
        if block.source:
            lines += [">", f"> {_inline(block.source, card)}"]
    return "\n".join(lines)


def _inline(parts: Parts, card: Card) -> str:
    """A run of parts as one line; what begins a line is written so that it stays text."""
    return _at_start("".join(_part(part, card) for part in parts).strip())


def _part(part: Inline, card: Card) -> str:
    if isinstance(part, Number):
        text, strong = figure_text(part.figure, part.field), part.strong
    elif isinstance(part, Point):
        return point_text(part.series, part.column, part.row)
    elif isinstance(part, Break):
        return "<br>"
    elif isinstance(part, Link):
        return f"{say('section')} {card.numbers[part.target]}"
    elif isinstance(part, Label) and part.mono and not re.search(r"[`|]", part.text):
        return f"`{printable(part.text)}`"
    else:
        assert isinstance(part, Words | Label | Mark)
        text = _MARKUP.sub(r"\\\1", printable(part.text) if isinstance(part, Label) else part.text)
        strong = isinstance(part, Mark) or part.strong
    return _EDGES.sub(r"\1**\2**\3", text, count=1) if strong and text.strip() else text
