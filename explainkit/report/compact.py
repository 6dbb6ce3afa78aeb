"""The page in fewer bytes: what all numbers of a row or a column say is said once, and no tag stands that HTML implies.

A point of a series says its ``data-series``, ``data-column`` and ``data-row``. Where the points of a column are of one
series and one of its columns, the head of the column says both; where those of a row are of one row, the row says it.
Whoever reads a page, as `explainkit.sign.content` does, takes the nearest: the number's own, its row's, its column's
head's, its table's. A number without ``data-field`` is the ``value`` of its figure, and ``<code>`` holds labels alone.
"""

from __future__ import annotations

import re
from itertools import count

_TABLE = re.compile(r"<table\b[^<>]*>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr\b[^<>]*>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^<>]*>.*?</t[dh]>", re.DOTALL)
_HEAD = re.compile(r"<th\b")
_POINT = re.compile(r'(<data value="[^"]*")((?: data-series="[^"]*")? data-column="[^"]*")( data-row="[^"]*")?>')
_ROW_OF = re.compile(r'(?<=") data-row="[^"]*"(?=>)')
_SPAN = re.compile(r"<t[dh]\b[^<>]*span=")
_IMPLIED = re.compile(r"(?:</t[dhr]>\s*)+(?=<t[dhr]\b|</t(?:head|body|foot|able)>)")
_FIELD, _CODE = ' data-field="value">', '<code data-text="label">'


def compact(page: str) -> str:
    """Leave out what a page for the screen says more than once.

    Parameters
    ----------
    page : str
        HTML as the card's own templates make it.

    Returns
    -------
    str
        A page of the same elements, texts and numbers.

    Examples
    --------
    >>> compact('<body><tr><td><data value="1" data-figure="a" data-field="value">1</data></td></tr></table>')
    '<body><tr><td><data value="1" data-figure="a">1</data></table>'
    """
    head, start, body = page.partition("<body")  # styles and scripts are allowed by their digests
    body = _TABLE.sub(lambda table: _told_once(table[0]), body)
    return head + start + _IMPLIED.sub("", body.replace(_FIELD, ">").replace(_CODE, "<code>"))


def _told_once(table: str) -> str:
    """A table whose rows and heads say what their points share; one that is no plain grid stays as it is."""
    head, end, body = table.partition("</thead>")
    plain = all(table.count(tag) == 1 for tag in ("<table", "<thead")) and head.count("<tr") == 1
    if "data-column=" not in body or not plain or _SPAN.search(table):
        return table
    said = _shared(body)
    if len(said) > len(_HEAD.findall(head)):
        return table
    places = iter(said)
    head = _HEAD.sub(lambda found: found[0] + (next(places, None) or ""), head)
    return head + end + _ROW.sub(lambda row: _row(row[0], said), body)


def _shared(body: str) -> list[str | None]:
    """For each column, the attributes that are the same in all of its points; None where there are none."""
    found: list[set[str]] = []
    for row in _ROW.findall(body):
        for at, cell in enumerate(_CELL.findall(row)):
            if at == len(found):
                found.append(set())
            found[at].update(point[2] for point in _POINT.finditer(cell))
    return [said.pop() if len(said) == 1 else None for said in found]


def _row(row: str, said: list[str | None]) -> str:
    places = count()

    def cell(found: re.Match[str]) -> str:
        if said[next(places)] is None:
            return found[0]
        return _POINT.sub(lambda point: f"{point[1]}{point[3] or ''}>", found[0])

    row = _CELL.sub(cell, row)
    rows = set(_ROW_OF.findall(row))
    return f"<tr{rows.pop()}{_ROW_OF.sub('', row)[3:]}" if len(rows) == 1 else row
