"""Section 12: robustness and security."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Mark, Paragraph, Parts, Section, Words
from explainkit.report.phrases import clause, stated
from explainkit.report.reader import Reader


def section(evidence: Evidence) -> Section:
    """What the ledger says about what was not tested."""
    words_of = ("robust", "drift", "leak", "time", "stability", "security")
    open_points = [
        e for e in evidence.ledger if e.kind == "not_tested" and any(w in e.what.casefold() for w in words_of)
    ]
    parts: Parts = (Mark("open", "not tested"), Words(" "))
    for i, entry in enumerate(open_points):
        parts += (Words("; ") if i else Words(""), clause(f"{entry.what} ({entry.reason})"))
    if not open_points:
        parts += (Words("perturbed inputs, missing inputs, shift, extrapolation, poisoning and evasion"),)
    return Section(
        number=12,
        id="robustness",
        title="Robustness and security",
        blocks=(Paragraph(parts=(*parts, Words("."))), *stated(Reader(evidence), "robustness")),
    )
