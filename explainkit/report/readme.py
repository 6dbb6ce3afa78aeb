"""A card as a page for model hubs: its public summary in Markdown; within the house, with gates and all statements."""

from __future__ import annotations

from dataclasses import replace

from explainkit.evidence import Evidence
from explainkit.public import Summary
from explainkit.report.card import Block, Facts, Group, Paragraph, Statement
from explainkit.report.language import say, speaking
from explainkit.report.markdown import render_markdown
from explainkit.report.phrases import code, words
from explainkit.report.public import build_summary
from explainkit.report.sections import gates, public


def render_readme(summary: Summary, *, card: Evidence | None = None) -> str:
    """The page, in the language of the card.

    Parameters
    ----------
    summary : Summary
        What is told.
    card : Evidence, optional
        For use within the house: the card, whose gates and statements are told, too.
    """
    document = build_summary(summary)
    with speaking(document.language):
        blocks = public.told(summary)
        if card is not None:
            blocks = (_inside(), *blocks, *_from_card(card, summary))
        blocks = (*blocks, Group(title=words("How to check this page"), blocks=_check(summary)))
    return render_markdown(replace(document, front=blocks))


def _inside() -> Block:
    said = words("**INTERNAL**: this page holds figures and statements of the card that are not meant for publication.")
    return Paragraph(parts=said, style="alert")


def _from_card(card: Evidence, summary: Summary) -> tuple[Block, ...]:
    """Gates, and the statements that the summary leaves out."""
    told = {statement.id for statement in summary.statements}
    others = tuple(
        Statement(question=say(s.question), answer=s.answer, role=say(s.role), required=s.required, id=s.id)
        for s in card.statements
        if s.id not in told
    )
    return (
        Group(title=words("Gates"), blocks=gates.full(card)),
        Group(title=words("Stated, not measured"), blocks=others),
    )


def _check(summary: Summary) -> tuple[Block, ...]:
    said = words(
        "This page is a copy that nobody signs. Its figures are those of the card, which can be verified and has more "
        "of them. It is no verdict, and no independent audit."
    )
    pairs = (
        (words("Made from card.json"), (code(summary.card),)),
        *(((words("Model"), (code(summary.model.digest),)),) if summary.model.digest is not None else ()),
        *((words(public.DATA[d.role]), (code(d.digest),)) for d in summary.data),
        (words("Verify"), words("{command}, or by VERIFY.md with openssl", command=code(public.COMMAND))),
    )
    return (Paragraph(parts=said), Facts(pairs=pairs, wide=True))
