"""Reference pages of the documentation, written from the code itself.

`mkdocs` calls `on_files` (see mkdocs.yml), which adds one page for each entry of `PAGES`; nothing is written to the
tree. A page is a function without arguments that returns Markdown.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import explainkit
from explainkit.assess.preconditions import NEEDS, Need
from explainkit.cli.main import COMMANDS, main
from explainkit.plan import Label, Names, Plan
from explainkit.report.measures import Measure, catalogue
from explainkit.statements import catalogue as statements

FAMILIES = {
    "performance": "Performance",
    "calibration": "Calibration",
    "fairness": "Fairness by group",
    "decisions": "Decisions made in fact",
    "proxy": "Groups known by probabilities",
    "proxy_strength": "How well inputs stand for an attribute",
    "ll144": "New York City, Local Law 144",
    "slice": "Where errors are largest",
    "period": "Over time",
    "segment": "By segment",
    "sample": "In sample and out of it",
    "champion": "Against the champion",
    "benchmark": "Against simple models",
    "drift": "Drift from the reference data",
    "explanation": "Explanations",
    "case": "Single cases",
    "property": "Properties for every input",
    "robustness": "Robustness",
    "load": "Load",
    "data": "Data",
    "leakage": "Leakage",
    "compare": "From one release to another",
    "baseline": "Baseline for monitoring",
    "monitor": "New data against the card (`explainkit monitor`)",
    "ledger": "Ledger",
}
NEED_WORDS = {
    Need.GROUPS: "`data.sensitive`",
    Need.POSITIVE: "`model.positive`",
    Need.OUTCOME: "an outcome",
    Need.BOTH: "both classes among the outcomes",
    Need.DECISION: "`model.threshold`",
    Need.FAVOURABLE: "`fairness.favourable`",
    Need.PROBABILITY: "scores that are probabilities",
    Need.PREVALENCE: "rows that are not resampled",
}


def documented(owner: type) -> dict[str, str]:
    """Docstrings under the fields of a class, its bases' too."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        if not base.__module__.startswith("explainkit"):
            continue
        body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for one, two in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(one, ast.AnnAssign)
                and isinstance(one.target, ast.Name)
                and isinstance(two, ast.Expr)
                and isinstance(two.value, ast.Constant)
            ):
                found[one.target.id] = " ".join(str(two.value.value).split())
    return found


def markdown(text: str) -> str:
    """A docstring as Markdown in a cell of a table."""
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """Code in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


# The plan file


def type_words(annotation: Any) -> str:
    """A type as a user of TOML would call it."""
    if annotation == Names:
        return "list of texts, or one text with commas"
    if annotation == Label:
        return "text, number or boolean"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_words(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_words(part) for part in inner if part is not type(None)))
    if origin is Literal:
        return " or ".join(code(json.dumps(value)) for value in inner)
    if origin is tuple:
        return "two numbers" if Ellipsis not in inner else f"list of {type_words(inner[0])}s"
    if origin is dict:
        return f"table: name → {type_words(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    words = {str: "text", int: "whole number", float: "number", bool: "boolean"}
    return words.get(annotation, "date")


def field_type(field: FieldInfo) -> str:
    """The type of a field with its limits."""
    if any(getattr(part, "func", None) is not None for part in field.metadata):
        validator = next(part for part in field.metadata if getattr(part, "func", None) is not None)
        if field.annotation == tuple[str, ...]:
            return type_words(Names)
        if validator == get_args(Label)[1]:
            return type_words(Label)
    limits = []
    for part in field.metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            if getattr(part, name, None) is not None:
                limits.append(f"{sign} {getattr(part, name)}")
    return type_words(field.annotation) + (f" ({', '.join(limits)})" if limits else "")


def default_words(field: FieldInfo) -> str:
    """What holds where the key is left out."""
    if field.is_required():
        return "**required**"
    default = field.default
    if default is PydanticUndefined or default is None or default in ((), {}):
        return "none"
    return code(json.dumps(default, ensure_ascii=False, default=str))


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """The table behind a field, if it is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [inner_model(part) for part in get_args(annotation)]
    return next((model for model in found if model is not None), None)


def plan_rows(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    """Key, field and meaning of every key of a table."""
    meanings = documented(model)
    for name, field in model.model_fields.items():
        inner = inner_model(field.annotation)
        yield name, field, meanings.get(name) or (" ".join((inner.__doc__ or "").split()) if inner else "")


def plan_table(model: type[BaseModel], title: str) -> list[str]:
    """One table of the plan, then the tables in it."""
    about = " ".join((model.__doc__ or "").split())
    lines = [f"## `{title}`", "", markdown(about.partition(": ")[2] or about).capitalize(), ""]
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    below: list[str] = []
    for name, field, meaning in plan_rows(model):
        lines.append(f"| `{name}` | {field_type(field)} | {default_words(field)} | {markdown(meaning)} |")
        inner = inner_model(field.annotation)
        if inner is not None:
            below += ["", *plan_table(inner, f"{title.strip('[]')}.{name}")]
    return [*lines, *below]


def plan_page() -> str:
    """Every table and key of audit.toml."""
    lines = ["# The plan file", "", "`audit.toml` says what to audit. `explainkit init` writes one. Paths start at the"]
    lines += [
        "folder of the file. An unknown key is an error. This page is made from the code that reads the file.",
        "",
    ]
    lines += ["`version = 1` stands at the top and may be left out.", ""]
    for name, field in Plan.model_fields.items():
        model = inner_model(field.annotation)
        if model is None:
            continue
        many = get_origin(field.annotation) is dict and name not in ("gates", "statements")
        title = f"[[{name}]]" if get_origin(field.annotation) is tuple else f"[{name}.NAME]" if many else f"[{name}]"
        lines += [*plan_table(model, title), ""]
        if name == "statements":
            lines += ["| key | required | who answers | question |", "|---|---|---|---|"]
            for s in statements():
                lines.append(f"| `{s.id}` | {'yes' if s.required else 'no'} | {s.role} | {markdown(s.question)} |")
            lines.append("")
    return "\n".join(lines)


# Figures


def needs_words(name: str) -> str:
    """Tasks of a figure, and what has to be stated or there before it is measured."""
    if not any(name in needs for needs in NEEDS.values()):
        return "no statement"
    parts = []
    for task, needs in NEEDS.items():
        if name in needs:
            words = [text for need, text in NEED_WORDS.items() if need in needs[name]]
            parts.append(f"{task}: {', '.join(words) or 'no statement'}")
    return "; ".join(parts)


def figure_entry(name: str, known: Measure) -> list[str]:
    """One figure or series."""
    lines = [f"### `{name}` {{ #{name} }}", "", f"**{known.title}**: {known.meaning}.", ""]
    facts = [("Formula", known.formula), ("Unit", ", ".join(known.unit) or None)]
    if known.columns:
        facts.append(("Series with columns", ", ".join(f"`{column}`" for column in known.columns)))
    facts += [("Needs", needs_words(name)), ("Method", known.method), ("Source", known.source)]
    lines += [f"- {title}: {text.replace('<', '&lt;').replace('|', '&#124;')}" for title, text in facts if text]
    return [*lines, ""]


def figures_page() -> str:
    """Every figure and series, family by family."""
    entries = catalogue()
    lines = [
        "# Figure catalogue",
        "",
        f"explainkit can produce {len(entries)} figures and series. A card holds those that task, data and plan allow;",
        "each says its own method in full. What depends on something that nobody stated is `not_tested`.",
        "",
        "In formulas: y outcome, s score, ŷ prediction, n rows, w weight; TP, FP, TN, FN rows by decision and outcome;",
        "TPR, FPR, TNR the rates made of them; ⁺ and ⁻ positives and negatives; k a bin; r the reference group;",
        "φ SHAP values, Φ SHAP interaction values, f the model's output in the space explained. With weights, sums and",
        "means are weighted. *Method* is that of unweighted rows; … stands for what differs between cards. *Source*",
        "is that of the definition or of the interval. Units are explained on [card.json](card-json.md).",
        "",
    ]
    for family, title in FAMILIES.items():
        lines += [f"## {title}", ""]
        for name, known in entries.items():
            if name.partition(".")[0] == family:
                lines += figure_entry(name, known)
    return "\n".join(lines)


# The command line, card.json, Python


def command_line_page() -> str:
    """Help of every command, as click prints it."""
    lines = ["# Command line", "", "What `--help` prints. [Exit codes](exit-codes.md) have a page of their own.", ""]
    root = click.Context(main, info_name="explainkit", max_content_width=100, terminal_width=100)
    lines += ["```text", main.get_help(root), "```", ""]
    for name in COMMANDS:
        command = main.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, max_content_width=100, terminal_width=100)
        lines += [f"## explainkit {name}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def schema_type(rule: dict[str, Any]) -> str:
    """The type that a rule of the schema allows."""
    if "$ref" in rule:
        name = rule["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in rule:
        return code(json.dumps(rule["const"]))
    if "enum" in rule:
        return " or ".join(code(json.dumps(value)) for value in rule["enum"])
    if "anyOf" in rule or "oneOf" in rule:
        return " or ".join(schema_type(part) for part in rule.get("anyOf", rule.get("oneOf")))
    if rule.get("type") == "array":
        return f"list of {schema_type(rule['items'])}" if isinstance(rule.get("items"), dict) else "list"
    kind = rule.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def schema_table(rule: dict[str, Any]) -> list[str]:
    """Members of one object of the schema."""
    lines = ["| member | type | always there | meaning |", "|---|---|---|---|"]
    for name, member in rule.get("properties", {}).items():
        always = "yes" if name in rule.get("required", ()) else "no"
        lines.append(f"| `{name}` | {schema_type(member)} | {always} | {markdown(member.get('description', ''))} |")
    return lines


def card_json_page() -> str:
    """The schema of card.json as tables."""
    home = Path(explainkit.__file__).parent / "schemas" / "card-1.schema.json"
    schema = json.loads(home.read_text("utf-8"))
    lines = [
        "# card.json",
        "",
        "`card.json` is the only source of the card: HTML and PDF hold no measured number that is not",
    ]
    lines += ["in it. It is canonical JSON (RFC 8785). Its JSON Schema is installed with the package, at"]
    lines += ["`explainkit/schemas/card-1.schema.json`; this page is made from it.", "", "## The document", ""]
    lines += [*schema_table(schema), ""]
    for name, rule in schema.get("$defs", {}).items():
        if rule.get("properties"):
            lines += [f"## {name}", "", markdown(rule.get("description", "")), "", *schema_table(rule), ""]
    return "\n".join(lines)


def python_page() -> str:
    """The public names, drawn by mkdocstrings from their docstrings."""
    lines = [
        "# Python",
        "",
        "Everything below is imported as `explainkit.NAME`; the docstrings are those of the code.",
        "",
    ]
    for name in explainkit.__all__:
        lines += [f"::: {explainkit._HOMES[name]}.{name}", ""]
    lines += ["# explainkit.testing", "", "For test suites; imported from `explainkit.testing`.", ""]
    for name in ("assert_gates", "assert_figure", "assert_verified"):
        lines += [f"::: explainkit.testing.{name}", ""]
    return "\n".join(lines)


PAGES: dict[str, Callable[[], str]] = {
    "reference/plan.md": plan_page,
    "reference/figures.md": figures_page,
    "reference/command-line.md": command_line_page,
    "reference/card-json.md": card_json_page,
    "reference/python.md": python_page,
}


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs: add the generated pages."""
    from mkdocs.structure.files import File

    for path, write in PAGES.items():
        files.append(File.generated(config, path, content=write()))
    return files


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Called by mkdocs: what the theme would fetch from another host to search pages in a folder comes from here."""
    from mkdocs.utils import get_relative_url

    return output.replace("https://unpkg.com/iframe-worker/shim", get_relative_url("worker-on-files.js", page.url))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same for the page that a server shows where there is none."""
    return output_content.replace("https://unpkg.com/iframe-worker/shim", "/worker-on-files.js")
