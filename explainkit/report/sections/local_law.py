"""Within section 9: the calculations of New York City's Local Law 144."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Paragraph, Parts, Row, Table, Words
from explainkit.report.phrases import clause, group_name, name, number, source, words
from explainkit.report.reader import Reader

_RATES = (
    ("ll144.selection_rate", "ll144.impact_ratio"),
    ("ll144.scoring_rate", "ll144.scoring_impact_ratio"),
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Rates and impact ratios by sex, by race and ethnicity, and by both; nothing where they were not asked for."""
    unknown = [(c, f) for c, f in reader.keyed("ll144.unknown", "column")]
    if not unknown:
        return ()
    intro: Parts = (
        clause("LL144 calculations, not an independent bias audit"),
        Words(". As defined in "),
        clause("6 RCNY § 5-300 and § 5-301"),
        Words(
            ": the impact ratio is the rate of a category over that of the most selected, or highest scoring, "
            "category; the scoring rate is the share strictly above the median score of all rows. People of unknown "
            "category are counted and left out: "
        ),
    )
    for i, (column, figure) in enumerate(unknown):
        intro += (Words("; ") if i else Words(""), name(column), Words(" "), *number(figure))
    tables = [table for rates in _RATES for table in _tables(reader, *rates)]
    title: Parts = (clause("Local Law 144 of New York City"),)
    return (Group(title=title, blocks=(Paragraph(parts=(*intro, Words(".")), style="text"), *tables)),)


def _tables(reader: Reader, rate: str, ratio: str) -> list[Block]:
    figures = list(reader.named(rate))
    groupings = list(dict.fromkeys(tuple(f.keys) for f in figures if f.keys))
    found: list[Block] = []
    for columns in groupings:
        mine = [f for f in figures if tuple(f.keys) == columns]
        what = "Scoring rates by " if rate == "ll144.scoring_rate" else "Selection rates by "
        found.append(Group(title=(Words(what), *group_name(columns)), blocks=(_table(reader, mine, rate, ratio),)))
    return found


def _table(reader: Reader, rates: list[Figure], rate: str, ratio: str) -> Table:
    ratios = [reader.figure(ratio, figure.keys) for figure in rates]
    scoring = rate == "ll144.scoring_rate"
    return Table(
        columns=(
            Column(title=words("Category"), share=46),
            Column(title=words("Applicants"), align="right", share=14),
            Column(title=words("Above the median" if scoring else "Selected"), align="right", share=14),
            Column(title=words("Scoring rate" if scoring else "Selection rate"), align="right", share=13),
            Column(title=words("Impact ratio"), align="right", share=13),
        ),
        rows=tuple(
            Row(
                cells=(
                    group_name(tuple(figure.keys.values())),
                    number(figure, "n"),
                    number(figure, "events"),
                    number(figure),
                    number(other),
                ),
                tone="quiet" if figure.status != "measured" else "plain",
            )
            for figure, other in zip(rates, ratios, strict=True)
        ),
        source=source([*rates, *ratios]),
        print_rows=24,
    )
