"""Runs of words and numbers that several sections use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from explainkit.artifact import sha256_of
from explainkit.figures import Field, Figure, Status, reference_group
from explainkit.report import card
from explainkit.report.card import Break, Inline, Label, LabelKind, Mark, Number, Parts, Words
from explainkit.report.language import PLACE, noted, say, spoken
from explainkit.report.measures import known, short_title
from explainkit.report.reader import Reader
from explainkit.statements import Statement

STATUS: dict[Status, str] = {
    "measured": noted("measured"),
    "suppressed": noted("suppressed"),
    "insufficient": noted("insufficient evidence"),
    "not_tested": noted("not tested"),
}
UNITS: dict[str, str] = {
    "log-odds": noted("log-odds"),
    "probability": noted("probability"),
    "target": noted("units of the target"),
}
"""Units of SHAP values."""
MISSING = noted("missing")
"""What stands in card.json for a value that is not there."""
_OWN_KEYS = {
    ("average", "macro"): noted("macro"),
    ("average", "weighted"): noted("weighted"),
    ("dataset", "evaluation"): noted("dataset: evaluation"),
    ("dataset", "reference"): noted("dataset: reference"),
}
"""Keys of ids with values of our own."""
_PERIODS = (
    (re.compile(r"before (?P<first>\S+)"), noted("before {first}")),
    (re.compile(r"from (?P<first>\S+)"), noted("from {first}")),
    (re.compile(r"until (?P<last>\S+)"), noted("until {last}")),
    (re.compile(r"(?P<first>\S+) to (?P<last>\S+)"), noted("{first} to {last}")),
)
_RESAMPLED = "; in this sample, which was resampled"
_LONGEST_LABEL = 160


_STRONG = re.compile(r"\*\*(.+?)\*\*")


def words(message: str, /, *, strong: bool = False, **places: Parts | Inline | str) -> Parts:
    """Our own words, in the language of the document.

    Parameters
    ----------
    message : str
        A whole phrase in English, which the catalogue is asked for. ``{name}`` is a place, and ``**so**`` is strong.
    strong : bool, default False
        All of it.
    **places : parts, part or str
        What is put into each place; a text stands for words already in the language of the document.

    Examples
    --------
    >>> [part.text for part in words("{count} **rows**", count=on_page(3))]
    ['3', ' ', 'rows']
    """
    found: list[Inline] = []
    pieces = PLACE.split(say(message))
    for place, text in enumerate(pieces):
        if place % 2:
            filled = places[text]
            found.extend((Words(filled, strong),) if isinstance(filled, str) else _parts(filled))
            continue
        for run, piece in enumerate(_STRONG.split(text)):
            if piece:
                found.append(Words(piece, strong or run % 2 == 1))
    return tuple(found)


def _parts(filled: Parts | Inline) -> Parts:
    return filled if isinstance(filled, tuple) else (filled,)


def name(text: str, *, strong: bool = False) -> Label:
    """A name from outside; a very long one is cut, with its digest so that it stays unmistakable."""
    if len(text) <= _LONGEST_LABEL:
        return Label(text, "label", strong)
    start, digest = text[:_LONGEST_LABEL].rstrip(), sha256_of(text.encode())[:12]
    return Label(say("{start}… (shortened, sha256 {digest})", start=start, digest=digest), strong=strong)


def given(text: str) -> Label:
    """A value of an input; that there is none is said in the language of the document."""
    return name(say(text) if text == MISSING else text)


def period_name(text: str) -> str:
    """What a period is called; the words about its days are in the language of the document."""
    for pattern, message in _PERIODS:
        found = pattern.fullmatch(text)
        if found:
            return say(message, **found.groupdict())
    return text


def clause(text: str) -> Label:
    """A method, a reason or a law, as it stands in card.json; translated where the catalogue knows it."""
    translated = spoken().recorded(text)
    return Label(text, "clause", language="en") if translated is None else Label(translated, "clause")


def law(text: str) -> Label:
    """What a law or a standard says, in our English words: never translated, not even where a message reads alike."""
    return Label(text, "clause", language=None if spoken().tag == "en" else "en")


def on_page(number: int) -> Label:
    """A count of things in this document."""
    return Label(str(number), "page")


def code(text: str) -> Label:
    """A digest, an id or a command."""
    return Label(text, "label", mono=True)


def digest(text: str) -> Label:
    """A digest, shortened so that it can be compared by eye; the whole one stands in section 2 and in card.json."""
    kind, _, digits = text.rpartition(":")
    return code(f"{kind} {digits[:8]}…{digits[-4:]}".strip())


def title(text: str, kind: LabelKind = "label") -> Inline:
    """Words, or a label where the text holds digits."""
    return Label(text, kind) if any(c.isdecimal() for c in text) else Words(text)


def number(figure: Figure | None, field: Field = "value", *, strong: bool = False) -> Parts:
    """One field of a figure; where there is none, why not in a word."""
    if figure is None:
        return ()
    if getattr(figure, field) is not None:
        return (Number(figure, field, strong),)
    if field != "value" or figure.status == "measured":
        return ()
    return (Mark("open", say(STATUS[figure.status])),)


def interval(figure: Figure | None) -> Parts:
    """Both ends of the interval, where there are any."""
    if figure is None or figure.low is None or figure.high is None:
        return ()
    return (Number(figure, "low"), Words(" – "), Number(figure, "high"))


def stacked(figure: Figure | None) -> Parts:
    """The value with its interval below."""
    ends = interval(figure)
    return (*number(figure), Break(), *ends) if ends else number(figure)


def against(figure: Figure | None, levels: Sequence[str]) -> Parts:
    """As `stacked`; for the group that a difference or a ratio is taken against, that it is the one."""
    if figure is not None and figure.status == "measured" and is_reference(figure, levels):
        return words("reference")
    return stacked(figure)


def level(figures: Iterable[Figure]) -> str:
    """``95 % interval`` where all intervals have the same level, else ``interval``."""
    levels = {f.level for f in figures if f.level is not None and f.low is not None}
    if len(levels) != 1:
        return say("interval")
    return say("{level} % interval", level=f"{100 * levels.pop():g}".replace(".", spoken().decimal))


def listed(items: Sequence[Parts], between: str = ", ") -> Parts:
    """Parts joined by a comma or another mark."""
    joined: list[Inline] = []
    for i, item in enumerate(items):
        if i:
            joined.append(Words(between))
        joined.extend(item)
    return tuple(joined)


def enumerated(items: Sequence[Parts]) -> Parts:
    """``a, b and c``."""
    *first, last = items
    return listed([listed(first), last], say(" and ")) if first else last


def methods(figures: Iterable[Figure | None]) -> Parts:
    """How the figures were measured, each method once, and of all together that the sample was resampled."""
    found = dict.fromkeys(figure.method for figure in figures if figure is not None and figure.method)
    resampled = [text for text in found if _RESAMPLED in text]
    if len(resampled) < 2:
        return listed([(clause(text),) for text in found], " · ")
    bare = dict.fromkeys(text.replace(_RESAMPLED, "") for text in resampled)
    said = words(
        "in this sample, which was resampled: {methods}", methods=listed([(clause(text),) for text in bare], " · ")
    )
    return listed([*((clause(text),) for text in found if text not in resampled), said], " · ")


def reasons(figures: Iterable[Figure | None]) -> Parts:
    """Why figures have no value, each reason once."""
    found: dict[tuple[Status, str], None] = {}
    for figure in figures:
        if figure is not None and figure.status != "measured" and figure.reason:
            found.setdefault((figure.status, figure.reason))
    return listed([(*words(STATUS[status]), Words(": "), clause(reason)) for status, reason in found], " · ")


def source(figures: Sequence[Figure | None]) -> Parts:
    """Methods, then reasons for what is missing: the small print below a table."""
    return listed([parts for parts in (methods(figures), reasons(figures)) if parts], " · ")


def clipped(text: str, longest: int) -> tuple[str, bool]:
    """The beginning of a text, cut at the end of a word, and whether anything was left out."""
    flat = " ".join(text.split())
    if len(flat) <= longest:
        return flat, False
    return re.sub(r"\W*\s\S*$", "", flat[:longest]) + " …", True


def statements(reader: Reader, section: str) -> tuple[card.Statement, ...]:
    """Questions that stand in a section, with their answers."""
    return tuple(
        card.Statement(
            question=say(s.question),
            answer=s.answer,
            role=say(s.role),
            required=s.required,
            id=s.id,
            source=_by_whom(s),
        )
        for s in reader.statements(section)
    )


def _by_whom(statement: Statement) -> Parts:
    date = statement.date and spoken().date(statement.date)
    said = [Label(text, "statement") for text in (statement.by, date) if text]
    return listed([(part,) for part in said])


def stated(reader: Reader, section: str) -> tuple[card.Group, ...]:
    """The statements of a section under a heading that sets them apart from what was measured."""
    blocks = statements(reader, section)
    return (card.Group(title=words("Stated, not measured"), blocks=blocks),) if blocks else ()


def in_words(keys: Mapping[str, str]) -> str:
    """What stands in the brackets of an id, for people: the column or feature itself, a group with its column."""
    bare = ("column", "feature", "class", "metric", "output", "average", "q")
    return ", ".join(
        say(_OWN_KEYS[key, value]) if (key, value) in _OWN_KEYS else value if key in bare else f"{key}: {value}"
        for key, value in keys.items()
    )


def is_reference(figure: Figure, levels: Sequence[str]) -> bool:
    """Whether a figure belongs to the very group that it is taken against."""
    if figure.reference is None:
        return False
    # An intersection may be called by its columns in another order.
    return any(reference_group(figure.reference) == " × ".join(order) for order in permutations(levels))


def subject_of(what: str, *, longest: int | None = None) -> Parts:
    """What an entry of the ledger is about; names of figures are printed by their titles.

    Parameters
    ----------
    what : str
        As in the ledger.
    longest : int, optional
        For page one: at most two titles, or so many characters.
    """
    names = what.split(", ")
    if not all(known(n) for n in names):
        return (clause(what) if longest is None else clipped_clause(what, longest),)
    shown = names
    if longest is not None:
        # The difference and the ratio of a rate say nothing that the rate does not.
        shown = ([n for n in names if not n.endswith(("_difference", "_ratio"))] or names)[:2]
    titles = listed([(title(short_title(n)),) for n in shown])
    if len(shown) < len(names):
        return words("{figures} and {count} more", figures=titles, count=on_page(len(names) - len(shown)))
    return titles


def group_name(levels: Sequence[str]) -> Parts:
    """Name of a group, or of an intersection of groups."""
    return listed([(name(level),) for level in levels], " × ")


def clipped_clause(text: str, longest: int) -> Label:
    """As `clause`, cut; a text is translated whole before it is cut."""
    whole = clause(text)
    return replace(whole, text=clipped(whole.text, longest)[0])
