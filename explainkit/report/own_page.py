"""A page set by templates of the house, and the check that it says what the card's own templates say.

Everything that they print stands on it, in their order, open where it is open, and told by the same elements; what
comes in between holds no digit, loads nothing and runs nothing. So own templates can add, wrap and restyle, and no
more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from explainkit.errors import PlanError
from explainkit.house.sandbox import ERRORS, HouseEnvironment, in_words
from explainkit.house.templates import WHERE, shipped_templates
from explainkit.report.text import digits

_VOID = {"meta", "br", "img", "input", "hr", "col", "wbr", "base", "link", "embed", "area", "source", "track", "param"}
_ADDED = {
    *(
        "article",
        "aside",
        "b",
        "bdi",
        "blockquote",
        "br",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "figure",
        "figcaption",
    ),
    *("footer", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "li", "nav", "ol", "p", "section", "small", "span"),
    *("strong", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "a", "caption", "address"),
}
"""Elements that own templates may add."""
_ADDED_ATTRIBUTES = {"class", "id", "lang", "scope", "href", "aria-label", "aria-labelledby", "data-text"}
_ONCE = {
    *("html", "head", "body", "main", "title", "meta", "style", "script", "data", "svg", "path", "text", "g", "input"),
    *("label", "details", "summary", "h1", "img"),
}
"""Elements of which there are as many as the card's own templates make, and with the same attributes."""
_CLOSED = {"head", "title", "details"}
_CLOSED_CLASSES = {"away", "skip", "ids", "running", "contents", "choice", "state", "tool", "trial"}
"""Where text is not seen at first, on screen or on paper."""


def own_page(
    templates: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    standard: str,
    filters: Mapping[str, Callable[..., Any]],
    marks: Any,
    say: Callable[[str], str],
) -> str:
    """The page as own templates make it.

    Parameters
    ----------
    templates : mapping of str to str
        By name.
    given : mapping
        What templates are given.
    standard : str
        The page as the card's own templates make it.
    filters : mapping of str to callable
        Filters of the card's own templates.
    marks : object
        Whose ``next()`` gives ids.
    say : callable
        Looks words up in the language of the document.

    Raises
    ------
    PlanError
        If a template fails, or if the page lacks or adds what it must not.
    """
    environment = HouseEnvironment(
        {**shipped_templates(), **templates}, filters=filters, callables=(marks.next,), say=say
    )
    try:
        page = environment.get_template("document.html").render(**given, marks=marks)
    except ERRORS as error:
        raise PlanError("a template that cannot be used", where=WHERE, found=in_words(error)) from None
    if wrong := difference(page, standard):
        raise PlanError(
            "the page is not the card",
            where=WHERE,
            found=wrong,
            allowed="what explainkit's own templates print, whole and in order, and words without digits in between",
        )
    return page


def difference(page: str, standard: str) -> str | None:
    """What is wrong with a page, in words; None where nothing is.

    Parameters
    ----------
    page : str
        The page in question.
    standard : str
        What it must say.
    """
    own, ours = _Page(page), _Page(standard)
    return own.problem or _elements(own, ours) or _texts(own, ours)


@dataclass(frozen=True, slots=True)
class _Text:
    """A run of text between two tags."""

    words: str
    number: tuple[tuple[str, str], ...] | None
    """Attributes of the ``<data>`` around it."""
    closed: frozenset[str]
    """What keeps it from being seen at once."""


@dataclass(slots=True)
class _Open:
    tag: str
    number: tuple[tuple[str, str], ...] | None
    closed: frozenset[str]


@dataclass(slots=True)
class _Read:
    elements: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=Counter)
    texts: list[_Text] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)


class _Page(HTMLParser):
    """Reads a page as strictly as browsers are lenient: what they would mend or pass over is a problem."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problem: str | None = None
        self.read = _Read()
        self._open = [_Open("", None, frozenset())]
        self.feed(page)
        self.close()
        if len(self._open) > 1:
            self._note(f"<{self._open[-1].tag}> is never closed")

    def _note(self, problem: str) -> None:
        self.problem = self.problem or problem

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = tuple(sorted((name, value or "") for name, value in attrs))
        given = dict(attributes)
        if len(given) != len(attrs):
            self._note(f"<{tag}> with an attribute twice")
        self.read.elements[tag, attributes] += 1
        if "id" in given:
            self.read.ids[given["id"]] += 1
        if tag in _VOID:
            return
        above = self._open[-1]
        closing = ({tag} & _CLOSED) | (set(given.get("class", "").split()) & _CLOSED_CLASSES)
        self._open.append(_Open(tag, attributes if tag == "data" else above.number, above.closed | closing))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != self._open[-1].tag:
            self._note(f"</{tag}> where <{self._open[-1].tag}> is open")
        elif len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if words := " ".join(data.split()):
            self.read.texts.append(_Text(words, self._open[-1].number, self._open[-1].closed))

    def handle_comment(self, data: str) -> None:
        self._note("a comment")

    def handle_pi(self, data: str) -> None:
        self._note("a processing instruction")

    def handle_decl(self, decl: str) -> None:
        if decl != "DOCTYPE html" or self.read.elements:
            self._note(f"a declaration {decl[:40]!r}")

    def unknown_decl(self, data: str) -> None:
        self._note(f"a declaration {data[:40]!r}")


def _elements(own: _Page, ours: _Page) -> str | None:
    """Elements that are not the card's are harmless, and those that matter are as many as there should be."""
    mine, theirs = own.read.elements, ours.read.elements
    for (tag, attributes), count in mine.items():
        if tag in _ONCE and count != theirs[tag, attributes]:
            return f"<{tag}> where explainkit prints none, {_shown(attributes)}"
        if (tag, attributes) in theirs:
            continue
        if tag not in _ADDED:
            return f"the element <{tag}>"
        for name, value in attributes:
            if name not in _ADDED_ATTRIBUTES or (name == "href" and not value.startswith("#")):
                return f"the attribute {name}={value[:60]!r} of <{tag}>"
            if name == "aria-label" and digits(value):
                return f"a number that explainkit does not print: {value[:60]!r}"
    for (tag, attributes), count in theirs.items():
        if tag in _ONCE and mine[tag, attributes] != count:
            return f"no <{tag}> where explainkit prints one, {_shown(attributes)}"
    twice = next((name for name, count in own.read.ids.items() if count > 1), None)
    return None if twice is None else f"the id {twice!r} twice"


def _shown(attributes: tuple[tuple[str, str], ...]) -> str:
    stated = ", ".join(f"{name}={value[:60]!r}" for name, value in attributes if name != "d")
    return stated[:200] or "without attributes"


def _texts(own: _Page, ours: _Page) -> str | None:
    """Every text of ours stands in theirs, in our order; those in between hold no number."""
    wanted = ours.read.texts
    at = 0
    for text in own.read.texts:
        if at < len(wanted) and text == wanted[at]:
            at += 1
        elif text.number is not None or digits(text.words):
            if text.words not in {ours.words for ours in wanted[at:]}:
                return f"a number that explainkit does not print: {text.words[:60]!r}"
            return f"{wanted[at].words[:60]!r} missing, and {text.words[:60]!r} in its place"
    return f"{wanted[at].words[:60]!r} missing" if at < len(wanted) else None
