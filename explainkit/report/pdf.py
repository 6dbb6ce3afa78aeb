"""The card as PDF/A-3a with a PDF/UA-1 identifier and card.json attached. The one module that imports WeasyPrint."""

from __future__ import annotations

import datetime as dt
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from weasyprint import HTML, Attachment
from weasyprint.urls import URLFetcher

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.conformance import conforming
from explainkit.report.templating import document, faces, stylesheet

_UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Date of the attachment where the plan gives none: WeasyPrint would take the clock's; `conforming` removes it."""


def render_pdf(evidence: Evidence, card_json: bytes) -> bytes:
    """Render the card as PDF, not yet signed.

    Parameters
    ----------
    evidence : Evidence
        The only source of the pages.
    card_json : bytes
        Its canonical JSON, attached to the file.

    Returns
    -------
    bytes
        The same evidence gives the same bytes, with the same versions of the libraries.
    """
    style = "\n".join((faces(), stylesheet("card.css"), stylesheet("paper.css")))
    page = document(build(evidence), medium="paper", style=style, policy=None)
    stamp = dt.datetime.fromisoformat(evidence.date).replace(tzinfo=dt.UTC) if evidence.date else None
    attachment = Attachment(
        string=card_json,
        name="card.json",
        description="every figure of this card, canonical JSON (RFC 8785)",
        created=stamp or _UNDATED,
        modified=stamp or _UNDATED,
        relationship="Data",
    )
    with _epoch(stamp or _UNDATED), warnings.catch_warnings():
        # WeasyPrint leaves the file of its colour profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        drawn = HTML(string=page, base_url="about:blank", url_fetcher=_locked()).write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            pdf_identifier=sha256_of(card_json)[:32].encode(),
        )
    return conforming(drawn, dated=stamp is not None)


def _locked() -> URLFetcher:
    """Nothing but what the document itself carries."""
    return URLFetcher(allowed_protocols=["data"], allow_redirects=False)


@contextmanager
def _epoch(moment: dt.datetime) -> Iterator[None]:
    """The date that fontTools writes into subset fonts: it reads nothing but this variable, else the clock."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
