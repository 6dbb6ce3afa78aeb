"""Within section 9: which inputs carry the gap between two groups' mean outputs."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Label, Paragraph, Parts, Row, Table, Words
from explainkit.report.phrases import interval, level, name, number, reference_group, source, words
from explainkit.report.reader import Reader

_NAME = "explanation.gap"
_ON_PAPER = 6


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One table for each group with enough explained rows."""
    found = [_shared(reader, total) for total in reader.named(f"{_NAME}.total") if total.status == "measured"]
    if not found:
        return ()
    intro = words(
        "The difference between two groups' mean outputs, shared out exactly among the inputs. It is a gap in the "
        "output that is explained, not in decisions, and no cause: an input may carry a gap because its values differ "
        "between the groups, or because it works with one whose values do."
    )
    title = words("What carries the gap in the mean output")
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), *found)),)


def _shared(reader: Reader, total: Figure) -> Group:
    keys = total.keys
    parts = [f for f in reader.named(f"{_NAME}.contribution") if _same(f, keys)]
    others = [f for f in reader.named(f"{_NAME}.others") if _same(f, keys)]
    rows = [Row(cells=(words("Gap in all"), number(total), interval(total)), tone="strong")]
    rows += [Row(cells=((name(reader.feature(f)),), _part(f), interval(f))) for f in parts]
    rows += [Row(cells=(words("all other inputs together"), number(f), interval(f))) for f in others]
    table = Table(
        columns=(
            Column(title=words("Input"), share=50),
            Column(title=words("Part of the gap"), align="right", share=22),
            Column(title=(Label(level([total, *parts]), "clause"),), align="right", share=28),
        ),
        rows=tuple(rows),
        source=source([total, *parts]),
        print_rows=_ON_PAPER,
    )
    heading: Parts = (name(keys["column"]), Words(": "), name(keys["group"]))
    if total.reference is not None:
        heading += (Words(" against "), name(reference_group(total.reference)))
    return Group(title=heading, blocks=(table,))


def _part(figure: Figure) -> Parts:
    return number(figure) if figure.status == "measured" else words("not an input")


def _same(figure: Figure, keys: dict[str, str]) -> bool:
    return all(figure.keys.get(key) == value for key, value in keys.items())
