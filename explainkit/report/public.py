"""The public summary as a document: from summary.json alone to a card of a few pages, and its HTML and PDF."""

from __future__ import annotations

from explainkit.artifact import sha256_of
from explainkit.public import Summary
from explainkit.report.card import Card
from explainkit.report.html import render_html
from explainkit.report.language import say
from explainkit.report.sections import public

SOURCE = "summary.json"


def build_summary(summary: Summary) -> Card:
    """Make the document of a summary.

    Parameters
    ----------
    summary : Summary
        The only source of what is said.
    """
    return Card(
        title=f"{summary.name} {summary.version}",
        subtitle=say("Public summary · draft") if summary.draft else say("Public summary"),
        name=summary.name,
        version=summary.version,
        digest=sha256_of(summary.to_json()),
        date=summary.date,
        front=public.blocks(summary),
        sections=(),
        document=say("Public summary"),
        source=SOURCE,
    )


def render_summary(summary: Summary, *, card: Card | None = None) -> tuple[bytes, bytes]:
    """HTML and PDF of a summary; the same summary gives the same bytes.

    Parameters
    ----------
    summary : Summary
        The only source.
    card : Card, optional
        What `build_summary` made of it, where that is at hand.
    """
    from explainkit.report.pdf import render_pdf

    card, evidence = card or build_summary(summary), summary.as_evidence()
    return render_html(evidence, card=card), render_pdf(evidence, summary.to_json(), card=card)
