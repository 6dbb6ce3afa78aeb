"""Of a comparison: flips, explanations, gates, materiality, what else changed, what was not compared."""

from __future__ import annotations

from collections.abc import Iterator

from explainkit.comparison import Comparison, GateCompared, Uncompared
from explainkit.figures import Figure, figure_id
from explainkit.report.card import Block, Column, Group, Label, Mark, Paragraph, Parts, Row, Table, Tone, Words
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import (
    clause,
    interval,
    level,
    name,
    number,
    on_page,
    source,
    stacked,
    title,
    words,
)
from explainkit.report.reader import Reader
from explainkit.report.sections import ledger as ledger_section
from explainkit.report.sections.benchmarks import compared_name
from explainkit.report.sections.comparison_tables import title_of

_CHANGES: dict[str, tuple[Tone, str]] = {
    "newly failed": ("attention", noted("newly failed")),
    "newly passed": ("ok", noted("newly passed")),
    "added": ("open", noted("added")),
    "gone": ("attention", noted("gone")),
    "same": ("ok", noted("as before")),
}
_OUTCOMES = {"passed": noted("passed"), "failed": noted("failed")}
_KINDS = {
    "model": noted("Model"),
    "data": noted("Data"),
    "input": noted("Inputs"),
    "plan": noted("Keys of the plan"),
    "statement": noted("Statements"),
    "opinion": noted("Opinions"),
    "ledger": noted("Ledger"),
    "environment": noted("Environment"),
}
_WHY = {
    "other definition": noted("Another definition"),
    "value only before": noted("A value before, and none now"),
    "value only now": noted("A value now, and none before"),
    "gone": noted("On the earlier card alone"),
    "added": noted("On the later card alone"),
    "no value": noted("No value on either card"),
}
_RULED: dict[str, tuple[Tone, str]] = {
    "material": ("attention", noted("material")),
    "not material": ("ok", noted("not material")),
    "undecided": ("attention", noted("undecided")),
}
_FLIPS = (
    *("compare.flips", "compare.flips_to_favourable", "compare.flips_to_unfavourable"),
    *("compare.flips_to_positive", "compare.flips_from_positive", "compare.prediction_change"),
)
_LONGEST = 300


def flips(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Shares by direction, over all rows and by group."""
    figures = [f for key in _FLIPS for f in reader.named(key)]
    if not figures:
        return _not_tested(comparison, "decisions that flip")
    reading = words(
        "Both models decide the same rows, each at its own threshold. Shares of all rows, or of those of the group; "
        "no row is named, and groups are hidden whose flips would tell of few people."
    )
    rows = tuple(
        Row(cells=((*title_of(f.name), *_group(f)), number(f), interval(f), number(f, "events"), number(f, "n")))
        for f in figures
    )
    table = Table(
        columns=(
            Column(title=words("Decisions"), share=44),
            Column(title=words("Share"), align="right", share=14),
            Column(title=(title(level(figures), "clause"),), align="right", share=20),
            Column(title=words("Rows that flip"), align="right", share=12),
            Column(title=words("of"), align="right", share=10),
        ),
        rows=rows,
        source=source(figures),
        print_rows=80,
    )
    return (Paragraph(parts=reading, style="read"), table)


def _group(figure: Figure) -> Parts:
    keys = figure.keys
    said = ", ".join(f"{column}: {group}" for column, group in keys.items())
    return (Words(", "), name(said)) if keys else ()


def _not_tested(comparison: Comparison, what: str) -> tuple[Block, ...]:
    reasons = [entry.reason for entry in comparison.ledger if entry.what.startswith(what)]
    mark = Mark("open", say("not tested"))
    said: Parts = (mark,) if not reasons else (mark, Words(": "), clause(reasons[0]))
    return (Paragraph(parts=said),)


def explanations(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Rank correlation, then each input with its place and importance before and after."""
    correlations = reader.named("compare.rank_correlation")
    if not correlations:
        return _not_tested(comparison, "the order of the inputs")
    summary = Table(
        columns=(
            Column(title=words("Rank correlation of the inputs"), share=60),
            Column(title=words("Value"), align="right", share=20),
            Column(title=words("Inputs"), align="right", share=20),
        ),
        rows=tuple(Row(cells=((name(_kind(f)),), number(f), number(f, "n"))) for f in correlations),
        source=source(correlations),
    )
    places = sorted(reader.named("compare.rank_after"), key=lambda f: (f.keys.get("output", ""), f.value or 0, f.id))
    rows = tuple(_input(reader, after) for after in places)
    table = Table(
        columns=(
            Column(title=words("Input"), share=26),
            Column(title=words("Place before"), align="right", share=9),
            Column(title=words("Place now"), align="right", share=9),
            Column(title=words("Mean |SHAP| before"), align="right", share=18),
            Column(title=words("Mean |SHAP| now"), align="right", share=18),
            Column(title=words("Difference"), align="right", share=20),
        ),
        rows=rows,
        source=source(places[:1]),
        print_rows=60,
    )
    return (summary, table)


def _kind(figure: Figure) -> str:
    kind = {"spearman": "Spearman", "kendall": "Kendall"}.get(figure.keys["kind"], figure.keys["kind"])
    output = figure.keys.get("output")
    return f"{kind}, {output}" if output else kind


def _input(reader: Reader, after: Figure) -> Row:
    of = figure_id("explanation.shap.importance", after.keys)
    moved = stacked(reader.figure("compare.difference", figure=of))
    feature, output = after.keys["feature"], after.keys.get("output")
    return Row(
        cells=(
            (name(f"{feature}, {output}" if output else feature),),
            number(reader.figure("compare.rank_before", after.keys)),
            number(after),
            stacked(reader.figure("compare.before", figure=of)),
            stacked(reader.figure("compare.after", figure=of)),
            moved or words("the same"),
        )
    )


def gates_short(comparison: Comparison) -> Block:
    """Gates that are not as before, for page one."""
    moved = [g for g in comparison.gates if g.change != "same"]
    if not comparison.gates:
        said = words("**NO GATES DEFINED**: no limit was set that a figure could fail.")
        return Paragraph(parts=said, style="alert")
    if not moved:
        return Paragraph(
            parts=words("All {count} gates have the outcome that they had.", count=on_page(len(comparison.gates)))
        )
    return Table(
        columns=(Column(title=words("Gate"), share=60), Column(title=words("Change"), share=40)),
        rows=tuple(Row(cells=(compared_name(g.gate), (_change(g),))) for g in moved),
    )


def _change(gate: GateCompared) -> Mark:
    tone, said = _CHANGES[gate.change]
    return Mark(tone, say(said))


def gates(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Every gate of either card."""
    if not comparison.gates:
        return (gates_short(comparison),)
    return (
        Table(
            columns=(
                Column(title=words("Gate"), share=30),
                Column(title=words("Limit before"), align="right", share=11),
                Column(title=words("Limit now"), align="right", share=11),
                Column(title=words("Before"), share=9),
                Column(title=words("Now"), share=9),
                Column(title=words("If failed"), share=8),
                Column(title=words("Change"), share=12),
                Column(title=words("Reason"), share=20),
            ),
            rows=tuple(_gate(g) for g in comparison.gates),
            source=words(
                "Gates go by what they are on; of one whose limit changed, outcomes are not of the same limit."
            ),
        ),
    )


def _gate(gate: GateCompared) -> Row:
    return Row(
        cells=(
            compared_name(gate.gate),
            *(_limit(limit) for limit in gate.limits),
            *(words(_OUTCOMES[o]) if o is not None else (Words("–"),) for o in gate.outcomes),
            words("blocks") if gate.severity == "block" else words("warns"),
            (_change(gate),),
            (clause(gate.reason),),
        )
    )


def _limit(limit: str | None) -> Parts:
    if limit is None:
        return (Words("–"),)
    return (Label(limit.replace(">=", "≥").replace("<=", "≤").replace(".", spoken().decimal), "clause"),)


def material(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """The rule, limit by limit."""
    found = comparison.material
    if found.outcome is None:
        said = words(
            "**NO RULE STATED**: neither plan says which change is material, so nothing is said about it. The key is "
            "{key} of the plan.",
            key=Label("compare.material", mono=True),
        )
        return (Paragraph(parts=said, style="alert"),)
    whose = (
        words("The rule stands in the earlier plan, which was written before this change.")
        if found.stated_in == "before"
        else words("The rule stands in the later plan alone: it may have been written in view of this change.")
    )
    rows = tuple(
        Row(
            cells=(
                _ruled_on(rule.rule),
                (Label(rule.limit.replace(".", spoken().decimal), "clause"),),
                compared_name(rule.figure) if rule.figure is not None else (Words("–"),),
                (Mark(_RULED[rule.outcome][0], say(_RULED[rule.outcome][1])),),
                (clause(rule.reason),),
            )
        )
        for rule in found.rules
    )
    table = Table(
        columns=(
            Column(title=words("Rule on"), share=27),
            Column(title=words("Material if"), share=16),
            Column(title=words("Decided by"), share=23),
            Column(title=words("Outcome"), share=12),
            Column(title=words("Reason"), share=22),
        ),
        rows=rows,
    )
    return (Paragraph(parts=whose, style="read"), table)


def _ruled_on(rule: str) -> Parts:
    head = rule.partition("[")[0]
    known = "." in head and head.partition(".")[0] in (
        "performance",
        "fairness",
        "calibration",
        "compare",
        "explanation",
    )
    return compared_name(rule) if known else (Label(rule, mono=True),)


def changes(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Model, data, inputs, plan, statements, opinions, ledger, environment."""
    if not comparison.changed:
        return (Paragraph(parts=words("Nothing else changed.")),)
    return tuple(_changes_of(comparison))


def _changes_of(comparison: Comparison) -> Iterator[Block]:
    for kind, heading in _KINDS.items():
        found = [c for c in comparison.changed if c.kind == kind]
        if not found:
            continue
        table = Table(
            columns=(
                Column(title=words("What"), share=26),
                Column(title=words("Before"), share=37),
                Column(title=words("Now"), share=37),
            ),
            rows=tuple(Row(cells=((name(c.what),), _text(c.before), _text(c.after))) for c in found),
            print_rows=25,
        )
        yield Group(title=words(heading), blocks=(table,))


def _text(text: str | None) -> Parts:
    if text is None:
        return words("none")
    cut = text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + " …"
    return (Label(cut, "statement"),)


def uncompared(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Figures by why they are not compared."""
    if not comparison.uncompared:
        return (Paragraph(parts=words("Every figure of either card is compared.")),)
    return tuple(_uncompared_of(comparison))


def _uncompared_of(comparison: Comparison) -> Iterator[Block]:
    for why, heading in _WHY.items():
        found = [u for u in comparison.uncompared if u.why == why]
        if found:
            yield Group(
                title=words("{why}: {count}", why=words(heading), count=on_page(len(found))), blocks=(_list(found),)
            )


def _list(found: list[Uncompared]) -> Table:
    return Table(
        columns=(Column(title=words("Measure"), share=40), Column(title=words("Reason"), share=60)),
        rows=tuple(Row(cells=(compared_name(u.figure), (clause(u.reason),))) for u in found),
        print_rows=25,
        screen_rows=500,
    )


def ledger(comparison: Comparison) -> Block:
    """What was assumed, and what is not known."""
    return ledger_section.entries(Reader(comparison.as_evidence()), comparison.as_evidence())
