"""PDFs that hold the front page of a card alone, for tests that look at none: laying out takes most of an audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from explainkit.report.printer import Printed, Sheet

ASKED = "TEST_FRONT_PAGE_ALONE"
"""Variable by which a warm process is asked for them."""
_END = "</main></body></html>"


def front_page(printed: Callable[..., Printed]) -> Callable[..., Printed]:
    """A printer that leaves all other pages out; the file is attached, tagged, closed and signed as any other.

    Parameters
    ----------
    printed : callable
        Lays out a sheet.
    """

    def first(sheet: Sheet, **options: Any) -> Printed:
        head, front, rest = sheet.page.partition('<section class="front"')
        page, end, _ = rest.partition("</section>")
        return printed(replace(sheet, page=head + front + page + end + _END, rest="") if end else sheet, **options)

    return first
