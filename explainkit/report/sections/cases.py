"""Section 11: single rows, and what moved their scores."""

from __future__ import annotations

from dataclasses import replace

from explainkit.decision import Threshold
from explainkit.evidence import Case, Evidence
from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report import sentences
from explainkit.report.card import (
    Block,
    Chart,
    Column,
    Group,
    Items,
    Label,
    Mark,
    Paragraph,
    Parts,
    Row,
    Section,
    Table,
    Words,
)
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import clause, listed, name, number, on_page, source, stated, words
from explainkit.report.reader import Reader
from explainkit.report.sections import decision
from explainkit.report.sections.preconditions import threshold_label

_MOST_BARS = 10
_PRINTED = 20
"""Cases on paper; the others are on screen."""
_READ_ON_PAPER = 3
"""Contributions in sentences on paper: the drawing and the table have the others."""


def section(evidence: Evidence) -> Section:
    """Each case with its score, its contributions and their reconciliation."""
    reader = Reader(evidence)
    blocks: list[Block] = []
    if evidence.cases:
        intro = words(
            "Rows chosen by the plan. Contributions describe how the model came to its score; they promise nothing "
            "about what another value would have led to."
        )
        blocks.append(Paragraph(parts=intro, style="text"))
        blocks.extend(decision.overall(reader))
        groups = [case_group(reader, case) for case in evidence.cases]
        blocks.extend(groups[:_PRINTED])
        if len(groups) > _PRINTED:
            left = (
                on_page(len(groups) - _PRINTED),
                Words(" more cases are not printed: card.html and card.json have them."),
            )
            blocks.append(Paragraph(parts=left, style="note"))
        blocks.extend(replace(group, screen_only=True) for group in groups[_PRINTED:])
    else:
        blocks.append(
            Paragraph(parts=(Mark("open", say("not tested")), Words(" "), *words("no single case was explained.")))
        )
    blocks.extend(stated(reader, "cases"))
    return Section(number=11, id="cases", title=say("Single cases"), blocks=tuple(blocks))


def case_group(reader: Reader, case: Case) -> Group:
    """Everything about one case.

    Parameters
    ----------
    reader : Reader
        Of the evidence.
    case : Case
        One of its cases.
    """
    shap = {reader.feature(f): f for f in _of(reader, "explanation.shap.contribution", case)}
    lime = {reader.feature(f): f for f in _of(reader, "explanation.lime.weight", case)}
    blocks: list[Block] = [Paragraph(parts=_outcome(reader, case), style="read")]
    base, output = (reader.measured(f"explanation.shap.{kind}", case=case.key) for kind in ("base", "output"))
    ordered = sorted(shap.values(), key=lambda f: (-abs(f.value or 0.0), f.id))
    if base is not None and output is not None and ordered:
        blocks.append(_waterfall(reader, case, ordered, base, output))
    if ordered:
        blocks.append(Items(items=_sentences(reader, case, ordered), print_items=_READ_ON_PAPER))
    blocks.append(_table(reader, case, ordered, lime))
    blocks.append(Paragraph(parts=_reconciled(reader, case), style="note"))
    blocks.extend(decision.blocks(reader, case))
    heading = words(
        noted("Case {case}: {chosen}") if case.naming else noted("Row {case}: {chosen}"),
        case=Label(case.key),
        chosen=clause(case.chosen),
    )
    return Group(title=heading, blocks=tuple(blocks), id=f"case-{case.key}")


def _others(reader: Reader, case: Case) -> tuple[Figure | None, int]:
    """The sum of the contributions beyond the largest, and how many of these are shown one by one."""
    for figure in reader.named("explanation.shap.others"):
        if figure.keys["case"] == case.key:
            return figure, int(figure.keys["beyond"])
    return None, _MOST_BARS


def _sentences(reader: Reader, case: Case, ordered: list[Figure]) -> tuple[Parts, ...]:
    """A sentence for each contribution drawn one by one, and one for the others together."""
    rest, most = _others(reader, case)
    items = [sentences.contribution(reader, case, figure) for figure in ordered[:most]]
    if rest is not None:
        items.append(sentences.together(rest, (on_page(len(ordered) - most),)))
    return tuple((*item, Words(".")) for item in items)


def _of(reader: Reader, kind: str, case: Case) -> list[Figure]:
    return [f for f in reader.named(kind) if f.status == "measured" and f.keys.get("case") == case.key]


def _outcome(reader: Reader, case: Case) -> Parts:
    """Score, threshold and decision, as far as they are stated."""
    evidence = reader.evidence
    score = reader.measured("case.score", case=case.key)
    if score is None:
        return words("The score of this row was not measured.")
    if evidence.task == "regression":
        return words("Prediction {prediction}.", prediction=number(score, strong=True))
    if evidence.task == "multiclass":
        chance = number(score, strong=True)
        if not score.class_:
            return words("Probability {probability}.", probability=chance)
        return words("Probability {probability} of the class {name}.", probability=chance, name=name(score.class_))
    shown = number(score, strong=True)
    if evidence.threshold is None or score.value is None:
        return words("Score {score}; no threshold is stated, so no decision follows.", score=shown)
    limit, decided = Label(threshold_label(evidence), "clause"), _decided(evidence, score.value)
    if decided is None:
        return words("Score {score} against the threshold {threshold}.", score=shown, threshold=limit)
    return words(
        "Score {score} against the threshold {threshold}: decided {outcome}.",
        score=shown,
        threshold=limit,
        outcome=name(decided, strong=True),
    )


def _decided(evidence: Evidence, score: float) -> str | None:
    """The outcome that follows from a score; None where it has no name."""
    cutoff = Threshold.parse(evidence.threshold or "")
    if score >= cutoff.at if cutoff.side == ">=" else score > cutoff.at:
        return evidence.positive
    others = [o for o in evidence.outputs if o != evidence.positive]
    return others[0] if evidence.positive is not None and len(others) == 1 else None


def _waterfall(reader: Reader, case: Case, ordered: list[Figure], base: Figure, output: Figure) -> Chart:
    others, most = _others(reader, case)
    shown, rest = ordered[:most], ordered[most:]
    steps = [draw.Step(name=reader.feature(f), value=float(f.value or 0.0), text=figure_text(f)) for f in shown]
    if rest:
        total = sum(float(f.value or 0.0) for f in rest)
        # A sum of figures is printed only where it is a figure itself, which older evidence does not hold.
        text = "" if others is None else figure_text(others)
        steps.append(draw.Step(name=say("all others together"), value=total, text=text))
    drawn = draw.waterfall(
        steps,
        base=(float(base.value or 0.0), say("base value  {value}", value=figure_text(base))),
        output=(float(output.value or 0.0), say("this row  {value}", value=figure_text(output))),
    )
    caption = words("Dark raises the output, light lowers it; the numbers carry the sign.")
    alt = say(
        "Waterfall from the base value through the contributions of the inputs to this row's output; values below"
    )
    return Chart(svg=drawn, alt=alt, caption=caption)


def _table(reader: Reader, case: Case, ordered: list[Figure], lime: dict[str, Figure]) -> Table:
    shap = {reader.feature(f): f for f in ordered}
    # LIME has weights of the columns of a group, SHAP has one contribution of all.
    features = [*shap, *(f for f in lime if f not in shap)] or [feature for feature, _ in case.inputs]
    rows = []
    for feature in features:
        value = sentences.value_of(reader, case, feature)
        rows.append(Row(cells=((name(feature),), value, number(shap.get(feature)), number(lime.get(feature)))))
    return Table(
        columns=(
            Column(title=words("Input"), share=34),
            Column(title=words("Value"), share=30),
            Column(title=words("SHAP contribution"), align="right", share=18),
            Column(title=words("LIME weight"), align="right", share=18),
        ),
        rows=tuple(rows),
        print_rows=10,
    )


def _reconciled(reader: Reader, case: Case) -> Parts:
    """Base plus contributions equals output, with the residual; LIME's own fit beside it."""
    base, output, residual = (
        reader.figure(f"explanation.shap.{kind}", case=case.key) for kind in ("base", "output", "residual")
    )
    said: list[Parts] = []
    if base is not None and output is not None and base.status == "measured":
        message = noted("SHAP: base value {base} plus contributions is {output}.")
        if residual is not None:
            message = noted("SHAP: base value {base} plus contributions is {output}, residual {residual}.")
        said.append(words(message, base=number(base), output=number(output), residual=number(residual)))
    fidelity = reader.figure("explanation.lime.fidelity", case=case.key)
    if fidelity is not None:
        said.append(words("LIME: local R² of the surrogate {fidelity}.", fidelity=number(fidelity)))
        if fidelity.status != "measured":
            said.append(source([fidelity]))
    intercept = reader.measured("explanation.lime.intercept", case=case.key)
    if intercept is not None:
        said.append(words("Its intercept is {intercept}.", intercept=number(intercept)))
    said.extend(_stability(reader, case))
    return listed(said, " ") if said else words("No contribution was computed for this row.")


def _stability(reader: Reader, case: Case) -> tuple[Parts, ...]:
    """How far LIME's weights change with the seed."""
    rank, sign, spread = (
        reader.figure(f"explanation.lime.{kind}", case=case.key)
        for kind in ("rank_stability", "sign_stability", "spread")
    )
    tried = reader.figure("explanation.lime.seeds")
    if rank is None or sign is None or spread is None or tried is None:
        return ()
    said = words(
        "Refitted with other seeds ({seeds}): rank correlation of the weights {rank}, share that keeps its sign "
        "{sign}, largest standard deviation of a weight {spread}.",
        seeds=number(tried),
        rank=number(rank),
        sign=number(sign),
        spread=number(spread),
    )
    return (said,)
