"""What of a card goes out: by default only what its public summary tells; within the house all but single rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from explainkit.evidence import Evidence, Publication
from explainkit.figures import parse_figure_id
from explainkit.public import Summary, summarised, tells_of

_OF_SINGLE_ROWS = {"case", "row"}
"""Keys of figures that are about one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """A card, cut down to what may go out; the only source of exports."""

    summary: Summary
    """As a summary."""
    evidence: Evidence
    """As an evidence."""
    internal: bool
    """Whether it holds more than the public summary."""


def exportable(evidence: Evidence, card_json: bytes, *, internal: bool) -> Exportable:
    """Cut a card down.

    Parameters
    ----------
    evidence : Evidence
        What the card says.
    card_json : bytes
        Its bytes, which the exports name by their digest.
    internal : bool
        Keep what is not meant for publication: the groups that the public summary withholds, statements, gates, names
        of files, parameters. Single rows are left out all the same.
    """
    if not internal:
        summary = _in_known_words(summarised(evidence, card_json))
        return Exportable(summary=summary, evidence=summary.as_evidence(), internal=False)
    everything = tuple(f.id for f in evidence.figures if f.status == "measured" and tells_of(f.name) is not None)
    open_card = replace(evidence, publication=Publication(min_count=0, figures=everything))
    summary = _in_known_words(replace(summarised(open_card, card_json), min_count=None))
    figures = tuple(f for f in evidence.figures if not _OF_SINGLE_ROWS & set(parse_figure_id(f.id)[1]))
    return Exportable(summary=summary, evidence=replace(evidence, figures=figures, cases=(), series=()), internal=True)


def _in_known_words(summary: Summary) -> Summary:
    """In English where the card was written with a catalogue of the user's own: card.json does not hold its words."""
    return summary if summary.catalogue is None else replace(summary, language=None, catalogue=None)
