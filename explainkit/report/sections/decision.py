"""One adverse decision within section 11: its principal reasons, whether they are faithful, what would change it."""

from __future__ import annotations

from explainkit.evidence import Case, CaseDecision, Method
from explainkit.figures import Figure
from explainkit.report.card import Block, Column, Group, Items, Mark, Paragraph, Parts, Row, Table, Words
from explainkit.report.language import noted, say
from explainkit.report.phrases import clause, digest, listed, name, number, on_page, source, words
from explainkit.report.reader import Reader
from explainkit.report.sentences import change, group_words, reason, value_of

BLOCKED = noted("blocked: a principal reason is a protected attribute")
_BEYOND = {
    "cutoff": noted("Against the person, beyond the mean of the rows nearest to the cut-off"),
    "all": noted("Against the person, beyond the mean of all rows"),
}
_BEYOND_OTHER = {
    "cutoff": noted("… of the rows nearest to the cut-off"),
    "all": noted("… of all rows"),
}
_RANKED = 8  # rows of the ranking on paper
_OTHER = {"cutoff": "all", "all": "cutoff"}


def blocks(reader: Reader, case: Case) -> tuple[Block, ...]:
    """Reasons and changes of a case that was decided against the person; nothing for any other."""
    decision = case.decision
    if decision is None or not decision.adverse:
        return ()
    return (
        Group(title=words("Principal reasons of this decision"), blocks=tuple(_reasons(reader, case, decision))),
        Group(title=words("What would change it"), blocks=tuple(_changes(reader, case, decision))),
    )


def overall(reader: Reader) -> tuple[Block, ...]:
    """Reasons over all adverse decisions explained: how often blocked, how often both methods agree, which inputs."""
    adverse = reader.measured("explanation.reasons.adverse")
    blocked = reader.figure("explanation.reasons.blocked")
    if adverse is None or not adverse.value:
        return ()
    if blocked is not None and blocked.status == "measured":
        said = [
            words(
                "Of {decisions} decisions against a person among the rows explained, {blocked} have a protected "
                "attribute among their principal reasons.",
                decisions=number(adverse),
                blocked=number(blocked),
            )
        ]
    else:
        why = (clause(blocked.reason),) if blocked is not None and blocked.reason else words("not tested")
        said = [
            words(
                "Of {decisions} decisions against a person among the rows explained, it was not tested how many have "
                "a protected attribute among their reasons: {why}.",
                decisions=number(adverse),
                why=why,
            )
        ]
    same = reader.measured("explanation.reasons.same_set")
    if same is not None:
        said.append(words("Both methods name the same set of reasons in a share of {share}.", share=number(same)))
    rates = [f for f in reader.named("explanation.reasons.frequency") if f.status == "measured"]
    table = Table(
        columns=(
            Column(title=words("Input"), share=50),
            Column(title=words("Principal reason in a share of"), align="right", share=30),
            Column(title=words("Decisions"), align="right", share=20),
        ),
        rows=tuple(Row(cells=((name(reader.feature(f)),), number(f), number(f, "events"))) for f in rates),
        source=source([blocked] if blocked is not None and blocked.status == "measured" else []),
        print_rows=8,
    )
    title = words("Reasons over all adverse decisions")
    return (
        Group(title=title, blocks=(Paragraph(parts=listed(said, " "), style="read"), *((table,) if rates else ()))),
    )


def _reasons(reader: Reader, case: Case, decision: CaseDecision) -> list[Block]:
    if decision.reasons is None or decision.against is None:
        few = (Mark("open", say("not tested")), Words(" "), *words("too few rows to rank reasons against."))
        return [Paragraph(parts=few)]
    found: list[Block] = []
    if decision.protected:
        issued = words(
            "({columns}). No reason text is issued. The ranking is shown to whoever validates the model.",
            columns=listed([(name(n, strong=True),) for n in decision.protected]),
        )
        found.append(Paragraph(parts=(Mark("attention", say(BLOCKED)), Words(" "), *issued), style="alert"))
    elif not decision.reasons:
        nothing = words(
            "No input counts further against the person than on average among {group}.",
            group=group_words(reader, decision.against),
        )
        found.append(Paragraph(parts=nothing))
    else:
        listed_ = (
            (on_page(i), Words(". "), *reason(reader, case, feature, decision.against), Words("."))
            for i, feature in enumerate(decision.reasons, start=1)
        )
        found.append(Items(items=tuple(listed_)))
    found.append(Paragraph(parts=_faithful(reader, case), style="text"))
    found.append(_ranking(reader, case, decision))
    found.append(Paragraph(parts=_method(reader, case, decision), style="note"))
    return found


def _ranking(reader: Reader, case: Case, decision: CaseDecision) -> Table:
    """Inputs by both methods, the first method's order."""
    first = decision.against or "cutoff"
    short = [
        f
        for f in reader.named("explanation.reasons.shortfall")
        if f.keys["case"] == case.key and f.keys["against"] == first and f.status == "measured"
    ]
    short.sort(key=lambda f: -(f.value or 0.0))
    protected = set(decision.protected or ())
    rows = []
    for figure in short:
        feature = reader.feature(figure)
        keys = {"case": case.key, "feature": figure.keys["feature"]}
        other = reader.figure("explanation.reasons.shortfall", {**keys, "against": _OTHER[first]})
        mark: Parts = (Words(" "), Mark("attention", say("protected"))) if feature in protected else ()
        rows.append(
            Row(
                cells=(
                    (name(feature), *mark),
                    value_of(reader, case, feature),
                    number(reader.figure("explanation.reasons.contribution", keys)),
                    number(figure),
                    number(other),
                ),
                tone="strong" if feature in (decision.reasons or ()) else "plain",
            )
        )
    return Table(
        columns=(
            Column(title=words("Input"), share=30),
            Column(title=words("Value"), share=22),
            Column(title=words("Contribution"), align="right", share=14),
            Column(title=words(_BEYOND[first]), align="right", share=18),
            Column(title=words(_BEYOND_OTHER[_OTHER[first]]), align="right", share=16),
        ),
        rows=tuple(rows),
        print_rows=_RANKED,
    )


def _method(reader: Reader, case: Case, decision: CaseDecision) -> Parts:
    """How the reasons were ranked, against which background, and how far both methods agree."""
    against = decision.against or "cutoff"
    said = [words("Every input of the model was ranked; none was left out.")]
    method = next((m for m in reader.evidence.methods if m.id == "reasons"), None)
    if method is not None:
        said.append(_background(reader, method))
    edge = reader.measured("explanation.reasons.band_edge")
    if against == "cutoff" and edge is not None:
        said.append(words("The rows nearest to the cut-off reach up to the score {edge}.", edge=number(edge)))
    shared = reader.measured("explanation.reasons.shared", case=case.key)
    rank = reader.figure("explanation.reasons.rank_agreement", case=case.key)
    if shared is not None and rank is not None and decision.reasons:
        same = words(
            "Ranked against {group}, {shared} of {count} reasons are the same; rank correlation {correlation}.",
            group=group_words(reader, _OTHER[against]),
            shared=number(shared),
            count=on_page(len(decision.reasons)),
            correlation=number(rank),
        )
        said.append(same)
    return listed(said, " ")


def _background(reader: Reader, method: Method) -> Parts:
    rows = number(reader.figure("explanation.reasons.background_rows"))
    against = clause(method.background)
    if not method.background_digest:
        return words("Contributions are SHAP values against {background} ({rows} rows).", background=against, rows=rows)
    return words(
        "Contributions are SHAP values against {background} ({rows} rows, digest {digest}).",
        background=against,
        rows=rows,
        digest=digest(method.background_digest),
    )


def _faithful(reader: Reader, case: Case) -> Parts:
    stated = reader.measured("explanation.reasons.turned", case=case.key)
    others = reader.measured("explanation.reasons.turned_others", case=case.key)
    if stated is None:
        return words("Whether changing the reasons changes the decision was not tested.")
    message = noted(
        "Does changing the reasons change the decision? Replaced together by the values of {rows} of the rows they "
        "were ranked against, they turn it in a share of {share}."
    )
    if others is not None:
        message = noted(
            "Does changing the reasons change the decision? Replaced together by the values of {rows} of the rows they "
            "were ranked against, they turn it in a share of {share}; as many other inputs, drawn at random, in a "
            "share of {others}."
        )
    share = number(stated, strong=True)
    return words(message, rows=number(stated, "n"), share=share, others=number(others))


def _changes(reader: Reader, case: Case, decision: CaseDecision) -> list[Block]:
    if decision.changes is None:
        nothing = words("the plan names no input that a person can change.")
        return [Paragraph(parts=(Mark("open", say("not tested")), Words(" "), *nothing))]
    named = [c.name for c in reader.features if c.actionable]
    found: list[Block] = []
    if decision.changes:
        items = [change(reader, case, c, i) for i, c in enumerate(decision.changes, start=1)]
        found.append(Items(items=tuple((*item, Words(".")) for item in items)))
    else:
        none = words(
            "no change of one or two of these inputs turns the decision: {inputs}.",
            inputs=listed([(name(n),) for n in named]),
        )
        found.append(Paragraph(parts=(Mark("open", say("none found")), Words(" "), *none)))
    found.append(Paragraph(parts=_tried(reader, case, named), style="note"))
    return found


def _tried(reader: Reader, case: Case, named: list[str]) -> Parts:
    figures: list[Figure | None] = [
        reader.figure(f"explanation.change.{kind}", case=case.key) for kind in ("tried", "turned", "off_data")
    ]
    tried, turned, off = figures
    said = words(
        "The smallest change of one and of two inputs that the plan calls actionable ({inputs}), a change of two only "
        "where it is smaller. New values are those of reference rows, one column at a time, linked columns together; "
        "no reference row is shown. {tried} changed rows were tried, {turned} turn the decision, {off_data} of them "
        "were refused as off the data.",
        inputs=listed([(name(n),) for n in named]),
        tried=number(tried),
        turned=number(turned),
        off_data=number(off),
    )
    return (*said, Words(" "), *source([f for f in figures[2:] if f is not None]))
