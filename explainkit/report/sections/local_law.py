"""Within section 9: the calculations of New York City's Local Law 144."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted
from explainkit.report.phrases import clause, group_name, listed, name, number, source, words
from explainkit.report.reader import Reader

_RATES = (
    ("ll144.selection_rate", "ll144.impact_ratio"),
    ("ll144.scoring_rate", "ll144.scoring_impact_ratio"),
)
_WHAT = noted("LL144 calculations, not an independent bias audit")


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Rates and impact ratios by sex, by race and ethnicity, and by both; nothing where they were not asked for."""
    unknown = [(c, f) for c, f in reader.keyed("ll144.unknown", "column")]
    if not unknown:
        return ()
    intro = words(
        "{what}. As defined in {rules}: the impact ratio is the rate of a category over that of the most selected, or "
        "highest scoring, category; the scoring rate is the share strictly above the median score of all rows. People "
        "of unknown category are counted and left out: {counts}.",
        what=clause(_WHAT),
        rules=clause("6 RCNY § 5-300 and § 5-301"),
        counts=listed([(name(column), Words(" "), *number(figure)) for column, figure in unknown], "; "),
    )
    tables = [table for rates in _RATES for table in _tables(reader, *rates)]
    title: Parts = (clause("Local Law 144 of New York City"),)
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), *tables)),)


def _tables(reader: Reader, rate: str, ratio: str) -> list[Block]:
    figures = list(reader.named(rate))
    groupings = list(dict.fromkeys(tuple(f.keys) for f in figures if f.keys))
    found: list[Block] = []
    for columns in groupings:
        mine = [f for f in figures if tuple(f.keys) == columns]
        by = group_name(columns)
        scoring = rate == "ll144.scoring_rate"
        title = (
            words("Scoring rates by {columns}", columns=by)
            if scoring
            else words("Selection rates by {columns}", columns=by)
        )
        found.append(Group(title=title, blocks=(_table(reader, mine, rate, ratio),)))
    return found


def _table(reader: Reader, rates: list[Figure], rate: str, ratio: str) -> Table:
    ratios = [reader.figure(ratio, figure.keys) for figure in rates]
    scoring = rate == "ll144.scoring_rate"
    return Table(
        columns=(
            Column(title=words("Category"), share=46),
            Column(title=words("Applicants"), align="right", share=14),
            Column(title=words("Above the median") if scoring else words("Selected"), align="right", share=14),
            Column(title=words("Scoring rate") if scoring else words("Selection rate"), align="right", share=13),
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
