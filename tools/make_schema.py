"""Write the JSON Schemas of card.json, summary.json and compare.json from the dataclasses that they are made of.

Run ``python tools/make_schema.py`` after changing one of them; a test fails while the committed schema differs.
Types, required members and allowed words come from the annotations, descriptions from the docstrings under the fields.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from explainkit import comparison, evidence, figures, house, public, records

SCHEMAS = Path(__file__).parent.parent / "explainkit" / "schemas"
DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}

# What holds between members, and stands in no annotation.
_RULES: dict[type, dict[str, Any]] = {
    figures.Figure: {
        "if": {"properties": {"status": {"const": "measured"}}},
        "then": {"required": ["value"]},
        "else": {"required": ["reason"], "properties": {"value": False}},
    },
}
_PATTERNS = {
    (figures.Figure, "id"): rf"^{figures._NAME.pattern}(\[.+\])?$",
    (figures.Series, "id"): rf"^{figures._NAME.pattern}(\[.+\])?$",
    (evidence.DatasetIdentity, "digest"): DIGEST["pattern"],
    (evidence.ModelIdentity, "digest"): DIGEST["pattern"],
    (evidence.Method, "background_digest"): DIGEST["pattern"],
    (house.Logo, "digest"): DIGEST["pattern"],
    (public.Summary, "card"): DIGEST["pattern"],
    (public.Summary, "catalogue"): DIGEST["pattern"],
    (public.PublicModel, "digest"): DIGEST["pattern"],
    (comparison.Side, "card"): DIGEST["pattern"],
    (comparison.Side, "plan_digest"): DIGEST["pattern"],
    (comparison.Comparison, "predicted"): DIGEST["pattern"],
    (public.PublicData, "digest"): DIGEST["pattern"],
}


def card_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what `Evidence.to_json` writes."""
    digest = {"plan_digest": {**DIGEST, "description": "Digest of the canonical JSON of the plan."}}
    return _schema("card", evidence.Evidence, evidence.SCHEMA_VERSION, digest)


def summary_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what `Summary.to_json` writes."""
    return _schema("summary", public.Summary, public.SUMMARY_VERSION, {})


def comparison_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what `Comparison.to_json` writes."""
    return _schema("compare", comparison.Comparison, comparison.COMPARISON_VERSION, {})


def _schema(name: str, kind: type[Any], version: str, more: Mapping[str, Any]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    document = _object(kind, definitions)
    document["properties"] = {"schema_version": {"const": version}, **document["properties"], **more}
    document["required"] = ["schema_version", *document["required"], *more]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:explainkit:{name}:{version}",
        "title": f"{name}.json",
        **document,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of a dataclass as it is written: members that are None are left out, all others are present."""
    hints, words = get_type_hints(kind), _field_docs(kind)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(kind):
        name = records.NAMES.get(field.name, field.name)
        parts = [part for part in _union(hints[field.name]) if part is not types.NoneType]
        member = _type(parts, definitions)
        if (kind, field.name) in _PATTERNS:
            member["pattern"] = _PATTERNS[kind, field.name]
        if field.name in words:
            member["description"] = words[field.name]
        properties[name] = member
        if types.NoneType not in _union(hints[field.name]):
            required.append(name)
    description = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **_RULES.get(kind, {}),
    }


def _union(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _type(parts: list[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of a value of any of some types."""
    if all(part in _SCALARS or part is types.NoneType for part in parts):
        names = ["null" if part is types.NoneType else _SCALARS[part] for part in parts]
        names = [name for name in names if not (name == "integer" and "number" in names)]
        return {"type": names[0] if len(names) == 1 else sorted(names)}
    if len(parts) > 1:
        return {"anyOf": [_type([part], definitions) for part in parts]}
    return _one(parts[0], definitions)


def _one(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple and inner[-1] is Ellipsis:
        return {"type": "array", "items": _type(list(_union(inner[0])), definitions)}
    if origin is tuple:
        items = [_type(list(_union(part)), definitions) for part in inner]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if origin is Mapping:
        return {"type": "object"}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # a place, so that a type that holds itself ends
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"no JSON Schema is known for {hint!r}")


def _field_docs(kind: type[Any]) -> dict[str, str]:
    """Docstrings under the fields of a dataclass, without the marks of literals."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    words: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                words[field.target.id] = " ".join(value.value.replace("``", "").replace("`", "").split())
    return words


def texts() -> dict[str, str]:
    """The schemas as they are committed, by the name of their file."""
    schemas = {"card": card_schema(), "summary": summary_schema(), "compare": comparison_schema()}
    found = {f"{name}-1.schema.json": schema for name, schema in schemas.items()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in found.items()}


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in texts().items():
        (SCHEMAS / name).write_text(text, encoding="utf-8")
