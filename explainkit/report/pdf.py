"""The card as PDF/A-3a with a PDF/UA-1 identifier and card.json attached."""

from __future__ import annotations

import re

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.card import Card
from explainkit.report.faces import faces
from explainkit.report.language import PLACE, say, speaking
from explainkit.report.lean import lean
from explainkit.report.parting import NUMBER, TOTAL, parted
from explainkit.report.printer import Printer, Sheet, here
from explainkit.report.templating import document, shipped

_PASSES = 3


def render_pdf(evidence: Evidence, card_json: bytes, *, card: Card | None = None, printer: Printer = here) -> bytes:
    """Render the card as PDF, not yet signed.

    Parameters
    ----------
    evidence : Evidence
        The only source of the pages.
    card_json : bytes
        Its canonical JSON, attached to the file.
    card : Card, optional
        What `build` made of it, where that is at hand.
    printer : callable, optional
        Who lays the pages out; this process when left out.

    Returns
    -------
    bytes
        The same evidence gives the same bytes, with the same versions of the libraries.
    """
    card = card or build(evidence)
    with speaking(card.language):
        foot = _foot(card.source)
        described = say("every figure of this document, canonical JSON (RFC 8785)")
    style = "\n".join((faces("paper"), card.look.style(shipped("card.css") + "\n" + shipped("paper.css")), foot))
    unreadable = ""
    # PDF/A forbids glyphs that are none; which characters have none is known only once the fonts were tried.
    for _ in range(_PASSES):
        page = document(card, medium="paper", style=style, policy=None, unreadable=unreadable)
        rest = ""
        if not card.look.templates:  # others may say how these elements look, and where pages begin
            page, rest = parted(lean(page))
        done = printer(
            Sheet(
                page=page,
                rest=rest,
                attachment=card_json,
                name=card.source,
                described=described,
                date=evidence.date,
            )
        )
        if not done.missing:
            break
        unreadable += "".join(done.missing)
    # By now the printer has had its page: what is loaded here costs no time.
    from explainkit.report.conformance import conforming

    identifier = sha256_of(card_json)[:32].encode()
    return conforming(done.pdf, done.rest, identifier=identifier, dated=evidence.date is not None)


def _foot(source: str) -> str:
    """What stands below each page, and the name of page one among the bookmarks."""
    number = _quoted(say("every number: {source}, attached", source=source))
    pages = PLACE.split(say("{page} of {pages}"))
    counted = {"page": f"counter(page, {NUMBER})", "pages": f"counter(pages, {TOTAL})"}
    shown = (counted[text] if place % 2 else _quoted(text) for place, text in enumerate(pages) if text)
    foot = f"@page {{ @bottom-left {{ content: {number} }}"
    foot += f" @bottom-right {{ content: {' '.join(shown)} }} }}"
    return foot + f" h1 {{ bookmark-label: {_quoted(say('Page one'))} }}"


def _quoted(text: str) -> str:
    """A text as a string of CSS."""
    return '"' + re.sub(r'[\\"\n<]', lambda found: f"\\{ord(found[0]):x} ", text) + '"'
