"""In section 10: how far the explanations can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import Block, Break, Chart, Column, Group, Label, Paragraph, Parts, Point, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.measures import measure
from explainkit.report.phrases import clause, listed, name, number, on_page, source, stacked, words
from explainkit.report.reader import Reader

_NAME = "explanation.reliability."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How one of the two curves is called, in messages."""

    key: str
    axis: str
    order: str
    """Of the inputs that the first run follows."""
    column: str
    caption: str
    alt: str


_WAYS = (
    _Way(
        key="deletion",
        axis=noted("share of inputs replaced"),
        order=noted("supporting first"),
        column=noted("Supporting first"),
        caption=noted("Deletion: distance of the output from the row's own, over that with every input replaced."),
        alt=noted("Deletion curves: inputs supporting first, against random orders"),
    ),
    _Way(
        key="insertion",
        axis=noted("share of inputs put back"),
        order=noted("largest first"),
        column=noted("Largest first"),
        caption=noted("Insertion: distance of the output from the row's own, over that with every input replaced."),
        alt=noted("Insertion curves: inputs largest first, against random orders"),
    ),
)
_CHECKS = (
    "residual",
    "difference",
    "within_error",
    "stability.rows",
    "stability.backgrounds",
    "kinds.rank_correlation",
    "kinds.sign_agreement",
    "kinds.moved",
    "lime.rank_correlation",
    "lime.sign_agreement",
    "deletion.gain",
    "insertion.gain",
    "shared_credit.pairs",
    "off_data.rows",
    "off_data.mixtures",
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """The checks as a table, the curves, and the pairs of columns that share credit."""
    rows = [_row(figure) for check in _CHECKS for figure in reader.named(_NAME + check)]
    if not rows:
        return ()
    table = Table(
        columns=(
            Column(title=words("Check"), share=36),
            Column(title=words("Found, with interval"), align="right", share=18),
            Column(title=words("Compared"), align="right", share=11),
            Column(title=words("How it was measured"), share=35),
        ),
        rows=tuple(rows),
        print_rows=30,
    )
    caution = words(
        "These checks look for contradictions: between base, contributions and output, between two computations of the "
        "same thing, between parts of the data, between what is said to matter and what moves the output. That they "
        "find none shows that the numbers are consistent, not that they are the right description of the model or of "
        "the world: two methods may share an assumption that is wrong."
    )
    inside: list[Block] = [Paragraph(parts=caution), table, *_curves(reader), *_shared(reader)]
    return (Group(title=words("How far to trust it"), blocks=tuple(inside), id="reliability"),)


def _row(figure: Figure) -> Row:
    known = measure(figure.name)
    title: Parts = (Words(known.title),)
    quantile = figure.keys.get("quantile")
    if quantile is not None:
        title += (Words(", "), *_quantile(quantile))
    title += (Break(), Label(known.meaning, "clause"))
    how = listed([(clause(text),) for text in (figure.method, figure.reason) if text], "; ")
    return Row(cells=(title, stacked(figure), number(figure, "n"), how))


def _quantile(quantile: str) -> Parts:
    if quantile == "0.5":
        return words("median")
    if quantile == "1":
        return words("largest")
    return words("{percent} % of rows lie below", percent=on_page(round(100 * float(quantile))))


def _curves(reader: Reader) -> tuple[Block, ...]:
    drawn: list[Block] = []
    for way in _WAYS:
        series = reader.series(_NAME + way.key)
        if series is None:
            continue
        share, ranked, random = (
            [float(v) for v in series.column(c) if isinstance(v, int | float)] for c in ("share", "ranked", "random")
        )
        runs = [(say(way.order), ranked), (say("random order"), random)]
        svg = draw.lines(share, runs, axis=say(way.axis), vertical=say("distance of the output"))
        titles = (words("Share"), words(way.column), words("Random order"))
        data = Table(
            columns=tuple(Column(title=title, align="right") for title in titles),
            rows=tuple(
                Row(cells=tuple((Point(series, column, i),) for column in ("share", "ranked", "random")))
                for i in range(len(share))
            ),
        )
        drawn.append(Chart(svg=svg, alt=say(way.alt), caption=words(way.caption), data=data))
    return tuple(drawn)


def _shared(reader: Reader) -> tuple[Block, ...]:
    figures = reader.named(_NAME + "shared_credit.correlation")
    if not figures:
        return ()
    return (
        Paragraph(parts=words("Columns that share credit: their contributions can be told apart only by assumption.")),
        Table(
            columns=(
                Column(title=words("Input"), share=35),
                Column(title=words("With"), share=35),
                Column(title=words("Correlation"), align="right", share=20),
                Column(title=words("Rows"), align="right", share=10),
            ),
            rows=tuple(
                Row(cells=((name(reader.feature(f)),), (name(reader.feature(f, "with")),), number(f), number(f, "n")))
                for f in figures
            ),
            source=source(figures),
        ),
    )
