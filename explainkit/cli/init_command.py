"""``explainkit init``: a plan with what could be discovered, and the questions that only a person can answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import output_options
from explainkit.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

    from explainkit.load.subject import Model

_HINTS = ("sex", "gender", "age", "race", "ethnic", "marital", "nation", "religion", "disab", "birth", "foreign")


@click.command("init", help="Write a plan with what can be discovered; what a person must state is left blank.")
@click.option("--model", help="Model file or MLflow model folder; left out for predictions-only.")
@click.option("--data", required=True, help="Evaluation data: parquet, csv or feather.")
@click.option("--reference", help="Data the model was trained on.")
@click.option("--target", help="Column of outcomes.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("audit.toml"), show_default=True)
@output_options
def command(
    model: str | None,
    data: str,
    reference: str | None,
    target: str | None,
    out: Path,
    quiet: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Read model and data, and write the plan."""
    from explainkit.load.columns import require_column
    from explainkit.load.confined.opening import open_confined
    from explainkit.load.tables import read_file

    if out.exists():
        raise OutputError("the plan exists already", where=str(out), remedy="choose another --out")
    dataset, _ = read_file(Path(data), role="evaluation")
    frame = dataset.frame
    if target is not None:
        require_column(frame, target, role="--target")
    adapter = None if model is None else open_confined(Path(model))
    if target is None and adapter is not None and adapter.features is not None:
        rest = [str(c) for c in frame.columns if str(c) not in adapter.features]
        target = rest[0] if len(rest) == 1 else None
    paths = {
        name: _relative(value, out)
        for name, value in (("model", model), ("data", data), ("reference", reference))
        if value
    }
    text = plan_text(frame, adapter, target=target, paths=paths)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError("the plan cannot be written", where=str(out), found=error.strerror) from None
    if as_json:
        from explainkit.cli.main import emit

        emit({"plan": os.fspath(out)})
    elif not quiet:
        click.echo(os.fspath(out))
        click.echo(f"fill in what stands behind #, then: explainkit audit {out}")
    return 0


def _relative(path: str, plan: Path) -> str:
    """The path as the plan will read it: from the folder of the plan."""
    if Path(path).is_absolute():
        return path
    return Path(os.path.relpath(Path(path).absolute(), plan.absolute().parent)).as_posix()


def plan_text(frame: pd.DataFrame, model: Model | None, *, target: str | None, paths: dict[str, str]) -> str:
    """The plan as TOML: facts filled in, statements as questions.

    Parameters
    ----------
    frame : pandas.DataFrame
        The evaluation rows.
    model : Model or None
        None for predictions-only.
    target : str or None
        Column of outcomes.
    paths : dict
        ``model``, ``data`` and ``reference`` as the plan names them.
    """
    from explainkit.statements import catalogue

    classes = _classes(frame, model, target)
    return "\n".join(
        (
            "# What to audit. Lines that begin with # are open: take the # away and fill them in.",
            "version = 1",
            "",
            "[card]",
            '# name = "…"',
            '# version = "1.0.0"',
            "# date = 2026-01-31",
            "",
            *_model_lines(paths, classes),
            "",
            *_data_lines(frame, paths, target, without_model=model is None),
            "",
            "[fairness]",
            *([f'# favourable = "…"   # the outcome a person would want: one of {_list(classes)}'] if classes else []),
            *_basis_lines(frame, target),
            "",
            *_performance_lines(classes),
            *_robustness_lines(without_model=model is None),
            *_part_lines(paths, target),
            "[gates]",
            '# "performance.roc_auc" = { min = 0.70, bound = "low" }'
            if classes
            else '# "performance.r2" = { min = 0.5 }',
            *(
                ['# "explanation.reasons.blocked" = { max = 0 }   # holds without this line too, and blocks']
                if len(classes) == 2
                else []
            ),
            "",
            "[privacy]",
            '# id_key_file = "case.key"   # a secret of 32 random bytes: cases are then named by HMAC of their id',
            "",
            "[statements]",
            *(
                f'# {s.id} = "…"   # {"required" if s.required else "optional"}, {s.role}: {s.question}'
                for s in catalogue()
            ),
            "",
        )
    )


def _model_lines(paths: dict[str, str], classes: list[str]) -> list[str]:
    lines = ["[model]"]
    if "model" in paths:
        lines.append(f"path = {_text(paths['model'])}")
    if len(classes) == 2:
        lines += [
            f"# positive = {_text(classes[1])}   # the class whose probability the score is: one of {_list(classes)}",
            '# threshold = ">=0.5"   # and which way a tie falls; nothing is decided without it',
        ]
    return lines


def _data_lines(frame: pd.DataFrame, paths: dict[str, str], target: str | None, *, without_model: bool) -> list[str]:
    from explainkit.load.columns import kind_of

    others, candidates = _candidates(frame, target)
    lines = [
        "[data]",
        f"evaluation = {_text(paths['data'])}",
        f"reference = {_text(paths['reference'])}" if "reference" in paths else '# reference = "train.parquet"',
        f"target = {_text(target)}" if target else f'# target = "…"   # one of {_list(others)}',
    ]
    lines.append('# time = "…"   # when rows are from, with the periods below under [time]')
    if "reference" in paths:
        lines.append("# trained_on_reference = true   # then it is measured in sample and out of it")
    if without_model:
        lines.append(f'# score = "…"   # one of {_list(others)}')
    lines.append(
        f"# sensitive = {_list(candidates or others)}   # columns that make groups; take out what does not belong"
    )
    for name in (c for c in candidates if kind_of(frame[c]) in ("number", "integer")):
        lines += [f"# [features.{_key(name)}]", "# cuts = [26, 41]   # for numbers, with:", '# cuts_reason = "…"']
    return lines


def _performance_lines(classes: list[str]) -> list[str]:
    if not classes:
        line = '# interval = { low = "…", high = "…", level = 0.9 }   # columns that the outcome should lie between'
    elif len(classes) == 2:
        line = "# costs = { false_positive = 1.0, false_negative = 5.0 }   # what wrong decisions cost, in any unit"
    else:
        return []
    return ["[performance]", line, ""]


def _robustness_lines(*, without_model: bool) -> list[str]:
    if without_model:
        return []
    return [
        "[robustness]   # asks the model about changed inputs; the audit is some seconds faster without",
        "",
        "# [[scenarios]]   # inputs that change together",
        '# name = "recession"',
        '# changes = { income = "-10%", rate = "+2sd" }',
        "",
    ]


def _part_lines(paths: dict[str, str], target: str | None) -> list[str]:
    lines = ["# [time]", '# period = "quarter"   # month, quarter, year; or cuts = [2026-01-01]', ""]
    if "reference" in paths and target is not None:
        lines += ["[benchmarks]   # simple models that learn from the reference data, to compare with", ""]
    return lines


def _candidates(frame: pd.DataFrame, target: str | None) -> tuple[list[str], list[str]]:
    """Columns that are not the target, and those of them that may be sensitive by their names."""
    others = [str(c) for c in frame.columns if str(c) != target]
    return others, [c for c in others if any(h in c.lower() for h in _HINTS)]


def _basis_lines(frame: pd.DataFrame, target: str | None) -> list[str]:
    """The question for each sensitive column; without an answer its figures are not tested."""
    others, candidates = _candidates(frame, target)
    return [
        f'# basis.{_key(name)} = "…"   # the legal basis on which {_text(name)} may be examined'
        for name in (candidates or others)[:30]
    ]


def _classes(frame: pd.DataFrame, model: Model | None, target: str | None) -> list[str]:
    from explainkit.decision import label_name

    if model is not None:
        return [label_name(c) for c in model.classes or ()]
    if target is None:
        return []
    found = frame[target].dropna().unique()
    return sorted(label_name(v) for v in found) if len(found) <= 20 else []


def _text(value: Any) -> str:
    # A JSON string is a TOML string, but for the escape of the slash, which JSON does not write.
    return json.dumps(str(value), ensure_ascii=False)


def _list(values: list[str]) -> str:
    return "[" + ", ".join(_text(v) for v in values[:30]) + "]"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)
