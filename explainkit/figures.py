"""Figure: one measured number and everything needed to believe it; the grammar of its id.

An id reads ``name(.name)*[key=value,…]`` with sorted keys, for example
``fairness.impact_ratio[race=asian,sex=female]``. A value outside ``[A-Za-z0-9_.+-]`` is written as a JSON string, and
one of over 80 characters as its digest. Ids are stable: gates, cards and later versions refer to them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from explainkit.errors import InputError, nearest

Status = Literal["measured", "suppressed", "insufficient", "not_tested"]
Field = Literal["value", "low", "high", "n", "events"]
Unit = Literal[
    "proportion", "ratio", "difference", "score", "count", "log-odds", "probability", "target", "rank", "input", "none"
]

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]+")
_LONGEST_VALUE = 80


TIMED = "load."
"""How ids of figures begin that differ from run to run, as they are times: nothing is compared by them."""
ROUNDING = 1e-9
"""How far a figure may lie off where it is computed again, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number with what is needed to believe and to recompute it."""

    id: str
    """``name(.name)*[key=value,…]``; made by `figure_id`."""
    value: float | int | None = None
    """The number in full precision; None unless `status` is ``measured``."""
    status: Status = "measured"
    """``measured``, ``suppressed`` (disclosure control), ``insufficient`` (evidence) or ``not_tested``."""
    reason: str | None = None
    """Why there is no value, or what must be known to read it; required unless measured."""
    low: float | None = None
    """Lower end of the interval, where one is given."""
    high: float | None = None
    """Upper end of the interval."""
    level: float | None = None
    """Confidence level of the interval, for example 0.95."""
    n: int | None = None
    """Unweighted number of rows behind the number."""
    events: int | None = None
    """Unweighted number of those rows that count (positives, selected, errors …); the numerator of a rate."""
    unit: Unit = "none"
    """What the number is measured in; decides how it is printed."""
    method: str | None = None
    """How the number and its interval were computed."""
    dataset: str | None = None
    """``evaluation`` or ``reference``: the data set measured, whose digest stands in the evidence."""
    threshold: str | None = None
    """The threshold with its side, for example ``>=0.5``, where the number depends on decisions."""
    favourable: str | None = None
    """The favourable outcome, where the number depends on it."""
    numerator: str | None = None
    """What a rate counts, in words."""
    reference: str | None = None
    """The group or data that a ratio or a difference is taken against."""
    class_: str | None = None
    """The class the number belongs to."""
    weighting: str | None = None
    """The kind of weights used; None means unweighted."""
    tolerance: float = ROUNDING
    """Largest relative difference that a recomputation may show."""

    def __post_init__(self) -> None:
        parse_figure_id(self.id)
        if self.status == "measured":
            if self.value is None or not math.isfinite(self.value):
                raise ValueError(f"{self.id}: a measured figure needs a finite value, got {self.value}")
        elif self.value is not None or not self.reason:
            raise ValueError(f"{self.id}: a figure that is {self.status} has a reason and no value")
        for bound in (self.low, self.high):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"{self.id}: interval bounds are finite or None, got {bound}")

    @property
    def name(self) -> str:
        """The id without its brackets."""
        return self.id.partition("[")[0]

    @property
    def keys(self) -> dict[str, str]:
        """What stands in the brackets of the id, unquoted."""
        return parse_figure_id(self.id)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A measured curve or cloud of points: columns of equal length, drawn by a chart and shown as a table."""

    id: str
    """As for figures, for example ``performance.roc_curve``."""
    columns: tuple[tuple[str, tuple[float | int | str | None, ...]], ...]
    """Name and values of each column."""
    method: str | None = None
    """How the points were made (binning, sampling)."""
    dataset: str | None = None
    """``evaluation`` or ``reference``."""
    n: int | None = None
    """Rows behind the points."""

    def __post_init__(self) -> None:
        parse_figure_id(self.id)
        if len({len(values) for _, values in self.columns}) > 1:
            raise ValueError(f"{self.id}: columns of a series have equal length")

    def column(self, name: str) -> tuple[float | int | str | None, ...]:
        """Values of one column, by name."""
        return dict(self.columns)[name]


def figure_id(name: str, keys: Mapping[str, str] | None = None, /, **more: str) -> str:
    """Write the id of a figure.

    Parameters
    ----------
    name : str
        Lower-case words joined by dots, for example ``performance.roc_auc``.
    keys, **more : str
        What distinguishes the figure: group, class, feature, case. Given as a mapping, or by name.

    Examples
    --------
    >>> figure_id("fairness.impact_ratio", sex="female", race="asian")
    'fairness.impact_ratio[race=asian,sex=female]'
    >>> figure_id("fairness.selection_rate", {"age": "26 to 40"})
    'fairness.selection_rate[age="26 to 40"]'
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a figure's name is lower-case words joined by dots, got {name!r}")
    pairs = {**(keys or {}), **more}
    if not pairs:
        return name
    return f"{name}[{','.join(f'{_quote(k)}={_quote(pairs[k])}' for k in sorted(pairs))}]"


def as_in_ids(name: str) -> str:
    """A name as it stands in the ids of figures: long ones are replaced by their digest."""
    return parse_figure_id(figure_id("key", key=name))[1]["key"]


def _quote(value: str) -> str:
    if len(value) > _LONGEST_VALUE:
        value = "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def parse_figure_id(text: str) -> tuple[str, dict[str, str]]:
    """Split an id into its name and its keys.

    Raises
    ------
    InputError
        If the text is not an id.

    Examples
    --------
    >>> parse_figure_id('fairness.selection_rate[age="26 to 40"]')
    ('fairness.selection_rate', {'age': '26 to 40'})
    """
    name, bracket, rest = text.partition("[")
    if not _NAME.fullmatch(name) or (bracket and not rest.endswith("]")):
        raise _not_an_id(text)
    keys: dict[str, str] = {}
    body, at = rest[:-1], 0
    while bracket and at < len(body):
        key, at = _token(text, body, at)
        if at >= len(body) or body[at] != "=":
            raise _not_an_id(text)
        keys[key], at = _token(text, body, at + 1)
        if at < len(body):
            if body[at] != "," or at + 1 == len(body):
                raise _not_an_id(text)
            at += 1
    if list(keys) != sorted(keys) or (bracket and not keys):
        raise _not_an_id(text)
    return name, keys


def reference_group(text: str) -> str:
    """The group in the words of a `Figure.reference`, without how it was chosen.

    Examples
    --------
    >>> reference_group("a (b) (stated in the plan)"), reference_group("all other rows")
    ('a (b)', 'all other rows')
    """
    group, bracket, _ = text.rpartition(" (")
    return group if bracket and text.endswith(")") else text


def _token(text: str, body: str, at: int) -> tuple[str, int]:
    if at < len(body) and body[at] == '"':
        try:
            value, end = json.JSONDecoder().raw_decode(body, at)
        except ValueError:
            raise _not_an_id(text) from None
        return str(value), end
    match = _PLAIN.match(body, at)
    if match is None:
        raise _not_an_id(text)
    return match.group(), match.end()


def _not_an_id(text: str) -> InputError:
    return InputError(
        "not the id of a figure",
        found=repr(text),
        allowed="name(.name)*[key=value,…] with sorted keys, other characters in a JSON string",
    )


class FigureSet:
    """Figures by id, in the order in which they were measured; ids are unique.

    Parameters
    ----------
    figures : iterable of Figure
        Figures with distinct ids.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._by_id: dict[str, Figure] = {}
        for figure in figures:
            if figure.id in self._by_id:
                raise ValueError(f"two figures share the id {figure.id}")
            self._by_id[figure.id] = figure

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, key: object) -> bool:
        return key in self._by_id

    def __getitem__(self, key: str) -> Figure:
        try:
            return self._by_id[key]
        except KeyError:
            raise InputError("no such figure", where=key, remedy=nearest(key, self._by_id)) from None

    def get(self, key: str) -> Figure | None:
        """The figure of that id, or None."""
        return self._by_id.get(key)

    def named(self, name: str) -> tuple[Figure, ...]:
        """All figures of a name, whatever stands in their brackets."""
        return tuple(f for f in self._by_id.values() if f.name == name)
