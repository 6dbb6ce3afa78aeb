"""A card is performed again: its figures from model, data and plan, its page from card.json, and what differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from explainkit.errors import ExplainkitError, VerificationError
from explainkit.evidence import UNCONFINED, Evidence, LedgerEntry
from explainkit.figures import ROUNDING, TIMED, Field, Figure, Series
from explainkit.plan import Plan
from explainkit.progress import Progress
from explainkit.records import as_document

_NUMBERS: tuple[str, ...] = get_args(Field)
_NEAR_ZERO = 1e-12
"""Numbers that differ by less are equal: of what is zero but for rounding, a relative difference says nothing."""
_MOST_LINES = 20
_DRAWS = ("explainkit", "jinja2", "matplotlib")
"""What makes the page."""
_APART = ("environment", "figures", "series")
"""Parts of a card that are not compared as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that came out differently."""

    what: str
    """Id of a figure or of a series, or a part of the card."""
    field: str
    """Field of the figure, place in the series; ``""`` for a part of the card."""
    card: float | int | str | None
    """What the card says; None where it says nothing."""
    again: float | int | str | None
    """What was found now; None where nothing was."""
    tolerance: float | None
    """Relative difference that is allowed; None where there has to be none."""

    def __str__(self) -> str:
        where = f"{self.what}, {self.field}" if self.field else self.what
        return f"{where}: {_told(self.card)} on the card, {_told(self.again)} now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputation:
    """What came out when the figures of a card were computed again."""

    figures: int
    """How many figures the card has; all were compared."""
    series: int
    """How many series it has; all were compared."""
    differences: tuple[Difference, ...]
    """In the order of the card; what only the recomputation has comes last."""
    environment: tuple[tuple[str, str | None, str | None], ...]
    """Versions that differ: of what, on the card, and here. By themselves they are no difference."""

    @property
    def reproduced(self) -> bool:
        """Whether nothing differs by more than it may."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """Everything above as one JSON object."""
        return {"reproduced": self.reproduced, **asdict(self)}

    def lines(self) -> tuple[str, ...]:
        """The same for people: at most twenty differences, and how many there are."""
        head = f"recomputed: {self.figures} figures and {self.series} series"
        versions = tuple(
            f"  {what}: {then or 'none'} then, {now or 'none'} now" for what, then, now in self.environment
        )
        if self.reproduced:
            return (f"{head} are reproduced", *versions)
        shown = [f"  {difference}" for difference in self.differences[:_MOST_LINES]]
        more = len(self.differences) - len(shown)
        if more:
            shown.append(f"  and {more} more: --json has all")
        return (f"{head}: {len(self.differences)} DIFFERENCES", *shown, *versions)


def recompute(
    evidence: Evidence, plan: Plan, *, base: Path, trust: Sequence[str] = (), progress: Progress | None = None
) -> Recomputation:
    """Audit again, and compare every figure with the card within the tolerance that it declares.

    Parameters
    ----------
    evidence : Evidence
        The card.
    plan : Plan
        The plan that it was made by. What it trusts is ignored: trust belongs to whoever loads.
    base : pathlib.Path
        Folder that the plan's relative paths start from.
    trust : sequence of str
        ``sha256:…`` digests of model files in formats that can run code, trusted by whoever calls this.
    progress : Progress, optional
        Told of each stage.

    Raises
    ------
    InputError
        If plan, model or data cannot be used.
    VerificationError
        If they are not those of the card.
    """
    from explainkit.load.assemble import load_subject
    from explainkit.load.confined.opening import opening_of
    from explainkit.pipeline import gather
    from explainkit.progress import Silent

    progress = progress or Silent()
    with progress.stage("load model and data"):
        own = plan.model.model_copy(update={"trust": tuple(trust)})
        plan_here = plan.model_copy(update={"model": own})
        subject = load_subject(plan_here, base=base, opening=opening_of(plan_here, base=base, progress=progress))
    same("model", evidence.model.digest, subject.identity.digest)
    here = {d.identity.role: d.identity.digest for d in (subject.evaluation, subject.reference) if d is not None}
    for dataset in evidence.datasets:
        same(f"{dataset.role} data", dataset.digest, here.pop(dataset.role, None))
    for role, digest in here.items():
        same(f"{role} data", None, digest)
    again = gather(subject, plan, progress=progress)
    same("plan", evidence.plan_digest, again.plan_digest)
    return compared(evidence, again)


def same(what: str, card: str | None, here: str | None) -> None:
    """Raise unless a digest is that of the card.

    Raises
    ------
    VerificationError
        With both.
    """
    if card != here:
        raise VerificationError(
            f"this is not the {what} of the card", where=what, found=here or "none", allowed=card or "none"
        )


def compared(card: Evidence, again: Evidence) -> Recomputation:
    """Hold what was found now against a card, figure by figure, series by series, and the rest part by part."""
    card, again = _untimed(card), _untimed(again)
    differences = [*_of_figures(card, again), *_of_series(card, again), *_of_parts(card, again)]
    then, now = dict(card.environment), dict(again.environment)
    return Recomputation(
        figures=len(card.figures),
        series=len(card.series),
        differences=tuple(differences),
        environment=tuple(
            (what, then.get(what), now.get(what)) for what in sorted({*then, *now}) if then.get(what) != now.get(what)
        ),
    )


def _untimed(evidence: Evidence) -> Evidence:
    """Without what was timed, and gates on it: no two runs take the same time."""
    return replace(
        evidence,
        figures=tuple(f for f in evidence.figures if not f.id.startswith(TIMED)),
        gates=tuple(g for g in evidence.gates if not g.gate.startswith(TIMED)),
    )


def _of_figures(card: Evidence, again: Evidence) -> Iterator[Difference]:
    found = {figure.id: figure for figure in again.figures}
    for figure in card.figures:
        other = found.pop(figure.id, None)
        if other is None:
            yield _missing(figure.id, "no such figure")
        else:
            yield from _of_figure(figure, other)
    for left in found:
        yield _added(left, "a figure that the card has not")


def _of_figure(figure: Figure, other: Figure) -> Iterator[Difference]:
    for field in (f.name for f in fields(Figure)):
        one, two = getattr(figure, field), getattr(other, field)
        near = figure.tolerance if field in _NUMBERS and field not in ("n", "events") else None
        if not _equal(one, two, near):
            yield Difference(what=figure.id, field=field, card=one, again=two, tolerance=near)


def _of_series(card: Evidence, again: Evidence) -> Iterator[Difference]:
    found = {series.id: series for series in again.series}
    for series in card.series:
        other = found.pop(series.id, None)
        if other is None:
            yield _missing(series.id, "no such series")
            continue
        difference = _first(series, other)
        if difference is not None:
            yield difference
    for left in found:
        yield _added(left, "a series that the card has not")


def _first(series: Series, other: Series) -> Difference | None:
    """The first place where two series differ: one tells enough."""
    names, others = [name for name, _ in series.columns], [name for name, _ in other.columns]
    if names != others:
        then, now = ", ".join(names), ", ".join(others)
        return Difference(what=series.id, field="columns", card=then, again=now, tolerance=None)
    for name, values in series.columns:
        there = other.column(name)
        if len(values) != len(there):
            return Difference(what=series.id, field="rows", card=len(values), again=len(there), tolerance=None)
        for row, (one, two) in enumerate(zip(values, there, strict=True)):
            if not _equal(one, two, ROUNDING):
                return Difference(what=series.id, field=f"{name}, row {row}", card=one, again=two, tolerance=ROUNDING)
    rest = [(field, getattr(series, field), getattr(other, field)) for field in ("method", "dataset", "n")]
    return next(
        (Difference(what=series.id, field=f, card=a, again=b, tolerance=None) for f, a, b in rest if a != b), None
    )


def _of_parts(card: Evidence, again: Evidence) -> Iterator[Difference]:
    """Everything else: methods, cases, ledger, gates, statements, columns …, each by its first difference."""
    then, now = (as_document(replace(one, ledger=_of_the_model(one))) for one in (card, again))
    for part in sorted({*then, *now} - {*_APART}):
        found = _unlike(then.get(part), now.get(part))
        if found is not None:
            place, one, two = found
            yield Difference(what=part, field=place.lstrip("."), card=_leaf(one), again=_leaf(two), tolerance=None)


def _of_the_model(evidence: Evidence) -> tuple[LedgerEntry, ...]:
    """The ledger without what depends on the system where the model was opened."""
    return tuple(entry for entry in evidence.ledger if entry.what != UNCONFINED)


def _unlike(one: Any, two: Any, place: str = "") -> tuple[str, Any, Any] | None:
    """Where two JSON values first differ, and what stands there; numbers may differ by rounding."""
    if isinstance(one, dict) and isinstance(two, dict):
        pairs = [(f"{place}.{name}", one.get(name), two.get(name)) for name in sorted({*one, *two})]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = [(f"{place}[{i}]", a, b) for i, (a, b) in enumerate(zip(one, two, strict=True))]
    else:
        return None if _equal(one, two, ROUNDING) else (place, one, two)
    return next((found for at, a, b in pairs if (found := _unlike(a, b, at)) is not None), None)


def _leaf(value: Any) -> float | int | str | None:
    return value if value is None or isinstance(value, int | float | str) else f"{len(value)} entries"


def _equal(one: object, two: object, tolerance: float | None) -> bool:
    if tolerance is not None and _is_number(one) and _is_number(two):
        return math.isclose(float(one), float(two), rel_tol=tolerance, abs_tol=_NEAR_ZERO)  # type: ignore[arg-type]
    return one == two


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _missing(what: str, now: str) -> Difference:
    return Difference(what=what, field="", card="there", again=now, tolerance=None)


def _added(what: str, now: str) -> Difference:
    return Difference(what=what, field="", card=None, again=now, tolerance=None)


def _told(value: float | int | str | None) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerendering:
    """What came out when the page of a card was made again."""

    same: bool | None
    """Whether it is the page of the release, byte for byte; None where it could not be made."""
    reason: str | None = None
    """Why not, where that is known."""

    def to_json(self) -> dict[str, Any]:
        """Everything above as one JSON object."""
        return asdict(self)

    def lines(self) -> tuple[str, ...]:
        """The same for people."""
        head = {True: "the same, byte for byte", False: "ANOTHER PAGE", None: "could not be made"}[self.same]
        return ("card.html made again from card.json: " + head + (f" ({self.reason})" if self.reason else ""),)


def rerender(evidence: Evidence, page: bytes) -> Rerendering:
    """Make the page again, and compare it with the one in the release.

    Parameters
    ----------
    evidence : Evidence
        The card.
    page : bytes
        ``card.html``; the mark of a TEST signature, which is put on where it is signed, is left out.
    """
    from explainkit.circumstances import versions
    from explainkit.report.html import render_html
    from explainkit.sign.trial_mark import unmarked

    if "catalogue" in evidence.plan.get("card", {}):
        return Rerendering(same=None, reason="its words come from a catalogue of which the card has only the digest")
    try:
        made = render_html(evidence)
    except ExplainkitError as error:
        return Rerendering(same=None, reason=str(error))
    if made == unmarked(page):
        return Rerendering(same=True)
    then, now = dict(evidence.environment), versions()
    other = [f"{name} {then[name]} then, {now.get(name)} now" for name in _DRAWS if then.get(name) != now.get(name)]
    return Rerendering(same=False, reason=", ".join(other) or None)
