"""Own templates run here: a part of Jinja that reads the card, and can neither call, load, multiply nor go on for ever.

What a template may say is a list of kinds of nodes; what it may call are macros; what it does is counted. So a card
from anybody can be rendered again: its templates read what is printed, and nothing else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import DictLoader, StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateNotFound
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

OURS = (
    *("number", "point", "printable", "ids", "source", "drawing", "anchor", "rows", "entries", "widths", "series"),
    *("right", "left_out", "pieces", "in_a_line", "described"),
)
"""Filters that the card's own templates use."""
_FILTERS = {*OURS, "length", "lower", "upper", "truncate", "trim", "escape", "e", "capitalize"}
_TESTS = {"none", "defined", "undefined", "odd", "even", "divisibleby", "string", "eq", "ne", "in", "sameas"}
_NODES = {
    *("Template", "Output", "TemplateData", "Extends", "Include", "Import", "FromImport", "Block", "Macro", "For"),
    *("If", "Assign", "Name", "Const", "Tuple", "Getattr", "Getitem", "Call", "Keyword", "Filter", "Test"),
    *("Compare", "Operand", "And", "Or", "Not", "CondExpr", "Add", "Sub", "Neg"),
}
"""No blocks that are assigned, filtered or called, no lists, products and powers: nothing that grows uncounted."""
_UNBOUNDED = ("varargs", "kwargs", "caller")
_MOST_WORK = 1 << 28
"""Characters written, those of macros again wherever they are passed on; every step counts as `_STEP` of them. The card
of German Credit takes a twentieth of it."""
_STEP = 256
_LONGEST = 1 << 16
"""Of a text that is put together with ``+``."""
ERRORS = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a template can raise."""


class HouseEnvironment(SandboxedEnvironment):
    """An environment for one rendering.

    Parameters
    ----------
    files : mapping of str to str
        Templates by name; no other can be loaded.
    filters : mapping of str to callable, optional
        Those of `OURS`.
    callables : tuple of callables
        What templates may call besides macros and blocks.
    say : callable
        Looks words up in the language of the document; templates may call it.
    """

    intercepted_binops = frozenset({"+", "-"})

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        callables: tuple[Callable[..., Any], ...] = (),
        say: Callable[[str], str] = str,
    ) -> None:
        super().__init__(
            loader=DictLoader(files),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=self._written,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        known = {**self.filters, **(filters or {})}
        self.filters = {name: known[name] for name in known if name in _FILTERS}
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}
        self.globals.clear()
        self.globals["say"] = say
        self._callables = (*callables, say)
        self._work = 0

    def tick(self, weight: int) -> None:
        """Count what is about to be done, once for each turn of a loop and each call of a macro.

        Raises
        ------
        SecurityError
            If it was too much.
        """
        self._work += weight + _STEP
        if self._work > _MOST_WORK:
            raise SecurityError("goes on for too long, or writes too much")

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, a block, or one of the callables given."""
        if __obj != self.tick and not isinstance(__obj, Macro | BlockReference) and __obj not in self._callables:
            raise SecurityError(f"calls {type(__obj).__name__!r}: only macros can be called")
        return super().call(__context, __obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether `call` lets it pass was decided there."""
        return True

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Whole numbers, and texts of a bounded length."""
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            if len(left) + len(right) > _LONGEST:
                raise SecurityError("puts too long a text together")
        elif type(left) is not int or type(right) is not int:
            raise SecurityError(f"reckons with {type(left).__name__} and {type(right).__name__}")
        return super().call_binop(context, operator, left, right)

    def _written(self, value: Any) -> Any:
        """What is printed: texts, and whole numbers, which count things on the page."""
        if type(value) is int:
            return value
        if isinstance(value, Undefined):
            str(value)  # raises, and says what is not there
        if not isinstance(value, str):
            kind = type(value).__name__
            raise SecurityError(f"prints {kind!r}: only texts and whole numbers are printed, others by `| number`")
        self.tick(len(value))
        return value if isinstance(value, Markup) else str(value)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _check(template, name)
        _count(template)
        return template


def check_templates(files: Mapping[str, str], shipped: Mapping[str, str]) -> None:
    """Check what templates say without rendering anything.

    Parameters
    ----------
    files, shipped : mapping of str to str
        Templates by name, the house's and the card's own.

    Raises
    ------
    ValueError
        That says what was found, and where: something that templates must not say, or a template that is never used.
    """
    every = {**shipped, **files}
    environment = HouseEnvironment(every)
    wanted, used = ["document.html"], set[str]()
    while wanted:
        name = wanted.pop()
        if name in used:
            continue
        used.add(name)
        if name not in every:
            raise ValueError(f"a template {name!r} that is not there")
        try:
            tree = environment.parse(every[name], name)
        except TemplateError as error:
            raise ValueError(in_words(error, name)) from None
        wanted.extend(_loaded(tree))
    if unused := sorted(set(files) - used):
        raise ValueError(f"a template {unused[0]!r} that nothing uses")


def in_words(error: Exception, name: str | None = None) -> str:
    """What a template did, and where."""
    at = getattr(error, "name", None) or name
    line = getattr(error, "lineno", None)
    if isinstance(error, TemplateNotFound):
        return f"a template {error.name!r} that is not there"
    what = "macros that call each other without end" if isinstance(error, RecursionError) else str(error)
    return f"{what} ({at}, line {line})" if line else f"{what} ({at})" if at else what


def _loaded(tree: nodes.Template) -> Iterator[str]:
    """Names of templates that a template loads."""
    for node in tree.find_all(_LOADING):
        yield node.template.value  # type: ignore[attr-defined]


_LOADING = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def _check(template: nodes.Template, name: str | None) -> None:
    """Nothing but what is on the lists."""
    for node in (template, *template.find_all(nodes.Node)):
        what = None
        if type(node).__name__ not in _NODES and not isinstance(node, nodes.Helper):
            what = f"{type(node).__name__!r} cannot be used"
        elif isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            what = f"the filter {node.name!r} cannot be used"
        elif isinstance(node, nodes.Test) and node.name not in _TESTS:
            what = f"the test {node.name!r} cannot be used"
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            what = f"the attribute {node.attr!r} cannot be used"
        elif isinstance(node, _LOADING) and not (
            isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
        ):
            what = "a template is loaded by its name in quotes"
        elif isinstance(node, nodes.For) and node.recursive:
            what = "a loop cannot call itself"
        elif isinstance(node, nodes.Name) and node.name in _UNBOUNDED:
            what = f"the name {node.name!r} cannot be used"
        elif isinstance(node, nodes.Tuple) and node.ctx == "load":
            what = "a list of values cannot be made"
        elif isinstance(node, nodes.Call) and (node.dyn_args is not None or node.dyn_kwargs is not None):
            what = "arguments are written one by one"
        if what is not None:
            raise SecurityError(f"{what} ({name}, line {node.lineno})")


def _count(template: nodes.Template) -> None:
    """Have every turn of a loop, every macro, block and template count itself, and what it writes."""
    for node in (template, *template.find_all((nodes.For, nodes.Macro, nodes.Block))):
        weight = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        tick = nodes.Call(nodes.EnvironmentAttribute("tick"), [nodes.Const(weight)], [], None, None)
        node.body.insert(0, nodes.ExprStmt(tick).set_lineno(node.lineno))  # type: ignore[attr-defined]
