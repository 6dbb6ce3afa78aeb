"""A plan read from a file or a mapping, and what is wrong with it in one line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from explainkit.decision import Threshold
from explainkit.errors import InputError, PlanError, nearest
from explainkit.figures import parse_figure_id
from explainkit.plan.data import check_moments
from explainkit.plan.plan import Plan
from explainkit.statements import catalogue


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises
    ------
    PlanError
        If the file is missing, is not TOML, or asks for something unknown or impossible.
    """
    if path.is_dir():
        raise PlanError("a plan is a file", where=str(path), found="a folder", allowed="a .toml file")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PlanError("no such plan", where=str(path), remedy="explainkit init writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError("not a TOML file", where=str(path), found=str(error)) from None
    except OSError as error:
        raise PlanError("the plan cannot be read", where=str(path), found=error.strerror or str(error)) from None
    return plan_from(document, where=str(path))


def plan_from(document: Mapping[str, Any], *, where: str | None = None) -> Plan:
    """Validate a plan given as a mapping.

    Parameters
    ----------
    document : mapping
        As read from TOML.
    where : str, optional
        What to name in errors, for example the file.

    Raises
    ------
    PlanError
        With the first thing that is wrong; an unknown key comes with the nearest known one.
    """
    found = document.get("version", 1)
    if found != 1:
        raise PlanError("unknown version of the plan", where=where, found=repr(found), allowed="1")
    try:
        plan = Plan.model_validate(dict(document))
    except ValidationError as error:
        raise _plan_error(error, where) from None
    try:
        _check_words(plan)
    except InputError as error:
        raise PlanError(
            error.problem,
            where=f"{where}: {error.where}" if where else error.where,
            found=error.found,
            allowed=error.allowed,
            remedy=error.remedy,
        ) from None
    return plan


def _check_words(plan: Plan) -> None:
    """Parse once what is written in a small language of its own, so that errors come now."""
    known = [s.id for s in catalogue()]
    for key in plan.statements:
        if key not in known:
            raise PlanError("unknown statement", where=f"statements.{key}", remedy=nearest(key, known))
    for key in plan.compare.material:
        parse_figure_id(key)
    for key in (*plan.monitor.alerts, *plan.monitor.rollback):
        parse_figure_id(key)
    for key, gate in plan.gates.items():
        parse_figure_id(key)
        if gate.no_worse_than_champion and plan.champion is None:
            remedy = '[champion] score = "…" names the column of its scores in the evaluation data'
            raise PlanError("no champion to compare with", where=f"gates: {key}", remedy=remedy)
    if plan.champion is not None and plan.champion.threshold is not None:
        Threshold.parse(plan.champion.threshold, where="champion.threshold")
    if plan.time is not None and plan.data.time is None:
        raise PlanError(
            "no column of times", where="data.time", remedy='[data] time = "…" names it, or take [time] out'
        )
    check_moments(plan.data, {name: feature.available for name, feature in plan.features.items()})
    _check_names("properties", [wanted.called for wanted in plan.properties])
    _check_names("scenarios", [scenario.name for scenario in plan.scenarios])
    _ = plan.population
    if plan.model.threshold is not None:
        Threshold.parse(plan.model.threshold)


def _check_names(table: str, names: list[str]) -> None:
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        remedy = 'give each a name of its own: name = "…"'
        raise PlanError(f"two {table} have one name", where=table, found=repr(twice), remedy=remedy)


def _plan_error(error: ValidationError, where: str | None) -> PlanError:
    errors = error.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    path = [str(p) for p in first["loc"]]
    place = f"{where}: {'.'.join(path)}" if where else ".".join(path)
    if first["type"] == "extra_forbidden":
        return PlanError("unknown key", where=place, remedy=nearest(path[-1], _keys_beside(path)))
    allowed = first.get("ctx", {}).get("expected")
    message = first["msg"].removeprefix("Value error, ")
    return PlanError(message[0].lower() + message[1:], where=place, found=repr(first["input"]), allowed=allowed)


def _keys_beside(path: list[str]) -> list[str]:
    """Known keys of the table in which an unknown key stands."""
    model: Any = Plan
    for part in path[:-1]:
        fields = getattr(model, "model_fields", None)
        if fields is None or part not in fields:
            continue  # the name of a feature or of a gate
        annotation = fields[part].annotation
        inner = [a for a in get_args(annotation) if hasattr(a, "model_fields")]
        model = annotation if hasattr(annotation, "model_fields") else (inner[0] if inner else model)
    return list(getattr(model, "model_fields", {}))
