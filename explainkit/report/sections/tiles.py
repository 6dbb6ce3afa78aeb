"""The key figures of page one, fixed by task."""

from __future__ import annotations

from dataclasses import replace

from explainkit.figures import Figure, reference_group
from explainkit.report.card import Label, Parts, Tile, Words
from explainkit.report.language import say, spoken
from explainkit.report.phrases import (
    STATUS,
    clipped,
    clipped_clause,
    interval,
    listed,
    name,
    number,
    period_name,
    words,
)
from explainkit.report.reader import Reader, latest_period
from explainkit.report.sections import over_time
from explainkit.report.sections.fairness import SCREEN, chosen, smallest
from explainkit.report.sections.preconditions import limit


def key_figures(reader: Reader) -> tuple[Tile, ...]:
    """Five tiles; one that could not be measured says why in its place."""
    task = reader.evidence.task
    if task == "binary":
        selection = _tile(reader, "performance.selection_rate", _selected(reader))
        return (
            _tile(reader, "performance.roc_auc", words("AUC")),
            _tile(reader, "performance.observed_expected", words("observed / expected")),
            selection,
            _worst(reader),
            _last(reader, words("change of AUC in the latest period")),
        )
    if task == "multiclass":
        return (
            _tile(reader, "performance.accuracy", words("accuracy")),
            _tile(reader, "performance.balanced_accuracy", words("balanced accuracy")),
            _tile(reader, "performance.log_loss", words("log loss")),
            _worst(reader),
            _last(reader, words("change of accuracy in the latest period")),
        )
    return (
        _tile(reader, "performance.mae", words("mean absolute error")),
        _tile(reader, "performance.mean_error", words("mean error: prediction less outcome")),
        _tile(reader, "performance.r2", words("R²: variance explained")),
        _gap(reader),
        _last(reader, words("change of mean absolute error in the latest period")),
    )


def _selected(reader: Reader) -> Parts:
    evidence = reader.evidence
    accepted = "accepted only" in evidence.population
    if not evidence.threshold:
        return words("selection rate, among accepted") if accepted else words("selection rate")
    if accepted:
        return words("selection rate at {threshold}, among accepted", threshold=limit(evidence))
    return words("selection rate at {threshold}", threshold=limit(evidence))


def _tile(reader: Reader, key: str, heading: Parts, more: Parts = ()) -> Tile:
    return _filled(reader, reader.figure(key), heading, more)


def _filled(reader: Reader, figure: Figure | None, heading: Parts, more: Parts = ()) -> Tile:
    if figure is None:
        return Tile(title=heading, value=words("–"), interval=words("not tested"), note=more)
    if figure.status != "measured":
        return Tile(
            title=heading,
            value=words("–"),
            interval=words(STATUS[figure.status]),
            note=(clipped_clause(figure.reason or "", 110),),
            attention=True,
        )
    failed = any(g.outcome == "failed" and g.figure == figure.id for g in reader.evidence.gates)
    ends = interval(figure)
    note = listed([parts for parts in (more, _size(figure)) if parts])
    if failed:
        note = words("{note}; a gate on it failed", note=note)
    shown: Parts = (*ends, Words(" "), Label(f"({_level(figure)})", "clause")) if ends else ()
    return Tile(title=heading, value=number(figure), interval=shown, note=note, attention=failed)


def _level(figure: Figure) -> str:
    """Level of the interval; that it is one where its level is not known."""
    return say("interval") if figure.level is None else f"{100 * figure.level:g} %".replace(".", spoken().decimal)


def _size(figure: Figure) -> Parts:
    if figure.n is None:
        return ()
    if figure.events is None:
        return words("n = {n}", n=number(figure, "n"))
    return words("n = {n}, events {events}", n=number(figure, "n"), events=number(figure, "events"))


def worst_group(reader: Reader) -> tuple[Figure, Figure | None] | None:
    """The figure of the group that fares worst, fixed by task, and the one whose interval allows for having chosen it.

    None where no group was measured; no second one where no interval allows for the choice.
    """
    if reader.evidence.task == "regression":
        found = _widest(reader)
    elif reader.named("fairness.impact_ratio") or reader.named("fairness.smallest_impact_ratio"):
        found = smallest(reader)
    else:
        found = _least_accurate(reader)
    return None if found is None else (found, _allowing(reader, found))


def _allowing(reader: Reader, figure: Figure) -> Figure | None:
    overall = chosen(reader, figure) if figure.name == "fairness.impact_ratio" else None
    return None if overall is None or interval(overall) == () else overall


def _least_accurate(reader: Reader) -> Figure | None:
    accuracy = [f for f in reader.named("fairness.accuracy") if f.status == "measured" and len(f.keys) == 1]
    return min(accuracy, key=lambda f: (f.value or 0.0, f.id), default=None)


def _widest(reader: Reader) -> Figure | None:
    found = [
        f for f in reader.named("fairness.mean_prediction_difference") if f.status == "measured" and len(f.keys) == 1
    ]
    return max(found, key=lambda f: (abs(f.value or 0.0), f.id), default=None)


def _worst(reader: Reader) -> Tile:
    """The smallest impact ratio with its group and reference; orange below four fifths, and it says so."""
    lowest = smallest(reader)
    heading = words("smallest impact ratio")
    if lowest is None:
        figures = reader.named("fairness.impact_ratio") or reader.named("fairness.smallest_impact_ratio")
        if figures:
            return _filled(reader, figures[0] if figures[0].status != "measured" else None, heading)
        least = _least_accurate(reader)
        if least is None:
            return Tile(title=heading, value=words("–"), interval=words("not tested"), note=words("no group was named"))
        return _filled(reader, least, words("smallest accuracy of a group"), _picked(least))
    overall = _allowing(reader, lowest)
    if overall is None:
        tile = _filled(reader, lowest, heading, _picked(lowest))
    else:
        tile = replace(_filled(reader, overall, heading), note=listed([_group(lowest), _size(lowest)]))
    if lowest.value is not None and lowest.value < SCREEN:
        return Tile(
            title=tile.title,
            value=tile.value,
            interval=tile.interval,
            note=words("{note}; below four fifths", note=tile.note),
            attention=True,
        )
    return tile


def _group(figure: Figure) -> Parts:
    group = name(clipped(next(iter(figure.keys.values())), 40)[0])
    if figure.reference is None:
        return (group,)
    reference = name(clipped(reference_group(figure.reference), 40)[0])
    return words("{group} against {reference}", group=group, reference=reference)


def _picked(figure: Figure) -> Parts:
    """The group, and that it is the worst of all: its interval does not allow for that."""
    return words("{group}, chosen after looking", group=_group(figure))


def _gap(reader: Reader) -> Tile:
    """Regression: the group whose mean prediction lies farthest from its reference."""
    widest = _widest(reader)
    heading = words("largest difference in mean prediction")
    if widest is None:
        return Tile(title=heading, value=words("–"), interval=words("not tested"), note=words("no group was named"))
    return _filled(reader, widest, heading, _picked(widest))


def _last(reader: Reader, heading: Parts) -> Tile:
    """The change in the latest period, where the plan states periods; else how exactly contributions add up."""
    first = over_time.MEASURES[reader.evidence.task][0]
    period = latest_period(reader)
    if period is None:
        return _additivity(reader)
    change = reader.figure(over_time.CHANGE, measure=first) or reader.figure(f"period.{first}")
    if change is None or change.reference is None:
        return _filled(reader, change, heading)
    span = words(
        "{period} against {earlier}", period=name(period_name(period)), earlier=name(period_name(change.reference))
    )
    tile = _filled(reader, change, heading, span)
    if all(finding.figure != change.id for finding in reader.evidence.findings):
        return tile
    return replace(tile, note=words("{note}; beyond the limit", note=tile.note), attention=True)


def _additivity(reader: Reader) -> Tile:
    return _tile(reader, "explanation.shap.residual_max", words("additivity residual, largest"))
