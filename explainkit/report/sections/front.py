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
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import clause, clipped, digest, listed, name, number, on_page, subject_of, words
from explainkit.report.reader import Reader
from explainkit.report.sections import gates, preconditions, tiles
from explainkit.report.sections.identity import dataset_name, model_name
from explainkit.report.sections.summary import attention

_LONGEST = {"intended_use": 330, "provider": 90, "expiry": 60, "population_description": 90, "sample": 48}
_LISTED = 4
_UNKNOWN = {
    "not_tested": noted("**Not tested:** {subjects}"),
    "sampled": noted("**Sampled:** {subjects}"),
    "imputed": noted("**Imputed:** {subjects}"),
    "failed": noted("**Failed:** {subjects}"),
}


def blocks(evidence: Evidence) -> tuple[Block, ...]:
    """Who, what, on which data; key figures; gates; what is not known; who signs."""
    reader = Reader(evidence)
    found: list[Block] = []
    if evidence.draft:
        found.append(Paragraph(parts=_draft(evidence), style="alert"))
    found.append(Paragraph(parts=_intended_use(reader), style="lede"))
    found.append(Facts(pairs=_facts(reader)))
    found.append(Group(title=words("What the evidence says"), blocks=(Tiles(tiles=tiles.key_figures(reader)),)))
    findings = attention(reader)[len(evidence.draft) :]
    if findings:
        found.append(Group(title=words("What asks for attention"), blocks=(Items(items=_listed(findings)),)))
    found.append(
        Beside(
            left=(Group(title=words("Gates"), blocks=gates.short(evidence)),),
            right=(Group(title=words("Not known"), blocks=(Items(items=_unknown(reader)),)),),
        )
    )
    found.append(Group(title=words("Who signs"), blocks=(_signers(evidence), *_notes())))
    return tuple(found)


def _listed(findings: tuple[Parts, ...]) -> tuple[Parts, ...]:
    """The gravest; the last of them says how many more there are, as a line of its own may push the page over."""
    more = len(findings) - _LISTED
    if more <= 0:
        return findings
    said = words("{count} more in {section}", count=on_page(more), section=Link("summary"))
    return (*findings[: _LISTED - 1], (*findings[_LISTED - 1], Words(" · "), *said))


def _draft(evidence: Evidence) -> Parts:
    return words("**DRAFT**: {reasons}.", reasons=listed([(clause(reason),) for reason in evidence.draft], "; "))


def _intended_use(reader: Reader) -> Parts:
    """The intended use, and where it stands in full if it is cut."""
    key = "intended_use"
    answer, stated = reader.answer(key), _stated(reader, key)
    if answer is None:
        return words("Intended use: {missing}", missing=stated)
    if clipped(answer, _LONGEST[key])[1]:
        return words("{statement} (in full in {section})", statement=stated, section=Link("use"))
    return stated


def _stated(reader: Reader, key: str) -> Parts:
    """What a person stated, cut to fit page one."""
    answer = reader.answer(key)
    if answer is None:
        return (Mark("attention", say("NOT PROVIDED")),)
    return (Label(clipped(answer, _LONGEST[key])[0], "statement"),)


def _facts(reader: Reader) -> tuple[tuple[Parts, Parts], ...]:
    evidence = reader.evidence
    model = evidence.model
    what: Parts = (model_name(model),)
    if reader.features:
        what = words("{model}, {count} inputs", model=what, count=on_page(len(reader.features)))
    if model.digest:
        what += (Break(), digest(model.digest))
    data = next((d for d in evidence.datasets if d.role == "evaluation"), None)
    counted = number(reader.figure("data.rows", dataset="evaluation"))
    rows: Parts = words("{count} rows", count=counted)
    if data is not None:
        sample = _stated(reader, "sample")
        rows = words("{count} rows of {data}; {sample}", count=counted, data=dataset_name(data), sample=sample)
        rows += (Break(), digest(data.digest))
    people = preconditions.population(evidence) or (Mark("attention", say("not stated")),)
    described = reader.answer("population_description")
    if described is not None:
        people += (Words(": "), Label(clipped(described, _LONGEST["population_description"])[0], "statement"))
    dated: Parts = (name(spoken().date(evidence.date)),) if evidence.date else words("undated")
    dated = words("{date}; valid until: {expiry}", date=dated, expiry=_stated(reader, "expiry"))
    pairs: list[tuple[Parts, Parts]] = [
        (words("Provider"), _stated(reader, "provider")),
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
    favourable, positive = evidence.favourable, evidence.positive
    wanted = name(favourable) if favourable is not None else Mark("attention", say("not stated"))
    if evidence.task == "multiclass":
        return words("the most probable class; favourable: {favourable}", favourable=wanted)
    outcome = name(positive) if positive is not None else Mark("attention", say("direction not stated"))
    limit = preconditions.limit(evidence) or (Mark("attention", say("no threshold")),)
    return words(
        "{outcome} where the score is {threshold}; favourable: {favourable}",
        outcome=outcome,
        threshold=limit,
        favourable=wanted,
    )


def _unknown(reader: Reader) -> tuple[Parts, ...]:
    """What a reader must not take for granted, each with where to find the rest."""
    evidence = reader.evidence
    items: list[Parts] = []
    blank = [s for s in evidence.statements if s.answer is None]
    if blank:
        items.append(
            words(
                "**Not provided:** {count} of {all} answers, {required} of them required",
                count=on_page(len(blank)),
                all=on_page(len(evidence.statements)),
                required=on_page(sum(s.required for s in blank)),
            )
        )
    basis = [e for e in evidence.ledger if e.kind == "not_tested" and e.reason.startswith(NO_BASIS)]
    if basis:
        subjects = listed([subject_of(e.what, longest=50) for e in basis], "; ")
        items.append(words("**No legal basis stated, not tested:** {subjects}", subjects=subjects))
    hidden = sum(f.status == "suppressed" for f in reader.named("fairness.count"))
    if hidden:
        items.append(words("**Suppressed:** {count} groups too small to show", count=on_page(hidden)))
    unknown = [(c, f) for c, f in reader.keyed("fairness.unknown", "column") if f.value]
    if unknown:
        rows = [words("{count} rows of {column}", count=number(f), column=name(c)) for c, f in unknown[:3]]
        items.append(words("**Group unknown:** {rows}", rows=listed(rows)))
    for kind, message in _UNKNOWN.items():
        entries = [e for e in evidence.ledger if e.kind == kind]
        if entries:
            subjects = listed([subject_of(e.what, longest=50) for e in entries[:_LISTED]], "; ")
            if len(entries) > _LISTED:
                more = on_page(len(entries) - _LISTED)
                subjects = words("{subjects} and {count} more", subjects=subjects, count=more)
            items.append(words(message, subjects=subjects))
    items.append(
        words(
            "**Not covered:** rules and processing around the score, see {use}. All entries: {ledger}",
            use=Link("use"),
            ledger=Link("ledger"),
        )
    )
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
            parts=words(
                "Pages are fixed before signing: who has signed by now is shown by the PDF reader's signature "
                "panel and by explainkit verify. How to check this file without our software: {reproduce} and "
                "VERIFY.md. Every number carries the id of its figure in card.json, which is attached to the PDF.",
                reproduce=Link("reproduce"),
            ),
            style="note",
        ),
    )
