"""Section 19: everything that was not tested, sampled, imputed, cast, dropped, suppressed, assumed, or failed."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Block, Column, Group, Items, Mark, Paragraph, Parts, Row, Section, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.phrases import clause, name, number, on_page, subject_of, words
from explainkit.report.reader import Reader

_KINDS = {
    "not_tested": noted("not tested"),
    "sampled": noted("sampled"),
    "imputed": noted("imputed"),
    "cast": noted("cast"),
    "dropped": noted("dropped"),
    "suppressed": noted("suppressed"),
    "estimated": noted("estimated"),
    "assumed": noted("assumed"),
    "failed": noted("failed"),
}


def section(evidence: Evidence) -> Section:
    """The ledger in full, then the questions left open."""
    reader = Reader(evidence)
    blocks: list[Block] = [
        Paragraph(
            parts=words("Nothing below was hidden in a number above. Each entry says what was done, and why."),
            style="read",
        )
    ]
    blocks.append(entries(reader, evidence) if evidence.ledger else Paragraph(parts=words("The ledger is empty.")))
    blocks.extend(_open_questions(evidence))
    return Section(number=19, id="ledger", title=say("What is not known: the ledger"), blocks=tuple(blocks))


def entries(reader: Reader, evidence: Evidence) -> Table:
    """Every entry of the ledger, in its order."""
    return Table(
        columns=(
            Column(title=words("Kind"), share=13),
            Column(title=words("What"), share=32),
            Column(title=words("Why, and what was done"), share=44),
            Column(title=words("Count"), align="right", share=11),
        ),
        rows=tuple(
            Row(
                cells=(
                    words(_KINDS[entry.kind]),
                    subject_of(entry.what),
                    (clause(entry.reason),),
                    number(reader.figure("ledger.count", entry=str(i))),
                )
            )
            for i, entry in enumerate(evidence.ledger, start=1)
        ),
        print_rows=200,
        screen_rows=1000,
    )


def _open_questions(evidence: Evidence) -> tuple[Block, ...]:
    """Every statement that was left blank."""
    blanks: tuple[Parts, ...] = tuple(
        (
            Mark("attention" if s.required else "open", say("not provided")),
            Words(" "),
            name(say(s.question)),
        )
        for s in evidence.statements
        if s.answer is None
    )
    if not blanks:
        return ()
    heading = words(
        "Questions left open: {count} of {all}", count=on_page(len(blanks)), all=on_page(len(evidence.statements))
    )
    return (Group(title=heading, blocks=(Items(items=blanks),)),)
