"""The files of a release that say what was measured: the card, and its summary for publication."""

from __future__ import annotations

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence
from explainkit.progress import Progress
from explainkit.public import summarised
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.public import build_summary, render_summary

_JSON, _HTML, _PDF = "application/json", "text/html", "application/pdf"


def card_files(evidence: Evidence, progress: Progress, catalogue: bytes | None = None) -> tuple[Artifact, ...]:
    """The card as PDF, HTML and JSON.

    Parameters
    ----------
    evidence : Evidence
        The only source.
    progress : Progress
        Told of each stage.
    catalogue : bytes, optional
        Catalogue of the language, where the plan names one of its own.
    """
    card_json = evidence.to_json()
    with progress.stage("write the card as HTML"):
        card = build(evidence, catalogue=catalogue)
        html = render_html(evidence, card=card)
    with progress.stage("write the card as PDF"):
        from explainkit.report.pdf import render_pdf

        pdf = render_pdf(evidence, card_json, card=card)
    return (
        Artifact(name="card.pdf", data=pdf, media_type=_PDF),
        Artifact(name="card.html", data=html, media_type=_HTML),
        Artifact(name="card.json", data=card_json, media_type=_JSON),
    )


def summary_files(evidence: Evidence, progress: Progress, catalogue: bytes | None = None) -> tuple[Artifact, ...]:
    """The public summary as PDF, HTML and JSON, in the folder ``public``; parameters as for `card_files`."""
    with progress.stage("write the public summary"):
        summary = summarised(evidence, evidence.to_json())
        card = build_summary(summary, catalogue=catalogue)
        html, pdf = render_summary(summary, card=card)
    return (
        Artifact(name="public/summary.pdf", data=pdf, media_type=_PDF),
        Artifact(name="public/summary.html", data=html, media_type=_HTML),
        Artifact(name="public/summary.json", data=summary.to_json(), media_type=_JSON),
    )
