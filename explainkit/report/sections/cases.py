"""Section 11: single rows, and what moved their scores."""

from __future__ import annotations

from explainkit.decision import Threshold
from explainkit.evidence import Case, Evidence
from explainkit.figures import Figure
from explainkit.report import charts as draw
from explainkit.report.card import (
    Block,
    Chart,
    Column,
    Group,
    Label,
    Mark,
    Paragraph,
    Parts,
    Row,
    Section,
    Table,
    Words,
)
from explainkit.report.numbers import figure_text
from explainkit.report.phrases import clause, name, number, source, stated, words
from explainkit.report.reader import Reader
from explainkit.report.sections.preconditions import threshold_label

_MOST_BARS = 10


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
        blocks.extend(_case(reader, case) for case in evidence.cases)
    else:
        blocks.append(Paragraph(parts=(Mark("open", "not tested"), Words(" no single case was explained."))))
    blocks.extend(stated(reader, "cases"))
    return Section(number=11, id="cases", title="Single cases", blocks=tuple(blocks))


def _case(reader: Reader, case: Case) -> Group:
    shap = {reader.feature(f): f for f in _of(reader, "explanation.shap.contribution", case)}
    lime = {reader.feature(f): f for f in _of(reader, "explanation.lime.weight", case)}
    blocks: list[Block] = [Paragraph(parts=_outcome(reader, case), style="read")]
    base, output = (reader.measured(f"explanation.shap.{kind}", case=case.key) for kind in ("base", "output"))
    ordered = sorted(shap.values(), key=lambda f: (-abs(f.value or 0.0), f.id))
    if base is not None and output is not None and ordered:
        blocks.append(_waterfall(reader, ordered, base, output))
    blocks.append(_table(reader, case, ordered, lime))
    blocks.append(Paragraph(parts=_reconciled(reader, case), style="note"))
    heading: Parts = (Words("Row "), Label(case.key), Words(": "), name(case.chosen))
    return Group(title=heading, blocks=tuple(blocks), id=f"case-{case.key}")


def _of(reader: Reader, kind: str, case: Case) -> list[Figure]:
    return [f for f in reader.named(kind) if f.status == "measured" and f.keys.get("case") == case.key]


def _outcome(reader: Reader, case: Case) -> Parts:
    """Score, threshold and decision, as far as they are stated."""
    evidence = reader.evidence
    score = reader.measured("case.score", case=case.key)
    if score is None:
        return words("The score of this row was not measured.")
    if evidence.task == "regression":
        return (Words("Prediction "), *number(score, strong=True), Words("."))
    if evidence.task == "multiclass":
        parts: Parts = (Words("Probability "), *number(score, strong=True))
        return (
            (*parts, Words(" of the class "), name(score.class_), Words(".")) if score.class_ else (*parts, Words("."))
        )
    parts = (Words("Score "), *number(score, strong=True))
    if evidence.threshold is None or score.value is None:
        return (*parts, Words("; no threshold is stated, so no decision follows."))
    return (*parts, Words(" against the threshold "), clause(threshold_label(evidence)), *_decision(evidence, score))


def _decision(evidence: Evidence, score: Figure) -> Parts:
    cutoff = Threshold.parse(evidence.threshold or "")
    at = score.value or 0.0
    positive = at >= cutoff.at if cutoff.side == ">=" else at > cutoff.at
    others = [o for o in evidence.outputs if o != evidence.positive]
    if evidence.positive is None or (not positive and len(others) != 1):
        return (Words("."),)
    return (Words(": decided "), name(evidence.positive if positive else others[0], strong=True), Words("."))


def _waterfall(reader: Reader, ordered: list[Figure], base: Figure, output: Figure) -> Chart:
    shown, rest = ordered[:_MOST_BARS], ordered[_MOST_BARS:]
    steps = [draw.Step(name=reader.feature(f), value=float(f.value or 0.0), text=figure_text(f)) for f in shown]
    if rest:
        total = sum(float(f.value or 0.0) for f in rest)
        # A sum of figures is no figure: it is drawn, so that the bars meet the output, but not printed.
        steps.append(draw.Step(name="all others together", value=total, text=""))
    drawn = draw.waterfall(
        steps,
        base=(float(base.value or 0.0), f"base value  {figure_text(base)}"),
        output=(float(output.value or 0.0), f"this row  {figure_text(output)}"),
    )
    caption = words("Dark raises the output, light lowers it; the numbers carry the sign.")
    alt = "Waterfall from the base value through the contributions of the inputs to this row's output; values below"
    return Chart(svg=drawn, alt=alt, caption=caption)


def _table(reader: Reader, case: Case, ordered: list[Figure], lime: dict[str, Figure]) -> Table:
    texts = dict(case.inputs)
    features = [reader.feature(f) for f in ordered] or list(lime) or list(texts)
    shap = {reader.feature(f): f for f in ordered}
    rows = []
    for feature in features:
        numeric = reader.figure("case.input", case=case.key, feature=feature)
        value: Parts = number(numeric) if numeric is not None else ((name(texts[feature]),) if feature in texts else ())
        rows.append(Row(cells=((name(feature),), value, number(shap.get(feature)), number(lime.get(feature)))))
    return Table(
        columns=(
            Column(title=words("Input"), share=34),
            Column(title=words("Value"), share=30),
            Column(title=words("SHAP contribution"), align="right", share=18),
            Column(title=words("LIME weight"), align="right", share=18),
        ),
        rows=tuple(rows),
        print_rows=12,
    )


def _reconciled(reader: Reader, case: Case) -> Parts:
    """Base plus contributions equals output, with the residual; LIME's own fit beside it."""
    base, output, residual = (
        reader.figure(f"explanation.shap.{kind}", case=case.key) for kind in ("base", "output", "residual")
    )
    parts: Parts = ()
    if base is not None and output is not None and base.status == "measured":
        parts = (Words("SHAP: base value "), *number(base), Words(" plus contributions is "), *number(output))
        if residual is not None:
            parts += (Words(", residual "), *number(residual))
        parts += (Words(". "),)
    fidelity = reader.figure("explanation.lime.fidelity", case=case.key)
    if fidelity is not None:
        parts += (Words("LIME: local R² of the surrogate "), *number(fidelity), Words(". "))
        if fidelity.status != "measured":
            parts += source([fidelity])
    intercept = reader.measured("explanation.lime.intercept", case=case.key)
    if intercept is not None:
        parts += (Words("Its intercept is "), *number(intercept), Words(". "))
    parts += _stability(reader, case)
    if not parts:
        return (clause("No contribution was computed for this row."),)
    return parts


def _stability(reader: Reader, case: Case) -> Parts:
    """How far LIME's weights change with the seed."""
    rank, sign, spread = (
        reader.figure(f"explanation.lime.{kind}", case=case.key)
        for kind in ("rank_stability", "sign_stability", "spread")
    )
    tried = reader.figure("explanation.lime.seeds")
    if rank is None or sign is None or spread is None or tried is None:
        return ()
    return (
        Words("Refitted with other seeds ("),
        *number(tried),
        Words("): rank correlation of the weights "),
        *number(rank),
        Words(", share that keeps its sign "),
        *number(sign),
        Words(", largest standard deviation of a weight "),
        *number(spread),
        Words(". "),
    )
