"""The card as one HTML file that needs nothing else: no network; one script that nothing depends on."""

from __future__ import annotations

import base64
import hashlib

from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.card import Card
from explainkit.report.compact import compact
from explainkit.report.faces import faces
from explainkit.report.templating import document, shipped


def render_html(evidence: Evidence, *, card: Card | None = None) -> bytes:
    """Render the card as HTML.

    Parameters
    ----------
    evidence : Evidence
        The only source.
    card : Card, optional
        What `build` made of it, where that is at hand: the charts are then drawn once for HTML and PDF.

    Returns
    -------
    bytes
        UTF-8; the same evidence gives the same bytes.
    """
    card = card or build(evidence)
    style = "\n".join((faces("screen"), card.look.style(shipped("card.css") + "\n" + shipped("screen.css"))))
    script = shipped("card.js")
    policy = (
        f"default-src 'none'; img-src data:; font-src data:; style-src '{_fingerprint(style)}'; "
        f"script-src '{_fingerprint(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return compact(document(card, medium="screen", style=style, policy=policy, script=script)).encode()


def _fingerprint(text: str) -> str:
    """What a policy allows a text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
