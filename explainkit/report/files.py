"""The files of a release that say what was measured: the card, and its summary for publication."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence
from explainkit.progress import Meanwhile, Progress
from explainkit.public import summarised
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.printer import Printed, Printer, Sheet, here
from explainkit.report.public import build_summary, render_summary

_JSON, _HTML, _PDF = "application/json", "text/html", "application/pdf"


def report_files(
    evidence: Evidence,
    progress: Progress,
    *,
    catalogue: bytes | None = None,
    printer: Printer = here,
    meanwhile: Meanwhile | None = None,
) -> tuple[Artifact, ...]:
    """The card as PDF, HTML and JSON, and its public summary in the folder ``public``.

    The printer lays out the pages of both while all else is made.

    Parameters
    ----------
    evidence : Evidence
        The only source.
    progress : Progress
        Told of each stage.
    catalogue : bytes, optional
        Catalogue of the language, where the plan names one of its own.
    printer : callable, optional
        Who lays the pages out; this process when left out.
    meanwhile : callable, optional
        See `explainkit.progress.Meanwhile`.
    """
    from explainkit.report.pdf import render_pdf

    card_json = evidence.to_json()
    aside, handed = ThreadPoolExecutor(max_workers=2), Event()

    def hand(sheet: Sheet) -> Printed:
        handed.set()
        return printer(sheet)

    try:
        with progress.stage("draw the card"):
            summary = summarised(evidence, card_json)
            # The printer has nothing to do until the card is drawn, and lays out these few pages meanwhile.
            drawn = build_summary(summary, catalogue=catalogue)
            public = aside.submit(render_summary, summary, card=drawn, printer=printer)
            card = build(evidence, catalogue=catalogue)
        pdf = aside.submit(render_pdf, evidence, card_json, card=card, printer=hand)
        pdf.add_done_callback(lambda _: handed.set())  # also where there was nothing to hand over
        handed.wait()  # two threads at once would only slow down what the printer waits for
        if meanwhile is not None:
            meanwhile({})
        with progress.stage("write the card as HTML"):
            html = render_html(evidence, card=card)
        with progress.stage("write the public summary"):
            public_html, public_pdf = public.result()
        others = (
            Artifact(name="card.html", data=html, media_type=_HTML),
            Artifact(name="card.json", data=card_json, media_type=_JSON),
            Artifact(name="public/summary.pdf", data=public_pdf, media_type=_PDF),
            Artifact(name="public/summary.html", data=public_html, media_type=_HTML),
            Artifact(name="public/summary.json", data=summary.to_json(), media_type=_JSON),
        )
        if meanwhile is not None:
            meanwhile({artifact.name: artifact.data for artifact in others})
        with progress.stage("write the card as PDF"):
            found = pdf.result()
    finally:
        # After an interrupt nobody waits for the pages; the threads end with their printer.
        aside.shutdown(wait=False, cancel_futures=True)
    return (Artifact(name="card.pdf", data=found, media_type=_PDF), *others)
