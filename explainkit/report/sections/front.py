"""Page one: fixed by task, so that nobody picks the flattering figures. A reader with two minutes reads only this."""

from __future__ import annotations

from explainkit.evidence import NO_BASIS, Evidence
from explainkit.report.card import (
    Beside,
    Block,
    Break,
    Column,
    Facts,
    Group,
    Items,
    Label,
    Link,
    Mark,
    Paragraph,
    Parts,
    Row,
    Table,
    Tiles,
    Words,
)
from explainkit.report.phrases import clause, clipped, digest, listed, name, number, on_page, subject_of, words
from explainkit.report.reader import Reader
from explainkit.report.sections import gates, preconditions, tiles
from explainkit.report.sections.summary import attention

_MISSING = Mark("attention", "NOT PROVIDED")
_LONGEST = {"intended_use": 330, "provider": 90, "expiry": 60, "population_description": 90, "sample": 48}
_LISTED = 4


def blocks(evidence: Evidence) -> tuple[Block, ...]:
    """Who, what, on which data; key figures; gates; what is not known; who signs."""
    reader = Reader(evidence)
    found: list[Block] = []
    if evidence.draft:
        found.append(Paragraph(parts=_draft(evidence), style="alert"))
    found.append(Paragraph(parts=_stated(reader, "intended_use", "Intended use: "), style="lede"))
    found.append(Facts(pairs=_facts(reader)))
    found.append(Group(title=words("What the evidence says"), blocks=(Tiles(tiles=tiles.key_figures(reader)),)))
    findings = attention(reader)[len(evidence.draft) :]
    if findings:
        found.append(Group(title=words("What asks for attention"), blocks=(Items(items=findings[:_LISTED]),)))
    found.append(
        Beside(
            left=(Group(title=words("Gates"), blocks=gates.short(evidence)),),
            right=(Group(title=words("Not known"), blocks=(Items(items=_unknown(reader)),)),),
        )
    )
    found.append(Group(title=words("Who signs"), blocks=(_signers(evidence), *_notes())))
    return tuple(found)


def _draft(evidence: Evidence) -> Parts:
    return (
        Words("DRAFT", strong=True),
        Words(": "),
        *listed([(clause(reason),) for reason in evidence.draft], "; "),
        Words("."),
    )


def _stated(reader: Reader, key: str, what: str) -> Parts:
    """What a person stated, cut to fit page one."""
    answer = reader.answer(key)
    if answer is None:
        return (Words(what), _MISSING) if what else (_MISSING,)
    text, cut = clipped(answer, _LONGEST[key])
    return (
        Label(text, "statement"),
        *((Words(" (in full in "), Link("use"), Words(")")) if cut and key == "intended_use" else ()),
    )


def _facts(reader: Reader) -> tuple[tuple[Parts, Parts], ...]:
    evidence = reader.evidence
    model = evidence.model
    what: Parts = (name(model.kind or model.family),)
    if reader.features:
        what += (Words(", "), on_page(len(reader.features)), Words(" inputs"))
    if model.digest:
        what += (Break(), digest(model.digest))
    data = next((d for d in evidence.datasets if d.role == "evaluation"), None)
    rows: Parts = (*number(reader.figure("data.rows", dataset="evaluation")), Words(" rows of "))
    rows += (name(data.name), Words("; "), *_stated(reader, "sample", "")) if data is not None else ()
    rows += (Break(), digest(data.digest)) if data is not None else ()
    people = preconditions.population(evidence) or (Mark("attention", "not stated"),)
    described = reader.answer("population_description")
    if described is not None:
        people += (Words(": "), Label(clipped(described, _LONGEST["population_description"])[0], "statement"))
    dated: Parts = (name(evidence.date),) if evidence.date else words("undated")
    valid = reader.answer("expiry")
    dated += (
        Words("; valid until: "),
        Label(clipped(valid, _LONGEST["expiry"])[0], "statement") if valid else _MISSING,
    )
    pairs: list[tuple[Parts, Parts]] = [
        (words("Provider"), _stated(reader, "provider", "")),
        (words("Model"), what),
        (words("Card"), dated),
        (words("Evaluated on"), rows),
        (words("Population"), people),
        (words("Decision"), _decision(evidence)),
    ]
    return tuple(pairs)


def _decision(evidence: Evidence) -> Parts:
    """Score, threshold and favourable outcome in one line."""
    if evidence.task == "regression":
        return words("none: the output is a number")
    parts: Parts = ()
    if evidence.task == "binary":
        outcome = (
            name(evidence.positive) if evidence.positive is not None else Mark("attention", "direction not stated")
        )
        limit = (
            clause(preconditions.threshold_label(evidence)) if evidence.threshold else Mark("attention", "no threshold")
        )
        parts = (outcome, Words(" where the score is "), limit, Words("; "))
    else:
        parts = (Words("the most probable class; "),)
    wanted = name(evidence.favourable) if evidence.favourable is not None else Mark("attention", "not stated")
    return (*parts, Words("favourable: "), wanted)


def _unknown(reader: Reader) -> tuple[Parts, ...]:
    """What a reader must not take for granted, each with where to find the rest."""
    evidence = reader.evidence
    items: list[Parts] = []
    blank = [s for s in evidence.statements if s.answer is None]
    if blank:
        required = sum(s.required for s in blank)
        items.append(
            (
                Words("Not provided: ", strong=True),
                on_page(len(blank)),
                Words(" of "),
                on_page(len(evidence.statements)),
                Words(" answers, "),
                on_page(required),
                Words(" of them required"),
            )
        )
    basis = [e for e in evidence.ledger if e.kind == "not_tested" and e.reason.startswith(NO_BASIS)]
    if basis:
        parts: Parts = (Words("No legal basis stated, not tested: ", strong=True),)
        items.append((*parts, *listed([subject_of(e.what, longest=50) for e in basis], "; ")))
    hidden = sum(f.status == "suppressed" for f in reader.named("fairness.count"))
    if hidden:
        items.append((Words("Suppressed: ", strong=True), on_page(hidden), Words(" groups too small to show")))
    unknown = [(c, f) for c, f in reader.keyed("fairness.unknown", "column") if f.value]
    if unknown:
        parts = (Words("Group unknown: ", strong=True),)
        parts += listed([(*number(f), Words(" rows of "), name(c)) for c, f in unknown[:3]])
        items.append(parts)
    for kind, heading in (
        ("not_tested", "Not tested: "),
        ("sampled", "Sampled: "),
        ("imputed", "Imputed: "),
        ("failed", "Failed: "),
    ):
        entries = [e for e in evidence.ledger if e.kind == kind]
        if entries:
            parts = (
                Words(heading, strong=True),
                *listed([subject_of(e.what, longest=50) for e in entries[:_LISTED]], "; "),
            )
            if len(entries) > _LISTED:
                parts += (Words(" and "), on_page(len(entries) - _LISTED), Words(" more"))
            items.append(parts)
    around = Words("rules and processing around the score, see ")
    items.append((Words("Not covered: ", strong=True), around, Link("use"), Words(". All entries: "), Link("ledger")))
    return tuple(items)


def _signers(evidence: Evidence) -> Table:
    return Table(
        columns=(
            Column(title=words("Role"), share=24),
            Column(title=words("Signs"), share=52),
            Column(title=words("Level intended"), share=24),
        ),
        rows=(
            Row(
                cells=(
                    words("Provider"),
                    words("certifies these exact bytes, and card.json and card.html"),
                    (name(f"PAdES {evidence.level}"),),
                )
            ),
            Row(cells=(words("Independent validator"), words("signs an opinion bound to the card's digest"), ())),
        ),
    )


def _notes() -> tuple[Block, ...]:
    return (
        Paragraph(
            parts=(
                Words(
                    "Pages are fixed before signing: who has signed by now is shown by the PDF reader's signature "
                    "panel and by explainkit verify. How to check this file without our software: "
                ),
                Link("reproduce"),
                Words(
                    " and VERIFY.md. Every number carries the id of its figure in card.json, which is attached to "
                    "the PDF."
                ),
            ),
            style="note",
        ),
    )
