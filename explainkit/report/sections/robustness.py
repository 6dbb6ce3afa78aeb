"""Section 12: robustness and security."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Mark, Paragraph, Parts, Section, Words
from explainkit.report.language import say
from explainkit.report.phrases import clause, listed, stated, words
from explainkit.report.reader import Reader
from explainkit.report.sections import changed_inputs, load, properties


def section(evidence: Evidence) -> Section:
    """What was found out about every input, and what the ledger says about what was not tested."""
    reader = Reader(evidence)
    words_of = ("robust", "leak", "time", "stability", "security")
    open_points = [
        e for e in evidence.ledger if e.kind == "not_tested" and any(w in e.what.casefold() for w in words_of)
    ]
    points = listed([(clause(e.what), Words(" ("), clause(e.reason), Words(")")) for e in open_points], "; ")
    if not points:
        points = words("perturbed inputs, missing inputs, shift, extrapolation, poisoning and evasion")
    parts: Parts = (Mark("open", say("not tested")), Words(" "), *points, Words("."))
    return Section(
        number=12,
        id="robustness",
        title=say("Robustness and security"),
        blocks=(
            *changed_inputs.blocks(reader),
            *properties.blocks(reader),
            *load.blocks(reader),
            Paragraph(parts=parts),
            *stated(reader, "robustness"),
        ),
    )
