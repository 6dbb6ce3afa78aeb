"""What crossed a limit, in one line for each kind: for page one, and for sections 1 and 14."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args

from explainkit.evidence import Finding, FindingKind
from explainkit.figures import Figure
from explainkit.report.card import Link, Mark, Parts, Tone, Words
from explainkit.report.language import noted, say
from explainkit.report.measures import measure, short_title
from explainkit.report.phrases import given, interval, listed, name, number, on_page, period_name, title, words
from explainkit.report.reader import Reader, latest_period
from explainkit.report.sections.benchmarks import compared_name, simple_model

LEAKS: tuple[FindingKind, ...] = ("same_data", "overlap", "late", "copy", "determined", "ranks", "target_statistics")
"""Kinds that concern what the model may have been told."""
DRIFTS: tuple[FindingKind, ...] = ("outcome_drift", "score_drift", "drift", "told_apart", "explanation_drift")
"""Kinds that concern a change from the reference data to the evaluation data."""
OF_TIME: tuple[FindingKind, ...] = ("latest_period", "new_rows")
"""Kinds that concern measures of the model that change: in the latest period, or on rows that are new to it."""
OF_WORTH: tuple[FindingKind, ...] = ("chance", "simple_model")
"""Kinds that ask whether the model is worth having."""
OF_ROBUSTNESS: tuple[FindingKind, ...] = ("fragile", "stress", "off_data")
"""Kinds that concern what becomes of answers when inputs are not as they should be."""
OF_DATA: tuple[FindingKind, ...] = tuple(
    kind for kind in get_args(FindingKind) if kind not in (*LEAKS, *DRIFTS, *OF_TIME, *OF_WORTH, *OF_ROBUSTNESS)
)
_MOST = 5
"""Columns named in one line."""
_ROWS = {
    "whole": noted(
        "{rows} of {all} evaluation rows stand in the reference data too, equal in every column; {expected} of the "
        "reference rows have such a twin there by chance"
    ),
    "cases": noted(
        "{rows} of {all} evaluation rows stand in the reference data too, with the same inputs and outcome; {expected} "
        "of the reference rows have such a twin there by chance"
    ),
    "inputs": noted(
        "{rows} of {all} evaluation rows stand in the reference data too, with the same inputs; {expected} of the "
        "reference rows have such a twin there by chance"
    ),
    "near": noted(
        "{rows} of {all} evaluation rows nearly equal one of the reference data; {expected} of the reference rows have "
        "such a twin there by chance"
    ),
}
_SAME = noted(
    "all {rows} evaluation rows stand in the reference data too: if the model was trained on it, nothing here was "
    "measured on rows that are new to it"
)
_INPUTS: Mapping[FindingKind, str] = {
    "late": noted("the model sees what is known only after the decision: {columns}"),
    "copy": noted("an input that gives the outcome of every row away: {columns}"),
    "determined": noted("inputs with values that come with one outcome alone: {columns}"),
    "ranks": noted("inputs that alone rank the outcomes nearly as well as can be: {columns}"),
    "target_statistics": noted(
        "the model replaces values by statistics of the outcome ({columns}): rows that these were taken from tell it "
        "their own outcome"
    ),
    "chance": noted("the model is not shown to do better than the same answer for every row: {columns}"),
    "simple_model": noted("not shown to be better than a simple model: {columns}"),
    "drift": noted("inputs that changed from the reference data: {columns}"),
    "latest_period": noted("{period}, the latest period, differs from all earlier rows: {columns}"),
    "new_rows": noted("the model does worse on new rows than in sample: {columns}"),
    "personal": noted("inputs that look like data of persons: {columns}"),
    "missing_by_outcome": noted("values are missing more often with one outcome than with others: {columns}"),
    "missing_by_group": noted("values are missing more often in one group than in another: {columns}"),
    "share": noted("groups are rarer or more frequent than in the population: {columns}"),
    "off_reference": noted("values that the reference data does not cover: {columns}"),
    "duplicates": noted("rows repeat others of the same data: {columns}"),
    "constant": noted("inputs that have one value alone: {columns}"),
    "fragile": noted("noise flips decisions: {columns}"),
    "stress": noted("scenarios flip decisions: {columns}"),
    "off_data": noted("rows unlike every row of the reference data: {columns}"),
}
_OTHERS: Mapping[FindingKind, str] = {
    "late": noted("known only after the decision, and no input of the model: {columns}"),
    "copy": noted("gives the outcome of every row away, and is no input of the model: {columns}"),
    "determined": noted(
        "values that come with one outcome alone, in columns that are no inputs of the model: {columns}"
    ),
    "ranks": noted("ranks the outcomes nearly as well as can be, and is no input of the model: {columns}"),
    "drift": noted("columns that changed from the reference data, and are no inputs: {columns}"),
    "personal": noted("columns that look like data of persons, and are no inputs of the model: {columns}"),
    "off_reference": noted("values that the reference data does not cover, in columns that are no inputs: {columns}"),
}
_FLAGS: Mapping[FindingKind, str] = {
    "same_data": noted("not new data"),
    "overlap": noted("shared rows"),
    "personal": noted("personal data"),
    "share": noted("other groups"),
    "duplicates": noted("repeated rows"),
}
_FAMILIES: tuple[tuple[tuple[FindingKind, ...], str, str], ...] = (
    (LEAKS, noted("possible leakage"), "data"),
    (DRIFTS, noted("drift"), "data"),
    (OF_TIME, noted("changed"), "performance"),
    (OF_WORTH, noted("performance"), "performance"),
    (OF_ROBUSTNESS, noted("robustness"), "robustness"),
    (OF_DATA, noted("data"), "data"),
)
"""Kinds, what they are called, and the section in which they stand."""
_CHANGED: Mapping[str, str] = {
    "drift.score_psi": noted("scores lie elsewhere than in the reference data (population stability index {value})"),
    "drift.told_apart": noted(
        "evaluation rows are told from reference rows (area under the ROC curve {value}, lower end {low})"
    ),
    "drift.outcome_rate": noted(
        "at equal scores the share of the outcome differs from the reference data by {value} ({interval}), be it by "
        "drift, or because the model was trained on those rows"
    ),
    "drift.mean_error": noted(
        "the mean error differs from the reference data by {value} standard deviations ({interval}), be it by drift, "
        "or because the model was trained on those rows"
    ),
    "explanation.drift.rank_correlation": noted(
        "answers rest on other inputs than in the reference data (rank correlation of importance {value})"
    ),
}

_MOVED = {
    "": noted("{measure} {change}"),
    "out_of_sample": noted("{measure} {change} out of sample"),
    "out_of_time": noted("{measure} {change} out of time"),
}


def items(reader: Reader, kinds: Sequence[FindingKind] | None = None, *, linked: bool = True) -> Iterator[Parts]:
    """One line for each kind of finding, what the model sees before what it does not see.

    Parameters
    ----------
    reader : Reader
        With the findings.
    kinds : sequence of str, optional
        Those wanted; all where left out.
    linked : bool, default True
        Whether to say where the rest stands.
    """
    groups: dict[tuple[FindingKind, bool], list[Finding]] = {}
    for finding in reader.evidence.findings:
        if kinds is None or finding.kind in kinds:
            groups.setdefault((finding.kind, finding.input), []).append(finding)
    for (kind, seen), found in groups.items():
        tone: Tone = "attention" if seen else "open"
        said = _said(reader, kind, seen, found)
        called, section = next((flag, place) for kinds_, flag, place in _FAMILIES if kind in kinds_)
        flag = _FLAGS.get(kind, called)
        more = words(", see {section}", section=Link(section)) if linked else ()
        yield (Mark(tone, say(flag)), Words(" "), *said, *more)


def _said(reader: Reader, kind: FindingKind, seen: bool, found: Sequence[Finding]) -> Parts:
    figure = _figure(reader, found[0])
    if kind == "same_data":
        return words(_SAME, rows=number(figure, "events"))
    if kind == "overlap":
        assert figure is not None
        way = figure.keys["rows"]
        expected = reader.figure("leakage.overlap_expected", rows=way)
        return words(_ROWS[way], rows=number(figure, "events"), all=number(figure, "n"), expected=number(expected))
    if figure is not None and figure.name in _CHANGED:
        low, ends = number(figure, "low"), interval(figure)
        return words(_CHANGED[figure.name], value=number(figure), low=low, interval=ends)
    message = _INPUTS[kind] if seen or kind not in _OTHERS else _OTHERS[kind]
    columns = _columns(reader, kind, found)
    if kind == "latest_period":
        return words(message, period=name(period_name(latest_period(reader) or "")), columns=columns)
    return words(message, columns=columns)


def _columns(reader: Reader, kind: FindingKind, found: Sequence[Finding]) -> Parts:
    """What is concerned, each with the number that shows it."""
    tell = _TELLS.get(kind, _bare)
    told = list(dict.fromkeys(tell(reader, finding) for finding in found))
    shown = listed(told[:_MOST])
    if len(told) > _MOST:
        return words("{columns} and {count} more", columns=shown, count=on_page(len(told) - _MOST))
    return shown


def _figure(reader: Reader, finding: Finding) -> Figure | None:
    return next((f for f in reader.evidence.figures if f.id == finding.figure), None)


def _bare(reader: Reader, finding: Finding) -> Parts:
    """The names of the columns, with the figure where there is one."""
    columns = listed([(name(column),) for column in finding.columns])
    figure = _figure(reader, finding)
    return words("{column} ({value})", column=columns, value=number(figure)) if figure is not None else columns


def _late(reader: Reader, finding: Finding) -> Parts:
    column = next(c for c in reader.evidence.columns if c.name == finding.columns[0])
    moment, figure = name(column.available or ""), _figure(reader, finding)
    if figure is None:
        return words("{column} ({moment})", column=name(column.name), moment=moment)
    if figure.name == "leakage.auc":
        message = noted("{column} ({moment}; area under the ROC curve alone {value})")
    else:
        message = noted("{column} ({moment}; rank correlation alone {value})")
    return words(message, column=name(column.name), moment=moment, value=number(figure))


def _determined(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    return words(
        "{column} with {value}: all {rows} rows are {outcome}",
        column=name(finding.columns[0]),
        value=given(figure.keys["value"]),
        rows=number(figure),
        outcome=name(figure.class_ or ""),
    )


def _encoded(reader: Reader, finding: Finding) -> Parts:
    told = [
        words("{column} by {encoder}", column=name(column) if column else words("unnamed columns"), encoder=name(kind))
        for column, kind in reader.evidence.model.target_encoded
    ]
    return listed(told[:_MOST])


def _personal(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    kind = PERSONAL.get(figure.keys["kind"], figure.keys["kind"])
    return words(
        "{column}: {kind} ({share} of the values)",
        column=name(finding.columns[0]),
        kind=words(kind),
        share=number(figure),
    )


def _by_group(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    column, by = name(finding.columns[0]), name(reader.feature(figure, "by"))
    return words("{column} by {by} ({value})", column=column, by=by, value=number(figure))


def _share(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    group, column = name(figure.keys["group"]), name(finding.columns[0])
    return words("{group} of {column} ({value})", group=group, column=column, value=number(figure))


def _drift(reader: Reader, finding: Finding) -> Parts:
    figure, column = _figure(reader, finding), name(finding.columns[0])
    assert figure is not None
    missing = figure.name == "drift.missing"
    message = noted("{column} (missing values {value})") if missing else noted("{column} (PSI {value})")
    return words(message, column=column, value=number(figure))


def _repeats(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    role = DATASETS[figure.keys["dataset"]]
    return words("{count} of the {dataset}", count=number(figure, "events"), dataset=words(role))


def _fragile(reader: Reader, finding: Finding) -> Parts:
    column = name(finding.columns[0]) if finding.columns else words("all inputs together")
    return words("{column} ({value})", column=column, value=number(_figure(reader, finding)))


def _stress(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    return words("{scenario} ({value})", scenario=name(figure.keys["scenario"]), value=number(figure))


def _moved(reader: Reader, finding: Finding) -> Parts:
    """A measure, on which rows, and by how much it changed."""
    figure = _figure(reader, finding)
    assert figure is not None
    message = _MOVED[figure.keys.get("rows", "")]
    called = title(measure(f"{figure.name.partition('.')[0]}.{figure.keys['measure']}").title)
    return words(message, measure=called, change=number(figure))


def _of_chance(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    called, ends = title(short_title(figure.name)), interval(figure)
    if not ends:  # all scores are equal
        return words("{measure} {value}", measure=called, value=number(figure))
    return words("{measure} {value} ({interval})", measure=called, value=number(figure), interval=ends)


def _against_simple(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    assert figure is not None
    return words(
        "{measure} against {model} ({difference})",
        measure=compared_name(figure.keys["figure"]),
        model=simple_model(reader, figure),
        difference=number(figure),
    )


def _unusual(reader: Reader, finding: Finding) -> Parts:
    figure = _figure(reader, finding)
    return words("{count} of {all}", count=number(figure, "events"), all=number(figure, "n"))


_TELLS: Mapping[FindingKind, Callable[[Reader, Finding], Parts]] = {
    "late": _late,
    "drift": _drift,
    "copy": lambda reader, finding: (name(finding.columns[0]),),
    "determined": _determined,
    "target_statistics": _encoded,
    "personal": _personal,
    "missing_by_group": _by_group,
    "share": _share,
    "duplicates": _repeats,
    "constant": lambda reader, finding: (name(finding.columns[0]),),
    "fragile": _fragile,
    "stress": _stress,
    "off_data": _unusual,
    "latest_period": _moved,
    "new_rows": _moved,
    "chance": _of_chance,
    "simple_model": _against_simple,
}
PERSONAL = {
    "e-mail address": noted("e-mail addresses"),
    "account number": noted("account numbers"),
    "card number": noted("card numbers"),
    "phone number": noted("phone numbers"),
    "national id": noted("national ids"),
    "name": noted("names"),
}
DATASETS = {"evaluation": noted("evaluation data"), "reference": noted("reference data")}
