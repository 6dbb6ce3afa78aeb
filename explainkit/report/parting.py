"""A long page on paper cut in two at a section, so that both halves can be laid out at the same time.

Where the cut is follows from the page alone: how long it took, or how many processors there are, changes no byte.
"""

from __future__ import annotations

import re
from html import unescape
from itertools import accumulate, pairwise

NUMBER, TOTAL, PLACE = "number-of-page", "number-of-pages", "page-of-section-"
"""Styles of the counters ``page`` and ``pages`` that count through both halves; `PLACE` and a number n make the style
of ``pages`` that tells on which page the n-th section of the second half begins."""
LEAST = 150_000
"""What a page has to cost (about 1.5 seconds) to be cut: every part has its styles read, and its fonts embedded."""
_LEAST_SHARE = 0.2
_FRONT, _ELEMENT, _CELL, _PICTURE = 15_000, 40, 30, 1000
"""What page one with the contents, an element, a cell besides, and a picture cost to lay out and to write, measured in
characters of text."""
_SECTION = re.compile(r'^<section id="([^"]*)">$', re.MULTILINE)
_RUNNING = '<p class="running"'
_MAIN, _END = '<main id="content">', "</main>"
_ID = re.compile(r'\bid="([^"]*)"')


def parted(page: str, *, least: int = LEAST) -> tuple[str, str]:
    """The two halves of a page, the second empty where all is better laid out in one.

    Parameters
    ----------
    page : str
        HTML as the card's own templates make it for paper.
    least : int
        What the page has to cost to be cut.
    """
    head, main, body = page.partition(_MAIN)
    body, end, tail = body.rpartition(_END)
    starts = [found.start() for found in _SECTION.finditer(body)]
    if not (main and end and starts) or _RUNNING not in head:
        return page, ""
    edges = [0, *starts, len(body)]
    costs = [_FRONT * (not start) + _cost(body[start:stop]) for start, stop in pairwise(edges)]
    before = list(accumulate(costs))
    whole = before.pop()
    at = min(range(len(before)), key=lambda place: max(before[place], whole - before[place]))
    if whole < least or min(before[at], whole - before[at]) < _LEAST_SHARE * whole:
        return page, ""
    first, second = body[: starts[at]], body[starts[at] :]
    opened, running, titled = head.partition(_RUNNING)
    # The page that comes first goes away: it is the one that has no running head, and the second half has no such page.
    away = '<div style="break-after: page"></div>\n<main>\n'
    return (
        _styled(head, _places(second)) + main + first + end + tail,
        _styled(opened, "main > :first-child > h2 { margin-top: 0 }") + running + titled + away + second + end + tail,
    )


def sections(half: str) -> tuple[str, ...]:
    """Ids of the sections of a half, in order."""
    return tuple(unescape(name) for name in _SECTION.findall(half))


def ids(half: str) -> frozenset[str]:
    """Every id of a half: where links from the other one may lead."""
    return frozenset(unescape(name) for name in _ID.findall(half))


def _cost(part: str) -> int:
    text, elements, cells = re.sub(r"<[^>]*>", "", part), re.findall(r"<\w", part), re.findall(r"<t[dh]\b", part)
    return len(text) + _ELEMENT * len(elements) + _CELL * len(cells) + _PICTURE * part.count("<img ")


def _places(second: str) -> str:
    """Rules for the table of contents, of which one half only has the targets."""
    rule = '.contents a[href="#{}"]::after {{ content: counter(pages, {}{}) }}'
    return "\n".join(rule.format(name, PLACE, number) for number, name in enumerate(_SECTION.findall(second)))


def _styled(head: str, rules: str) -> str:
    return head.replace("</head>", f"<style>{rules}</style>\n</head>", 1)
