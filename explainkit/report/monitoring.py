"""Monitoring as one HTML page that needs nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from explainkit.artifact import Artifact, sha256_of
from explainkit.evidence import Evidence, LedgerEntry
from explainkit.figures import Figure, figure_id
from explainkit.report.card import Block, Break, Card, Facts, Mark
from explainkit.report.comparison import language_for
from explainkit.report.html import render_html
from explainkit.report.language import say, speaking
from explainkit.report.look import look_of
from explainkit.report.phrases import digest, name, number, words
from explainkit.report.reader import Reader
from explainkit.report.sections import monitoring as told


def monitor_page(
    held: Sequence[tuple[str, Evidence]],
    days: Mapping[str, Sequence[Figure]],
    *,
    card: str,
    valid: bool,
    notes: Sequence[LedgerEntry],
    source: Artifact,
) -> bytes:
    """One HTML file of the history.

    Parameters
    ----------
    held : sequence of (str, Evidence)
        ``rollback`` or ``alert``, with the latest figures and the limits of that kind.
    days : mapping of str to sequence of Figure
        Figures of each day, or run of days, in their order.
    card : str
        ``sha256:…`` of card.json.
    valid : bool
        Whether the release verified.
    notes : sequence of LedgerEntry
        What is not monitored, and why.
    source : Artifact
        What the page is made from: the history, or the summary of the day.
    """
    evidence = held[0][1]
    dated = tuple(
        dataclasses.replace(figure, id=figure_id(figure.name, {**figure.keys, told.DAY: day}))
        for day, figures in days.items()
        for figure in figures
    )
    course = dataclasses.replace(evidence, figures=dated)
    language = language_for(evidence.plan)
    with speaking(language):
        document = Card(
            title=f"{evidence.name} {evidence.version}",
            subtitle=say("New data against the signed card"),
            name=evidence.name,
            version=evidence.version,
            digest=sha256_of(source.data),
            date=None,
            document=say("Monitoring"),
            source=source.name,
            look=look_of(evidence.plan, evidence.house),
            language=language,
            front=(_opening(evidence, list(days), card, valid=valid), *told.limits(held)),
            sections=(told.course(Reader(course), list(days)), told.inputs(Reader(evidence)), told.left_out(notes)),
        )
    return render_html(course, card=document)


def _opening(evidence: Evidence, days: Sequence[str], card: str, *, valid: bool) -> Block:
    rows = Reader(evidence).figure("monitor.rows")
    seen = Mark("ok", say("verified: valid")) if valid else Mark("attention", say("NOT VERIFIED"))
    span = (name(days[-1]),) if len(days) == 1 else words("{first} to {last}", first=name(days[0]), last=name(days[-1]))
    return Facts(
        pairs=(
            (words("Card"), (digest(card), Break(), seen)),
            (words("Model"), (name(evidence.model.kind or evidence.model.family),)),
            (words("Days"), span),
            (words("Rows, the latest"), number(rows)),
        )
    )
