"""Texts that stand in card.json in English: methods, reasons and the like, found in the code that measures.

Every prose of these modules counts, except docstrings, errors, stages of progress and annotations: so no text is
forgotten for being made in a new way. A hole of an f-string becomes a place, named after the last identifier in it;
constants, variables of the function and choices between texts are put in. Chains of texts are taken apart at "; ".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

FOLDERS = ("assess", "explain", "load", "robustness")
MODULES = (
    "circumstances.py",
    "comparing.py",
    "evidence.py",
    "explanation.py",
    "gathering.py",
    "monitoring/gaps.py",
    "public.py",
)
OTHERS = (
    *(
        "load/catalogue.py",
        "load/columns.py",
        "load/row_values.py",
        "load/times.py",
        "load/pickle_scan.py",
        "load/known_names.py",
    ),
    *("load/confined/client.py", "load/confined/frames.py", "load/confined/values.py", "load/confined/seccomp.py"),
    *("load/confined/confinement.py", "load/confined/landlock.py", "load/confined/facts.py"),
    *(
        "load/unpacking.py",
        "load/unpickling.py",
        "load/confined/opening.py",
        "explain/elsewhere.py",
        "explain/server.py",
    ),
    *("load/models/soundness.py", "load/models/ubj.py", "explain/tree/readers/lightgbm.py"),
    *("load/models/catboost_json.py", "load/versions.py", "load/models/onnx/forest.py", "load/models/onnx/graph.py"),
    *("load/models/onnx/library.py", "load/models/onnx/model.py", "load/models/onnx/table.py"),
)
"""Modules with names of groups and errors only."""
MOST = 12
"""Of the texts that one expression can make; where there are more, it is a place."""
WHOLE = (
    *(
        "count",
        "estimated",
        "exact",
        "margin",
        "probability",
        "raw",
        "rescaled",
        "task",
        "score",
        "prediction",
        "F1",
        "precision",
        "recall",
    ),
    *("accuracy", "load", "explanations", "raw columns", "deletion", "insertion", "binary", "multiclass", "regression"),
    *("sampling", "frequency", "exposure", "comma", "semicolon", "tab", "interventional", "path-dependent"),
    *(" and ", "not tested: {reason}", "insufficient: {reason}", "suppressed: {reason}"),
    *("the low end of the interval keeps the limit", "the low end of the interval is beyond the limit"),
    *("the high end of the interval keeps the limit", "the high end of the interval is beyond the limit"),
    *("{name} is one of its other values", "{name} is missing", "did you mean {names}?"),
    *("partial dependence of {columns}", "partial dependence of {columns} and {more} more"),
    *("accumulated local effects of {columns}", "accumulated local effects of {columns} and {more} more"),
    *("permutation importance of {columns}", "permutation importance of {columns} and {more} more"),
    *("dependence curves and points of {columns}", "dependence curves and points of {columns} and {more} more"),
    *(
        "rate",
        "scoring rate",
        "scoring impact ratio",
        "impact ratio",
        "selection rate",
        "all reference rows",
        "all evaluation rows",
        "in true positive rates",
        "in false positive rates",
    ),
)
"""Texts that no expression shows: of one word, or put together by calls."""
NOT_RECORDED = (
    *("could not convert", "convert string", "no message", "Stack trace", "columns of text:"),
    *("columns with missing values:", "columns with infinite", "as its library treats them", "where XGBoost itself"),
    *("skops, LightGBM text", "pickle and joblib when", "parquet, csv", "(umask", "^", "scikit-learn {", "xgboost {"),
    *("catboost {", "lightgbm {", "shap {", "fill them inside the model", "a text that means missing", "target {"),
    *(
        "a stated level of {",
        "a column of kind",
        "the registered metric {",
        "(stated in",
        "is missing",
        "is one of its",
    ),
    *("{columns} and", "{numerator} among", "{what} among", "decided {", "not decided {", "outcome {", "outcome not {"),
    *(
        "not outcome {",
        "selected: decided",
        "selected among",
        "selected{",
        "of those with",
        ">= champion",
        "<= champion",
    ),
    *("within [", "score strictly", "decided as the outcome turned out{", "the {bound}", "{name}, decided"),
    *("the figure has no interval, so there is no bound {", "weight column {", "time column {"),
)
"""How texts begin that are parts of errors, versions, numerators and limits, or compared with."""
FRAGMENTS = (
    *("selection rate over", "rates of each class", "of a class", "of the evaluation rows", "the one comparison"),
    *("at or above", "among accepted cases", "the reference", "gaps by", "spread of", "bounds of"),
    *("what this card and the", "rows that reasons", "the catalogue", "rows for which the worst", "the scenario"),
    *("reference rows that distances", "changes of the input", "the input", "noise in all inputs", "the worst small"),
    *("figures of performance under", "never saw"),
)
"""Pieces of texts that are found whole."""
LEAST = 5
"""Letters that a text with places has besides them; those with fewer say too little to be known by."""
NO_TEXTS = ("compile", "stage", "warn", "filterwarnings", "getLogger", "startswith", "endswith")
_GLUE = re.compile(r"^(\{\w+\}; )?[\s;,.·]+|^\{\w+\}; |[\s;,·]+$")
_PLACE = re.compile(r"\{\w+\}")
_JOINT = re.compile(r"; (?![^()]*\))")
_FIXED = (ast.Constant, ast.IfExp, ast.JoinedStr)
_CALLS = ("len", "min", "str", "_clipped", "_number", "_listed", "among", "first_line", "join", "nearest")
"""Calls of which the argument says more than the name."""


def recorded(package: Path) -> Iterator[tuple[str, str]]:
    """Every recorded text, and the module where it is made."""
    paths = [path for folder in FOLDERS for path in sorted((package / folder).rglob("*.py"))]
    paths += [package / name for name in MODULES]
    trees = {path.relative_to(package.parent).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}
    scopes = {place: _Scope(tree) for place, tree in trees.items()}
    for place, tree in trees.items():
        if not place.endswith(OTHERS):
            for text in _Module(tree, scopes).texts():
                yield text, place
    for text in WHOLE:
        yield text, "tools/recorded.py"


class _Scope:
    """What the names of a module or a function are bound to, each as runs of an assignment and what is added to it."""

    def __init__(self, tree: ast.Module | ast.FunctionDef) -> None:
        self.runs: dict[str, list[list[tuple[ast.expr, bool]]]] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.unknown: set[str] = set()
        self.returns = {
            function.name: [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
            for function in tree.body
            if isinstance(function, ast.FunctionDef)
        }
        if isinstance(tree, ast.FunctionDef):
            self.unknown.update(a.arg for a in ast.walk(tree.args) if isinstance(a, ast.arg))
        self._block(tree.body, top=True)

    def _block(self, body: list[ast.stmt], *, top: bool) -> None:
        for node in body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.runs.setdefault(node.targets[0].id, []).append([(node.value, True)])
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                for run in self.runs.get(node.target.id, [])[-1:]:
                    run.append((node.value, top))
            elif isinstance(node, ast.ImportFrom) and node.module:
                self.imports.update((n.asname or n.name, (node.module, n.name)) for n in node.names)
            elif isinstance(node, ast.Assign | ast.For):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.unknown.update(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            for inner in ("body", "orelse", "finalbody"):
                if not isinstance(node, ast.FunctionDef | ast.ClassDef) and hasattr(node, inner):
                    self._block(getattr(node, inner), top=top and isinstance(node, ast.With))
        self.unknown.update(
            n.id
            for c in body
            for g in ast.walk(c)
            if isinstance(g, ast.comprehension)
            for n in ast.walk(g.target)
            if isinstance(n, ast.Name)
        )


class _Module:
    """Texts of one module."""

    def __init__(self, tree: ast.Module, scopes: Mapping[str, _Scope]) -> None:
        self.tree, self.scopes = tree, scopes
        self.own = _Scope(tree)
        self.added: set[int] = set()
        self.busy: set[str] = set()
        self.functions: dict[int, _Scope] = {}
        for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
            scope = _Scope(function)
            self.functions.update((id(node), scope) for node in ast.walk(function))

    def texts(self) -> Iterator[str]:
        """Each text; one that is added to another is found as a part of it."""
        for scope in (self.own, *dict.fromkeys(self.functions.values())):
            for run in (run for runs in scope.runs.values() for run in runs if len(run) > 1):
                made = self._run(run)
                self.added.update(id(part) for part, _ in run if made)
                for text in made or ():
                    yield from _pieces(text)
        for root in list(self._roots(self.tree)):
            for text in () if id(root) in self.added else self.made(root) or ():
                yield from _pieces(text)

    def _roots(self, node: ast.AST) -> Iterator[ast.expr]:
        """The outermost expressions that make texts."""
        for child in ast.iter_child_nodes(node):
            if _no_text(child, node):
                continue
            if isinstance(child, ast.Constant | ast.JoinedStr | ast.BinOp) and self.made(child):
                yield child
                for call in (n for n in ast.walk(child) if isinstance(n, ast.Call)):
                    yield from self._roots(call)
            else:
                yield from self._roots(child)

    def made(self, node: ast.expr) -> list[str] | None:
        """The texts that an expression can make; None where none is known."""
        found = self._made(node)
        return list(dict.fromkeys(found)) if found and len(found) <= MOST else None

    def _made(self, node: ast.expr) -> list[str] | None:
        if isinstance(node, ast.Constant):
            return [_positional(node.value)] if isinstance(node.value, str) else None
        if isinstance(node, ast.IfExp):
            one, other = self.made(node.body), self.made(node.orelse)
            return one + other if one and other else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            one, other = self.made(node.left), self.made(node.right)
            return _joined([one or [_hole(node.left)], other or [_hole(node.right)]]) if one or other else None
        if isinstance(node, ast.JoinedStr):
            return _joined([self._part(part) for part in node.values])
        if isinstance(node, ast.Name):
            return self._variable(node)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = self.own.imports.get(node.value.id, ("", ""))
            return self._elsewhere(f"{module}.{name}", node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._returned(node.func.id)
        return None

    def _returned(self, function: str) -> list[str] | None:
        """Texts that a function can return, where it makes nothing else."""
        module, name = self.own.imports.get(function, ("", function))
        scope = self.scopes.get(module.replace(".", "/") + ".py", self.own)
        texts = [self.made(value) if isinstance(value, _FIXED) else None for value in scope.returns.get(name, [])]
        found = [text for made in texts for text in made or ()]
        return None if None in texts or any(map(_PLACE.search, found)) else found

    def _elsewhere(self, module: str, name: str) -> list[str] | None:
        scope = self.scopes.get(module.replace(".", "/") + ".py")
        return self._known(scope.runs[name], name) if scope and name in scope.runs else None

    def _part(self, part: ast.expr) -> list[str]:
        if not isinstance(part, ast.FormattedValue):
            return self.made(part) or [""]
        known = self.made(part.value) if part.format_spec is None and part.conversion == -1 else None
        return known or [_hole(part.value)]

    def _variable(self, name: ast.Name) -> list[str] | None:
        """Texts that a variable of the function, or a constant, can be."""
        scope = self.functions.get(id(name), self.own)
        if name.id in scope.unknown:
            return None
        if name.id in scope.runs:
            return self._known(scope.runs[name.id], name.id)
        if name.id in self.own.runs:
            return self._known(self.own.runs[name.id], name.id)
        return self._elsewhere(*self.own.imports.get(name.id, ("", "")))

    def _known(self, runs: list[list[tuple[ast.expr, bool]]], name: str) -> list[str] | None:
        found: list[str] = []
        for run in runs:
            if name in self.busy:
                return None
            self.busy.add(name)
            texts = self._run(run)
            self.busy.discard(name)
            if texts is None:
                return None
            found += texts
        return found

    def _run(self, run: list[tuple[ast.expr, bool]]) -> list[str] | None:
        made = [(self.made(part), sure) for part, sure in run]
        if any(texts is None for texts, _ in made):
            return None
        return _joined([(texts or []) + ([] if sure else [""]) for texts, sure in made])


def _no_text(node: ast.AST, parent: ast.AST) -> bool:
    """Docstrings, errors, stages of progress, annotations and comparisons."""
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.Compare):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.keyword) and node.arg == "numerator":  # not printed
        return True
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in NO_TEXTS or called.endswith("Error")
    return node in (getattr(parent, "annotation", None), getattr(parent, "returns", None))


def _positional(text: str) -> str:
    """A template of ``str.format`` with places that have names."""
    names = iter(("first", "second", "third"))
    return re.sub(r"\{\}", lambda _: f"{{{next(names)}}}", text)


def _hole(node: ast.expr) -> str:
    """A place named after the last identifier of what stands there."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("replace", "rstrip", "lower"):
            return _hole(node.func.value)  # type: ignore[attr-defined]
        if called in _CALLS and node.args and called != "among":
            return _hole(node.args[-1] if called == "join" else node.args[0])
        return f"{{{called.strip('_').lower()}}}"
    for key in ("value", "left", "elt", "operand", "test"):
        if not isinstance(node, ast.Attribute) and isinstance(getattr(node, key, None), ast.expr):
            return _hole(getattr(node, key))
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "part")
    return f"{{{name.strip('_').lower()}}}"


def _joined(parts: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(_distinct("".join(choice)) for choice in product(*parts)))


def _distinct(text: str) -> str:
    """Places with names of their own."""
    seen: dict[str, int] = {}
    others = ("", "other_", "third_", "fourth_", "fifth_")

    def named(place: re.Match[str]) -> str:
        name = place[0][1:-1].removeprefix("other_").removeprefix("third_")
        seen[name] = seen.get(name, -1) + 1
        return f"{{{others[seen[name]]}{name}}}"

    return _PLACE.sub(named, text)


def _pieces(text: str) -> Iterator[str]:
    """A text, taken apart where others are chained to it, if it is prose: words apart, one of them our own."""
    for piece in _JOINT.split(text):
        bare = _GLUE.sub("", _GLUE.sub("", piece))
        own = [letter for letter in _PLACE.sub("", bare) if letter.isalpha()]
        enough = len(own) >= (LEAST if _PLACE.search(bare) else 2) and " " in bare and "\n" not in bare
        if enough and bare not in FRAGMENTS and not bare.startswith(NOT_RECORDED):
            yield bare
