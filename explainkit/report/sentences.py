"""Plain sentences made from numbers by template. They say what the model did with its inputs, and name no cause."""

from __future__ import annotations

from explainkit.evidence import Case, Change
from explainkit.figures import Figure
from explainkit.report.card import Break, Link, Number, Parts, Point, Words
from explainkit.report.language import noted, say
from explainkit.report.numbers import figure_text, point_text
from explainkit.report.phrases import given, listed, name, number, words
from explainkit.report.reader import Reader
from explainkit.report.text import printable

_ROUNDING = 1e-12


def value_of(reader: Reader, case: Case, feature: str) -> Parts:
    """The value of an input in a case, a number or a text, or those of a group; empty where it is not known."""
    members = reader.groups.get(feature)
    if members is not None:
        return listed([(name(m), Words(" "), *value_of(reader, case, m)) for m in members], say(" and "))
    numeric = reader.figure("case.input", case=case.key, feature=feature)
    if numeric is not None:
        return number(numeric)
    texts = dict(case.inputs)
    return (given(texts[feature]),) if feature in texts else ()


def contribution(reader: Reader, case: Case, figure: Figure) -> Parts:
    """``duration_months = 48 raised the log-odds of bad: +0.520``.

    Parameters
    ----------
    reader : Reader
        Of the evidence.
    case : Case
        The row.
    figure : Figure
        One contribution of it, measured.
    """
    moving, output = _input(reader, case, reader.feature(figure)), _output(figure)
    size = figure.value or 0.0
    if abs(size) <= _ROUNDING:
        return words("{input} did not move {output}", input=moving, output=output)
    message = noted("{input} raised {output}: {contribution}")
    if size < 0:
        message = noted("{input} lowered {output}: {contribution}")
    return words(message, input=moving, output=output, contribution=number(figure))


def together(figure: Figure, count: Parts) -> Parts:
    """The same for the inputs beyond the largest, which share one number."""
    message = noted("all {count} other inputs together lowered {output}: {contribution}")
    if (figure.value or 0.0) > 0:
        message = noted("all {count} other inputs together raised {output}: {contribution}")
    return words(message, count=count, output=_output(figure), contribution=number(figure))


def reason(reader: Reader, case: Case, feature: str, against: str) -> Parts:
    """What an input contributed to an adverse decision, beside its mean among the rows of a comparison group."""
    own = reader.measured("explanation.reasons.contribution", case=case.key, feature=feature)
    mean = reader.measured("explanation.reasons.mean", against=against, feature=feature)
    short = reader.measured("explanation.reasons.shortfall", against=against, case=case.key, feature=feature)
    parts = _input(reader, case, feature)
    if own is None or mean is None or short is None:
        return parts
    return words(
        "{input} moved {output} by {contribution}; the mean of {group} is {mean}: {further} further against the person",
        input=parts,
        output=_output(own),
        contribution=number(own),
        group=group_words(reader, against),
        mean=number(mean),
        further=number(short, strong=True),
    )


def group_words(reader: Reader, against: str) -> Parts:
    """``the 30 favourably decided rows nearest to the cut-off``, or ``all 300 rows``."""
    rows = number(reader.figure("explanation.reasons.group_rows", against=against))
    if against == "cutoff":
        return words("the {rows} favourably decided rows nearest to the cut-off", rows=rows)
    return words("all {rows} rows", rows=rows)


def change(reader: Reader, case: Case, found: Change, index: int) -> Parts:
    """What turns the decision of the model, in the words that promise nothing."""
    texts = dict(found.values)
    moves: list[Parts] = []
    for feature in found.columns:
        keys = {"case": case.key, "change": str(index), "feature": feature}
        new = reader.figure("explanation.change.value", keys)
        to = number(new) if new is not None else given(texts.get(feature, ""))
        old, what = value_of(reader, case, feature), name(feature, strong=True)
        move = (
            words("{feature} from {old} to {new}", feature=what, old=old, new=to)
            if old
            else words("{feature} to {new}", feature=what, new=to)
        )
        moves.append(move)
    score = reader.figure("explanation.change.score", case=case.key, change=str(index))
    return words(
        "{changes} would change this model's output, other things equal; no promise, no causal claim. "
        "Score then: {score}",
        changes=listed(moves, say(" and ")),
        score=number(score),
    )


def plain(parts: Parts) -> str:
    """Parts as text for a terminal; what has no look of its own is written out."""
    texts = []
    for part in parts:
        if isinstance(part, Number):
            texts.append(figure_text(part.figure, part.field))
        elif isinstance(part, Point):
            texts.append(point_text(part.series, part.column, part.row))
        elif isinstance(part, Link):
            texts.append(say("section {section}", section=part.target))
        elif isinstance(part, Break):
            texts.append(" ")
        else:
            texts.append(printable(part.text))
    return "".join(texts)


def _input(reader: Reader, case: Case, feature: str) -> Parts:
    value = value_of(reader, case, feature)
    return (name(feature, strong=True), *((Words(" = "), *value) if value else ()))


def _output(figure: Figure) -> Parts:
    """What was moved: the log-odds of a class, its probability, or the prediction."""
    if figure.class_ is None:
        return words("the prediction")
    if figure.unit == "probability":
        return words("the probability of {outcome}", outcome=name(figure.class_))
    return words("the log-odds of {outcome}", outcome=name(figure.class_))
