"""Within section 9: what was decided in fact, beside what the model says."""

from __future__ import annotations

from collections.abc import Mapping

from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Label, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted
from explainkit.report.phrases import against, group_name, level, listed, name, number, source, words
from explainkit.report.reader import Reader

_RATE, _MODEL = "decisions.actual_rate", "decisions.model_rate"
_SHOWN = (
    (_RATE, noted("Decided favourably")),
    (f"{_RATE}_difference", noted("Difference")),
    (_MODEL, noted("Selected by the model")),
    (f"{_MODEL}_difference", noted("Difference")),
    ("decisions.overridden_to_favourable", noted("Overridden to favourable")),
    ("decisions.overridden_to_unfavourable", noted("Overridden to unfavourable")),
)


def blocks(reader: Reader) -> tuple[Block, ...]:
    """One table over all rows and every group; nothing where no decisions made are given."""
    if not reader.named(_RATE):
        return ()
    column = reader.evidence.plan.get("decisions", {}).get("column", "")
    intro = words(
        "What was decided in fact (column {column}) and what the model says, on the same rows: people were given the "
        "first. Overrides are shares of those whom the model does not select, and of those whom it does; differences "
        "are to the reference group.",
        column=name(column, strong=True),
    )
    figures: list[Figure] = []
    rows = [_row(reader, words("All rows"), {}, figures)]
    for sensitive in reader.sensitive:
        for group, _ in reader.keyed(_RATE, sensitive):
            rows.append(_row(reader, (name(sensitive), Words(": "), *group_name([group])), {sensitive: group}, figures))
    below = words("Below each value: {interval}.", interval=Label(level(figures), "clause"))
    table = Table(
        columns=(
            Column(title=words("Group"), share=20),
            Column(title=words("n"), align="right", share=8),
            *(Column(title=words(title), align="right", share=12) for _, title in _SHOWN),
        ),
        rows=tuple(rows),
        source=listed([below, source(figures)], " "),
    )
    title = words("Decisions made, and those of the model")
    return (Group(title=title, blocks=(Paragraph(parts=intro, style="text"), table)),)


def _row(reader: Reader, head: Parts, keys: Mapping[str, str], figures: list[Figure]) -> Row:
    first = reader.figure(_RATE, keys)
    found = [reader.figure(kind, keys) for kind, _ in _SHOWN]
    figures += [figure for figure in found if figure is not None]
    hidden = first is None or first.status != "measured"
    group = list(keys.values())
    told = (against(figure, group) for figure in found)
    cells = (head, number(first, "n"), *(() if hidden else parts for parts in told))
    return Row(cells=cells, tone="quiet" if hidden else "plain")
