"""Tables on paper without the elements that change nothing there: each costs its layout, and a tag in the PDF.

What a number or a name is, its element says to whoever reads the page as HTML. On paper it only keeps a long number in
one line, and a name apart from words that are written the other way.
"""

from __future__ import annotations

import re

# A second line in a cell is set smaller, by its element: such cells stay as they are.
_CELL = re.compile(r"<(t[dh])\b(?:(?!<br>|</?t[dh]\b).)*</\1>", re.DOTALL)
_PART = re.compile(r'<data [^<>]*>([^<>]{1,8})</data>|<bdi data-text="[a-z]+">([ -;=?-~]*)</bdi>')
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def lean(page: str) -> str:
    """Leave out, in cells, the elements of numbers that fit into any line, and of names in plain letters.

    Parameters
    ----------
    page : str
        HTML as the card's own templates make it for paper.

    Returns
    -------
    str
        A page that looks the same.

    Examples
    --------
    >>> lean('<td><data value="0.5" data-figure="a" data-field="value">0.500</data></td>')
    '<td>0.500</td>'
    >>> lean('<th scope="row"><bdi data-text="label">age</bdi> alone</th>')
    '<th scope="row">age alone</th>'
    """
    if _RIGHT_TO_LEFT.search(page):
        return page
    return _CELL.sub(lambda cell: _PART.sub(lambda part: part[1] or part[2] or "", cell[0]), page)
