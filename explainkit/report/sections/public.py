"""The public summary: what a law, or anybody affected, asks of a model, and nothing of a single person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explainkit.figures import Figure
from explainkit.public import Summary
from explainkit.report.card import (
    Block,
    Break,
    Column,
    Facts,
    Group,
    Items,
    Label,
    Mark,
    Paragraph,
    Parts,
    Row,
    Statement,
    Table,
    Tiles,
    Words,
)
from explainkit.report.language import noted, say, spoken
from explainkit.report.measures import measure
from explainkit.report.phrases import (
    against,
    clause,
    clipped_clause,
    code,
    digest,
    group_name,
    interval,
    is_reference,
    level,
    listed,
    name,
    number,
    on_page,
    source,
    stacked,
    subject_of,
    title,
    words,
)
from explainkit.report.reader import Reader
from explainkit.report.sections import fairness, groups, local_law, preconditions, tiles
from explainkit.report.sections.identity import model_name

_SHOWN = 400
_OVERALL = (
    *("performance.roc_auc", "performance.brier", "performance.observed_expected", "performance.accuracy"),
    *("performance.balanced_accuracy", "performance.precision", "performance.recall", "performance.specificity"),
    *("performance.selection_rate", "performance.log_loss", "performance.mae", "performance.rmse"),
    *("performance.r2", "performance.mean_error"),
)
_BY_GROUP = {
    "binary": (
        *("fairness.selection_rate", "fairness.impact_ratio", "fairness.true_positive_rate"),
        *("fairness.false_positive_rate", "fairness.accuracy"),
    ),
    "multiclass": ("fairness.selection_rate", "fairness.impact_ratio", "fairness.accuracy"),
    "regression": ("fairness.mean_prediction", "fairness.mae"),
}
_KINDS = {"not_tested": noted("not tested"), "sampled": noted("sampled"), "suppressed": noted("suppressed")}
DATA = {"evaluation": noted("Evaluation data"), "reference": noted("Reference data")}
COMMAND = "explainkit verify RELEASE --trust CA.pem"
_FACTS = ("intended_use", "provider", "expiry", "population")
"""Statements that stand at the top, in full."""
_MOST_OUTPUTS = 5


def blocks(summary: Summary) -> tuple[Block, ...]:
    """All that the summary says, and how to verify it."""
    return (*told(summary), Group(title=words("How to check this summary"), blocks=_verify(summary)))


def told(summary: Summary) -> tuple[Block, ...]:
    """Who and what; how well, for whom; what moves the score; what is not known; what is stated."""
    reader = Reader(summary.as_evidence())
    found: list[Block] = []
    if summary.draft:
        reasons = listed([(clause(reason),) for reason in summary.draft], "; ")
        found.append(Paragraph(parts=words("**DRAFT**: {reasons}.", reasons=reasons), style="alert"))
    use = _answer(reader, "intended_use")
    if reader.answer("intended_use") is None:
        use = words("Intended use: {missing}", missing=use)
    found.append(Paragraph(parts=use, style="lede"))
    found.append(Facts(pairs=_facts(reader, summary)))
    found.append(Group(title=words("How well it does, over all rows"), blocks=_performance(reader)))
    found.extend(_groups(reader, summary))
    found.extend(_importance(reader))
    found.append(Group(title=words("What was not tested, or is not shown"), blocks=(_unknown(summary),)))
    found.append(Group(title=words("What the provider states"), blocks=_statements(reader)))
    return tuple(found)


def _answer(reader: Reader, key: str) -> Parts:
    answer = reader.answer(key)
    return (Label(answer, "statement"),) if answer is not None else (Mark("attention", say("NOT PROVIDED")),)


def _facts(reader: Reader, summary: Summary) -> tuple[tuple[Parts, Parts], ...]:
    model: Parts = (model_name(summary.model),)
    if summary.model.digest:
        model += (Break(), digest(summary.model.digest))
    data = words("{count} rows", count=number(reader.figure("data.rows", dataset="evaluation")))
    used = next((d for d in summary.data if d.role == "evaluation"), None)
    data += (Break(), digest(used.digest)) if used is not None else ()
    population = preconditions.population(reader.evidence)
    dated: Parts = (name(spoken().date(summary.date)),) if summary.date else words("undated")
    return (
        (words("Provider"), _answer(reader, "provider")),
        (words("Date of the calculations"), dated),
        (words("Valid until"), _answer(reader, "expiry")),
        (words("Population"), population or (Mark("attention", say("not stated")),)),
        (words("Decision"), _decision(reader)),
        (words("Model"), model),
        (words("Calculated on"), data),
    )


def _decision(reader: Reader) -> Parts:
    """How the output is to be read."""
    evidence = reader.evidence
    if evidence.task == "regression":
        return words("none: the output is a number")
    favourable, positive = evidence.favourable, evidence.positive
    wanted = name(favourable) if favourable is not None else Mark("attention", say("not stated"))
    if evidence.task == "multiclass":
        return words("the most probable class; favourable: {favourable}", favourable=wanted)
    outcome = name(positive) if positive is not None else Mark("attention", say("direction not stated"))
    return words(
        "{outcome} where the score is {threshold}; favourable: {favourable}",
        outcome=outcome,
        threshold=preconditions.limit(evidence) or (Mark("attention", say("no threshold")),),
        favourable=wanted,
    )


def _performance(reader: Reader) -> tuple[Block, ...]:
    """The key figures of the card's page one, and the measures behind them."""
    withheld = any(f.status == "suppressed" for f in reader.named("fairness.impact_ratio"))
    shown = tiles.key_figures(reader)
    if withheld:
        shown = tuple(
            replace(t, title=words("smallest impact ratio of those shown"))
            if t.title == words("smallest impact ratio")
            else t
            for t in shown
        )
    figures = [f for key in _OVERALL for f in reader.named(key) if f.status == "measured"]
    rows = [Row(cells=(_measure(f), number(f), interval(f), number(f, "n"), number(f, "events"))) for f in figures]
    if not rows:
        return (Tiles(tiles=shown),)
    table = Table(
        columns=(
            Column(title=words("Measure"), share=44),
            Column(title=words("Value"), align="right", share=12),
            Column(title=(title(level(figures), "clause"),), align="right", share=22),
            Column(title=words("n"), align="right", share=11),
            Column(title=words("Events"), align="right", share=11),
        ),
        rows=tuple(rows),
    )
    return (Tiles(tiles=shown), table)


def _measure(figure: Figure) -> Parts:
    known = measure(figure.name)
    return (title(f"{known.title}: {known.meaning}" if known.meaning else known.title),)


def _groups(reader: Reader, summary: Summary) -> tuple[Block, ...]:
    """One table for each sensitive column, and the calculations of Local Law 144 where they were asked for."""
    if not reader.named("fairness.count"):
        return (Group(title=words("By group"), blocks=(Paragraph(parts=groups.absent(reader)),)),)
    inside: list[Block] = [Paragraph(parts=fairness.basis(reader), style="text")]
    if summary.min_count is not None:
        floor = words(
            "A figure of a group is shown where at least {count} people are counted in it and as many are not; others "
            "are suppressed, and so are those that would reveal them.",
            count=on_page(summary.min_count),
        )
        inside.append(Paragraph(parts=floor, style="text"))
    inside += [table for column in reader.sensitive if (table := _by_column(reader, column)) is not None]
    return (Group(title=words("By group"), blocks=tuple(inside)), *local_law.blocks(reader))


def _by_column(reader: Reader, column: str) -> Group | None:
    counts = reader.keyed("fairness.count", column)
    if not counts:
        return None
    every = [k for k in _BY_GROUP[reader.evidence.task] if reader.keyed(k, column)]
    kinds = [k for k in every if any(f.status != "not_tested" for _, f in reader.keyed(k, column))]
    figures = [f for k in every for _, f in reader.keyed(k, column)]
    rows = []
    for group, count in counts:
        cells = [_cell(reader.figure(k, {column: group}), group) for k in kinds]
        rows.append(Row(cells=(group_name([group]), number(count), *cells)))
    unknown = reader.figure("fairness.unknown", column=column)
    notes = []
    if unknown is not None:
        notes.append(words("Unknown group: {count} rows.", count=number(unknown)))
    references = dict.fromkeys(f.reference for f in figures if f.reference is not None)
    if references:
        named = listed([(fairness.reference_label(text),) for text in references])
        notes.append(words("Reference: {references}.", references=named))
    notes.append(source([*figures, *(count for _, count in counts)]))
    table = Table(
        columns=(
            Column(title=words("Group"), share=20),
            Column(title=words("n"), align="right", share=8),
            *(Column(title=(title(measure(k).title),), align="right", share=14) for k in kinds),
        ),
        rows=tuple(rows),
        source=listed(notes, " "),
    )
    return Group(title=words("By {column}", column=name(column)), blocks=(table,))


def _cell(figure: Figure | None, group: str) -> Parts:
    if figure is not None and figure.reference is not None and is_reference(figure, [group]):
        return against(figure, [group])
    return stacked(figure)


def _importance(reader: Reader) -> tuple[Block, ...]:
    """The most important inputs, the largest first; of several classes, a column each."""
    figures = [f for f in reader.named("explanation.shap.importance") if f.status == "measured"]
    if not figures:
        return ()
    keyed = {(f.keys["feature"], f.keys.get("output")): f for f in figures}
    outputs = list(dict.fromkeys(output for _, output in keyed))[:_MOST_OUTPUTS]
    weights: dict[str, float] = {}
    for figure in figures:
        weights[figure.keys["feature"]] = weights.get(figure.keys["feature"], 0.0) + float(figure.value or 0.0)
    ranked = sorted(weights, key=lambda feature: (-weights[feature], feature))
    method = next((m.method for m in reader.evidence.methods if m.id == "shap"), "")
    how = listed([(clause(text),) for text in (method, figures[0].method or "") if text], " · ")
    table = Table(
        columns=(
            Column(title=words("Input"), share=30),
            *(_output(output, figures, share=70 // len(outputs)) for output in outputs),
        ),
        rows=tuple(
            Row(cells=((name(reader.feature(f)),), *(_inline(keyed.get((f, output))) for output in outputs)))
            for f in ranked
        ),
        source=how,
    )
    said = words(
        "Mean absolute SHAP values: how far each input moves the model's output, whichever way. They describe the "
        "model, not the world, and name no cause."
    )
    return (Group(title=words("Which inputs matter most"), blocks=(Paragraph(parts=said, style="text"), table)),)


def _output(output: str | None, figures: Sequence[Figure], *, share: int) -> Column:
    heading = words("Importance, {interval}", interval=title(level(figures), "clause"))
    return Column(title=heading if output is None else (name(output),), align="right", share=share)


def _inline(figure: Figure | None) -> Parts:
    ends = interval(figure)
    return (*number(figure), Words("  ("), *ends, Words(")")) if ends else number(figure)


def _unknown(summary: Summary) -> Items:
    """The ledger in short."""
    items = [
        (
            *words(_KINDS[e.kind]),
            Words(": "),
            *subject_of(e.what, longest=150),
            Words(" ("),
            clipped_clause(e.reason, 170),
            Words(")"),
        )
        for e in summary.ledger
    ]
    beyond = words("This summary leaves out single cases, all rows, and the rules and processing around the score.")
    return Items(items=(*items, beyond))


def _statements(reader: Reader) -> tuple[Block, ...]:
    return tuple(
        Statement(question=say(s.question), answer=s.answer, role=say(s.role), required=s.required, id=s.id)
        for s in reader.evidence.statements
        if s.id not in _FACTS
    )


def _verify(summary: Summary) -> tuple[Block, ...]:
    of_model: tuple[tuple[Parts, Parts], ...] = ()
    if summary.model.digest is not None:
        of_model = ((words("Model"), (code(summary.model.digest),)),)
    pairs: tuple[tuple[Parts, Parts], ...] = (
        (words("Made from card.json"), (code(summary.card),)),
        *of_model,
        *((words(DATA[d.role]), (code(d.digest),)) for d in summary.data),
        (words("This document"), words("every number stands in summary.json, attached to the PDF, under the same id")),
        (words("Signed with the card"), words("the statement in signatures lists the three files of the summary")),
        (words("Verify"), words("{command}, or by VERIFY.md with openssl", command=code(COMMAND))),
    )
    said = words(
        "The figures are those of the card, which is signed; this summary gives fewer of them. It is no verdict, "
        "and no independent audit."
    )
    return (Paragraph(parts=said, style="text"), Facts(pairs=pairs, wide=True))
