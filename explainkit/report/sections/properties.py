"""Part of section 12: properties that the plan states, each proven, refuted, undecided or tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explainkit.figures import Figure, Series, as_in_ids
from explainkit.report.card import (
    Block,
    Break,
    Column,
    Group,
    Inline,
    Label,
    Mark,
    Paragraph,
    Parts,
    Point,
    Row,
    Table,
    Words,
)
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import clause, given, interval, listed, name, number, words
from explainkit.report.reader import Reader

_ANSWER = {"probability": noted("the answer"), "margin": noted("the log-odds")}


def blocks(reader: Reader) -> tuple[Block, ...]:
    """What was found out about each property; inputs for which one does not hold."""
    stated = {as_in_ids(called(entry)): entry for entry in _listed(reader.evidence.plan.get("properties"))}
    found = [f for f in reader.named("property.holds") if f.keys["property"] in stated]
    if not found:
        return ()
    intro = words(
        "What is proven holds for every input within the inputs named, not only for the rows of the data; what does "
        "not hold is shown by inputs for which the model itself answers so. What was only tested, or is undecided, may "
        "be wrong somewhere."
    )
    table = Table(
        columns=(
            Column(title=words("Property"), share=34),
            Column(title=words("Found"), share=20),
            Column(title=words("Largest violation"), align="right", share=18),
            Column(title=words("How"), share=28),
        ),
        rows=tuple(_row(reader, figure, stated[figure.keys["property"]]) for figure in found),
        source=words(
            "Violation: by how much the property is broken at most, in log-odds where the model adds those up; the "
            "second number of a range is proven to be the largest possible."
        ),
    )
    examples = [_example(reader, figure) for figure in found]
    inside: list[Block] = [Paragraph(parts=intro), table, *(group for group in examples if group is not None)]
    return (Group(title=words("Properties for every input"), blocks=tuple(inside), id="properties"),)


def called(entry: Mapping[str, Any]) -> str:
    """Name of a property of the plan."""
    parts = (entry.get("kind"), entry.get("feature") or entry.get("column"))
    return str(entry.get("name") or " ".join(str(part) for part in parts if part))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _row(reader: Reader, holds: Figure, entry: Mapping[str, Any]) -> Row:
    violation = reader.measured("property.violation", holds.keys)
    effort = reader.measured("property.looked", holds.keys) or reader.measured("property.tried", holds.keys)
    beyond: Parts = ()
    if violation is not None and (violation.value or (violation.high or 0) > 0):
        beyond = number(violation) if _exact(violation) else interval(violation) or number(violation)
    how: list[Parts] = [(clause(text),) for text in (holds.method, holds.reason) if text]
    if effort is not None:
        message = noted("{count} regions") if effort.name == "property.looked" else noted("{count} rows tried")
        how.append(words(message, count=number(effort)))
    said = (*_claim(entry), Break(), *_inputs(entry))
    return Row(cells=(said, (_outcome(reader, holds),), beyond, listed(how, "; ")))


def _exact(violation: Figure) -> bool:
    """Whether the largest violation is known, but for the rounding of its bound."""
    if violation.low is None or violation.high is None:
        return False
    return violation.high - violation.low <= violation.tolerance * abs(violation.high)


def _outcome(reader: Reader, holds: Figure) -> Mark:
    if holds.status == "measured":
        return Mark("ok", say("proven")) if holds.value == 1 else Mark("attention", say("does not hold"))
    if reader.measured("property.tried", holds.keys) is not None:
        return Mark("open", say("tested, not proven"))
    return Mark("open", say("undecided"))


def _claim(entry: Mapping[str, Any]) -> Parts:
    """The property in a sentence."""
    feature = name(str(entry.get("feature") or entry.get("column") or ""), strong=True)
    answer = _answer(entry)
    kind, low, high = (entry.get(key) for key in ("kind", "low", "high"))
    if kind == "monotone":
        falling = entry.get("direction") == "decreasing"
        never = noted("As {feature} rises, {answer} never rises.") if falling else _NEVER_FALLS
        return words(never, feature=feature, answer=answer)
    if kind == "independent":
        return words("Whatever {feature} is, {answer} stays the same.", feature=feature, answer=answer)
    if kind == "bounds":
        if low is None:
            return words("Never above {high}: {answer}.", high=_stated(high), answer=answer)
        if high is None:
            return words("Never below {low}: {answer}.", low=_stated(low), answer=answer)
        return words(
            "Never below {low}, never above {high}: {answer}.", low=_stated(low), high=_stated(high), answer=answer
        )
    change = _changed(entry.get("change"), feature)
    if entry.get("tolerance"):
        most = _stated(entry["tolerance"])
        return words("If {change}, {answer} moves by at most {most}.", change=change, answer=answer, most=most)
    return words("If {change}, {answer} stays the same.", change=change, answer=answer)


_NEVER_FALLS = noted("As {feature} rises, {answer} never falls.")


def _answer(entry: Mapping[str, Any]) -> Parts:
    answer = words(_ANSWER.get(str(entry.get("output", "probability")), _ANSWER["probability"]))
    if entry.get("outcome") is None:
        return answer
    return words("{answer} for {outcome}", answer=answer, outcome=name(str(entry["outcome"])))


def _changed(change: Any, feature: Inline) -> Parts:
    if isinstance(change, list):
        values = listed([(name(str(value)),) for value in change])
        return words("{values} take each other's place in {feature}", values=values, feature=feature)
    return words("{feature} changes by up to {amount}", feature=feature, amount=_stated(change))


def _stated(value: Any) -> Label:
    """A number of the plan."""
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    return Label(text.replace(".", spoken().decimal) if isinstance(value, float) else text, "statement")


def _inputs(entry: Mapping[str, Any]) -> Parts:
    """The inputs that the property is about."""
    seen = entry.get("over") == "reference"
    parts = words("Inputs: numbers within the range of the data") if seen else words("Inputs: all numbers")
    ranges = entry.get("ranges")
    for column, ends in ranges.items() if isinstance(ranges, dict) else ():
        values = _listed(ends)
        numbers = len(values) == 2 and all(isinstance(v, int | float) for v in values)
        between = " – " if numbers else ", "
        shown = listed([(_stated(value) if numbers else name(str(value)),) for value in values], between)
        parts = (*parts, Words("; "), name(str(column)), Words(" "), *shown)
    return (*parts, Words("."))


def _example(reader: Reader, holds: Figure) -> Group | None:
    """Inputs for which the property does not hold, and what the model answers."""
    series = reader.series("property.counterexample", **holds.keys)
    if series is None:
        return None
    places = [column for column, _ in series.columns if column != "input"]
    titles = {"first": words("Value") if len(places) == 1 else words("First"), "second": words("Second")}
    answers = [number(reader.measured("property.answer", {**holds.keys, "at": at})) for at in places]
    rows = [Row(cells=(words("What the model answers"), *answers), tone="strong")]
    order = range(len(series.column("input")))
    apart = [i for i in order if len(places) == 2 and series.column("first")[i] != series.column("second")[i]]
    for i in (*apart, *(i for i in order if i not in apart)):
        cells = tuple(_cell(series, at, i) for at in places)
        rows.append(
            Row(cells=((name(str(series.column("input")[i])),), *cells), tone="strong" if i in apart else "plain")
        )
    table = Table(
        columns=(
            Column(title=words("Input"), share=40),
            *(Column(title=titles[at], align="right", share=60 // len(places)) for at in places),
        ),
        rows=tuple(rows),
        source=(clause(series.method or ""),),
    )
    title = words("Where it does not hold: {property}", property=name(holds.keys["property"]))
    return Group(title=title, blocks=(table,))


def _cell(series: Series, column: str, row: int) -> Parts:
    value = series.column(column)[row]
    return (given(value),) if isinstance(value, str) else (Point(series, column, row),)
