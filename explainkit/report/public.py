"""The public summary as a document: from summary.json alone to a card of a few pages, and its HTML and PDF."""

from __future__ import annotations

from explainkit.artifact import sha256_of
from explainkit.public import Summary
from explainkit.report.card import Card
from explainkit.report.html import render_html
from explainkit.report.language import language_of, say, speaking
from explainkit.report.look import look_of
from explainkit.report.printer import Printer, here
from explainkit.report.sections import public

SOURCE = "summary.json"


def build_summary(summary: Summary, *, catalogue: bytes | None = None) -> Card:
    """Make the document of a summary.

    Parameters
    ----------
    summary : Summary
        The only source of what is said.
    catalogue : bytes, optional
        Catalogue of the language, where the card has one of its own.
    """
    evidence = summary.as_evidence()
    language = language_of(evidence.plan, catalogue)
    with speaking(language):
        return Card(
            title=f"{summary.name} {summary.version}",
            subtitle=say("Public summary · draft") if summary.draft else say("Public summary"),
            name=summary.name,
            version=summary.version,
            digest=sha256_of(summary.to_json()),
            date=summary.date,
            look=look_of(evidence.plan, evidence.house),
            front=public.blocks(summary),
            sections=(),
            document=say("Public summary"),
            source=SOURCE,
            language=language,
        )


def render_summary(summary: Summary, *, card: Card | None = None, printer: Printer = here) -> tuple[bytes, bytes]:
    """HTML and PDF of a summary; the same summary gives the same bytes.

    Parameters
    ----------
    summary : Summary
        The only source.
    card : Card, optional
        What `build_summary` made of it, where that is at hand.
    printer : callable, optional
        Who lays the pages out; this process when left out.
    """
    from explainkit.report.pdf import render_pdf

    card, evidence = card or build_summary(summary), summary.as_evidence()
    pdf = render_pdf(evidence, summary.to_json(), card=card, printer=printer)
    return render_html(evidence, card=card), pdf
