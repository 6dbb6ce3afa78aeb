"""A comparison as a document: from compare.json alone to a card, and its HTML and PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explainkit.artifact import Artifact, sha256_of
from explainkit.comparison import Comparison
from explainkit.progress import Progress
from explainkit.report.card import Card
from explainkit.report.html import render_html
from explainkit.report.language import ENGLISH, Language, language_of, say, shipped_languages, speaking
from explainkit.report.look import look_of
from explainkit.report.printer import Printer, here
from explainkit.report.sections import comparison as told

SOURCE = "compare.json"


def build_comparison(comparison: Comparison) -> Card:
    """Make the document of a comparison.

    Parameters
    ----------
    comparison : Comparison
        The only source of what is said.
    """
    language, after = language_for(comparison.plan), comparison.after
    with speaking(language):
        return Card(
            title=f"{after.name} {after.version}",
            subtitle=say("Comparison of two cards"),
            name=after.name,
            version=after.version,
            digest=sha256_of(comparison.to_json()),
            date=comparison.date,
            document=say("Comparison"),
            source=SOURCE,
            look=look_of(comparison.plan, comparison.house),
            language=language,
            front=told.front(comparison),
            sections=told.sections(comparison),
        )


def language_for(plan: Mapping[str, Any]) -> Language:
    """That of a card's plan; where the words are a catalogue of its own, those that explainkit ships, or English."""
    tag = plan.get("card", {}).get("language", "en")
    return language_of({"card": {"language": tag}}) if tag in shipped_languages() else ENGLISH


def comparison_files(
    comparison: Comparison, progress: Progress, *, printer: Printer = here
) -> tuple[Artifact, Artifact, Artifact]:
    """The comparison as PDF, HTML and JSON; the same comparison gives the same bytes.

    Parameters
    ----------
    comparison : Comparison
        The only source.
    progress : Progress
        Told of each stage.
    printer : callable, optional
        Who lays the pages out; this process when left out.
    """
    from explainkit.report.pdf import render_pdf

    data, evidence = comparison.to_json(), comparison.as_evidence()
    with progress.stage("write the comparison"):
        card = build_comparison(comparison)
        html = render_html(evidence, card=card)
        pdf = render_pdf(evidence, data, card=card, printer=printer)
    return (
        Artifact(name="compare.pdf", data=pdf, media_type="application/pdf"),
        Artifact(name="compare.html", data=html, media_type="text/html"),
        Artifact(name="compare.json", data=data, media_type="application/json"),
    )
