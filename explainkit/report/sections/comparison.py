"""A comparison of two cards: page one, and its sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from explainkit.comparison import Comparison, Side
from explainkit.report.card import (
    Beside,
    Block,
    Break,
    Facts,
    Group,
    Items,
    Label,
    Mark,
    Paragraph,
    Parts,
    Section,
    Words,
)
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import clause, code, digest, interval, listed, name, number, on_page, words
from explainkit.report.reader import Reader
from explainkit.report.sections import comparison_rest as rest
from explainkit.report.sections import comparison_tables as tables

_SEEN = {
    "valid": noted("verified: valid"),
    "indeterminate": noted("NOT VERIFIED: indeterminate"),
    "invalid": noted("NOT VERIFIED: invalid"),
    "not signed": noted("NOT VERIFIED: not signed"),
    "in memory": noted("in memory, never signed"),
}
_RULED = {
    "material": noted("material"),
    "not material": noted("not material"),
    "undecided": noted("undecided"),
}
_ON_PAGE_ONE = 5
_SHOWN_FLIPS = (
    *("compare.flips_to_favourable", "compare.flips_to_unfavourable", "compare.flips_to_positive"),
    *("compare.flips_from_positive", "compare.flips", "compare.prediction_change"),
)


def front(comparison: Comparison) -> tuple[Block, ...]:
    """Which cards, how they stand, what changed, whether that is material."""
    reader = Reader(comparison.as_evidence())
    found: list[Block] = [*_alerts(comparison)]
    lede = words(
        "What changed from {before} to {after}.",
        before=_called(comparison.before),
        after=_called(comparison.after),
    )
    found.append(Paragraph(parts=lede, style="lede"))
    found.append(Facts(pairs=_facts(comparison)))
    found.append(Group(title=words("What changed"), blocks=(Items(items=_said(comparison, reader)),)))
    found.append(
        Beside(
            left=(Group(title=words("Gates that changed"), blocks=(rest.gates_short(comparison),)),),
            right=(Group(title=words("Material by the rule stated"), blocks=(_ruled(comparison),)),),
        )
    )
    shown = tables.most_telling(comparison, _ON_PAGE_ONE)
    if shown:
        table = tables.differences(reader, shown)
        found.append(Group(title=words("Key figures before and after"), blocks=(table,)))
    return tuple(found)


def _alerts(comparison: Comparison) -> list[Paragraph]:
    found = []
    for side, which in ((comparison.before, words("The earlier card")), (comparison.after, words("The later card"))):
        if side.verified not in ("valid", "in memory"):
            said = words("{card} **does not verify**: {why}.", card=which, why=_why(side))
            found.append(Paragraph(parts=said, style="alert"))
        if side.withdrawn is not None:
            said = words("{card} **was withdrawn**: {why}", card=which, why=Label(side.withdrawn, "statement"))
            found.append(Paragraph(parts=said, style="alert"))
        if side.draft:
            reasons = listed([(clause(reason),) for reason in side.draft], "; ")
            said = words("{card} **is a draft**: {why}.", card=which, why=reasons)
            found.append(Paragraph(parts=said, style="alert"))
    if comparison.before.population != comparison.after.population:
        said = words("**The cards are about other populations**, so that rates are not of the same people.")
        found.append(Paragraph(parts=said, style="alert"))
    return found


def _why(side: Side) -> Parts:
    return listed([(clause(problem),) for problem in side.problems], "; ") or words(_SEEN[side.verified])


def _called(side: Side) -> Parts:
    return (name(side.name, strong=True), Words(" "), name(side.version, strong=True))


def _facts(comparison: Comparison) -> tuple[tuple[Parts, Parts], ...]:
    pairs: list[tuple[Parts, Parts]] = []
    for side, title in ((comparison.before, words("Earlier card")), (comparison.after, words("Later card"))):
        dated: Parts = (name(spoken().date(side.date)),) if side.date else words("undated")
        known = "ok" if side.verified == "valid" else "open" if side.verified == "in memory" else "attention"
        seen = Mark(known, say(_SEEN[side.verified]))  # type: ignore[arg-type]
        pairs.append((title, (*_called(side), Words(", "), *dated, Break(), digest(side.card), Break(), seen)))
    for side, title in ((comparison.before, words("Earlier model")), (comparison.after, words("Later model"))):
        model: Parts = (name(side.model.kind or side.model.family),)
        if side.model.digest:
            model += (Break(), digest(side.model.digest))
        if side.threshold is not None:
            model += (Break(), *words("decides at {threshold}", threshold=_threshold(side.threshold)))
        pairs.append((title, model))
    pairs.append((words("Rows"), _rows(comparison)))
    pairs.append((words("How differences were taken"), _basis(comparison)))
    return tuple(pairs)


def _threshold(text: str) -> Label:
    return Label(text.replace(">=", "≥ ").replace(".", spoken().decimal), "clause")


def _rows(comparison: Comparison) -> Parts:
    return words("the same evaluation data") if comparison.rows == "the same" else words("other evaluation data")


def _basis(comparison: Comparison) -> Parts:
    if comparison.predicted is not None:
        said = words("paired, row by row: both models predicted the same rows")
        return (*said, Break(), digest(comparison.predicted))
    if comparison.rows == "the same":
        return words("from the cards alone, by a bound that holds whatever the correlation")
    return words("from the cards alone, as of independent samples")


def _said(comparison: Comparison, reader: Reader) -> tuple[Parts, ...]:
    """What there is to say, in a few lines."""
    kinds = Counter(c.noise for c in comparison.compared)
    items = [
        words(
            "{count} of {all} figures changed beyond noise; {open} are open, as the rows could tell more; {same} are "
            "exactly the same.",
            count=on_page(kinds["beyond noise"]),
            all=on_page(len(comparison.compared)),
            open=on_page(kinds["open"]),
            same=on_page(kinds["same"]),
        )
    ]
    left_out = Counter(u.why for u in comparison.uncompared)
    if left_out:
        items.append(
            words(
                "{count} figures are not compared, {other} of them because their definition changed.",
                count=on_page(sum(left_out.values())),
                other=on_page(left_out["other definition"]),
            )
        )
    for key in _SHOWN_FLIPS:
        figure = reader.measured(key)
        if figure is not None:
            items.append(
                words(
                    "{what}: {share} ({interval})",
                    what=tables.title_of(key),
                    share=number(figure),
                    interval=interval(figure),
                )
            )
    for figure in reader.named("compare.rank_correlation"):
        if figure.keys.get("kind") == "spearman" and figure.value is not None:
            of = figure.keys.get("output")
            what = words("Order of the inputs, rank correlation (Spearman)")
            items.append((*what, *((Words(", "), name(of)) if of else ()), Words(": "), *number(figure)))
    return tuple(items)


def _ruled(comparison: Comparison) -> Block:
    material = comparison.material
    if material.outcome is None:
        said = words("**NO RULE STATED**: neither plan says which change is material, so nothing is said about it.")
        return Paragraph(parts=said, style="alert")
    whose = words("the earlier plan") if material.stated_in == "before" else words("the later plan")
    mark = Mark("ok" if material.outcome == "not material" else "attention", say(_RULED[material.outcome]))
    said = words("{outcome} by the rule of {plan}", outcome=mark, plan=whose)
    return Paragraph(parts=said)


def sections(comparison: Comparison) -> tuple[Section, ...]:
    """All sections, numbered."""
    reader = Reader(comparison.as_evidence())
    made: tuple[tuple[str, str, Callable[[Comparison, Reader], tuple[Block, ...]]], ...] = (
        ("beyond", say("Figures that changed beyond noise"), tables.beyond),
        ("figures", say("Every figure compared"), tables.every),
        ("flips", say("Decisions that flip, and for whom"), rest.flips),
        ("explanations", say("How explanations moved"), rest.explanations),
        ("gates", say("Gates before and after"), rest.gates),
        ("material", say("Is the change material?"), rest.material),
        ("changes", say("What else is not the same"), rest.changes),
        ("uncompared", say("Figures that are not compared"), rest.uncompared),
        ("how", say("How this was compared, and how to check it"), _how),
    )
    return tuple(
        Section(number=place, id=key, title=title, blocks=make(comparison, reader))
        for place, (key, title, make) in enumerate(made, start=1)
    )


def _how(comparison: Comparison, reader: Reader) -> tuple[Block, ...]:
    """Families, assumptions, digests, commands."""
    families = tuple(
        words("{family}: {count} figures", family=name(f.keys["family"]), count=number(f))
        for f in reader.named("compare.adjusted_among")
    )
    judged = words(
        "A difference is beyond noise where its p-value, adjusted for all figures of its family, is at most {level}. "
        "The families, and the figures with an interval in each:",
        level=Label(f"0{spoken().decimal}05", "clause"),
    )
    checks: tuple[tuple[Parts, Parts], ...] = (
        (words("Verify"), (code("explainkit verify COMPARISON --trust CA.pem"),)),
        (words("Exact numbers"), words("compare.json, attached to the PDF and beside it.")),
        (words("Earlier card.json"), (code(comparison.before.card),)),
        (words("Later card.json"), (code(comparison.after.card),)),
    )
    environment = tuple(((name(k),), (name(v),)) for k, v in comparison.environment)
    return (
        Facts(pairs=checks, wide=True),
        Paragraph(parts=judged, style="read"),
        Items(items=families or (words("none"),)),
        Group(title=words("What was assumed, and what is not known"), blocks=(rest.ledger(comparison),)),
        Group(title=words("Environment that compared"), blocks=(Facts(pairs=environment),)),
    )
