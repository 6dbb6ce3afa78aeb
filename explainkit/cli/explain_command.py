"""``explainkit explain``: one decision, on the terminal, as JSON, or as one HTML file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import output_options
from explainkit.cli.supervised import supervised
from explainkit.errors import OutputError, PlanError

if TYPE_CHECKING:
    from explainkit.evidence import Evidence
    from explainkit.load.subject import Subject


@click.command("explain", help="Explain one decision: contributions, principal reasons, what would change it.")
@click.argument("plan", type=click.Path(path_type=Path), metavar="AUDIT.TOML")
@click.option("--row", help="Id of the row; its position, from 1, where the plan names no id column.")
@click.option("--position", help="Position of the row, from 1, as cards name it.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.html", help="Write it as HTML, with its numbers as JSON."
)
@output_options
def command(
    plan: Path, row: str | None, position: str | None, out: Path | None, quiet: bool, as_json: bool, debug: bool
) -> int:
    """Explain in a child process."""
    if (row is None) == (position is None):
        raise PlanError("one row is explained", allowed="--row ID, or --position N")
    files = None if out is None else _files(out)

    def job() -> int:
        from explainkit.cli.progress_bars import progress_for
        from explainkit.gathering import gather_case, recorded_plan
        from explainkit.load.confined.opening import opening_of
        from explainkit.plan import read_plan
        from explainkit.report.language import language_of

        asked = read_plan(plan)
        progress = progress_for(quiet=quiet or as_json or not sys.stderr.isatty())
        with progress.stage("load model and data"):
            opening = opening_of(asked, base=plan.absolute().parent, progress=progress)
            from explainkit.load.assemble import load_subject

            subject = load_subject(asked, base=plan.absolute().parent, opening=opening)
        if subject.model is None:
            raise PlanError("scores alone cannot be explained", where="model.path", remedy="name the model file")
        words = None if subject.catalogue is None else subject.catalogue.data
        language_of(recorded_plan(subject, asked), words)
        evidence = gather_case(subject, asked, _position(subject, row, position), progress=progress)
        if files is not None:
            _write(files, evidence, words)
        return _report(evidence, files, words, quiet=quiet, as_json=as_json)

    # A job that is killed leaves nothing behind that would have to be removed beside this name.
    return supervised(job, target=Path("explain").absolute())


def _position(subject: Subject, row: str | None, position: str | None) -> int:
    from explainkit.explain.cases import numbered, position_of

    return numbered(subject, position or "") if row is None else position_of(subject, row)


def _files(out: Path) -> tuple[Path, Path]:
    """Where HTML and JSON go; nothing existing is replaced."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise OutputError("a decision is written as HTML", where=str(out), allowed="a name that ends in .html")
    found = out, out.with_suffix(".json")
    for path in found:
        if path.exists():
            raise OutputError("the file exists already", where=str(path), remedy="choose another --out")
    if not out.absolute().parent.is_dir():
        raise OutputError("no such folder", where=str(out.parent), remedy="create it, or choose another --out")
    return found


def _write(files: tuple[Path, Path], evidence: Evidence, words: bytes | None) -> None:
    from explainkit.report.decision import page

    html, numbers = files
    try:
        for path, data in ((numbers, evidence.to_json()), (html, page(evidence, source=numbers.name, catalogue=words))):
            with path.open("xb") as stream:
                stream.write(data)
    except OSError as error:
        raise OutputError("the file cannot be written", where=str(html), found=error.strerror) from None


def _report(
    evidence: Evidence, files: tuple[Path, Path] | None, words: bytes | None, *, quiet: bool, as_json: bool
) -> int:
    """Print the decision; 1 where its reasons are blocked, as the standing gate would."""
    from explainkit.cli.main import emit
    from explainkit.report.decision import document, lines

    code = 1 if any(case.decision is not None and case.decision.protected for case in evidence.cases) else 0
    if as_json:
        found: dict[str, Any] = {**document(evidence, words), "exit_code": code}
        if files is not None:
            found["files"] = [os.fspath(path) for path in files]
        emit(found)
    elif not quiet:
        if sys.stdout.isatty():
            _on_terminal(evidence, words)
        else:
            for line in lines(evidence, words):
                click.echo(line)
        for path in files or ():
            click.echo(os.fspath(path))
    return code


def _on_terminal(evidence: Evidence, words: bytes | None) -> None:
    """With tables as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from explainkit.report.card import Table
    from explainkit.report.decision import told
    from explainkit.report.language import language_of, speaking
    from explainkit.report.sentences import plain

    console = Console(highlight=False)
    with speaking(language_of(evidence.plan, words)):
        for line in told(evidence, words):
            if not isinstance(line, Table):
                console.print(Text(line))
                continue
            table = RichTable(box=None, pad_edge=False, header_style="bold")
            for column in line.columns:
                table.add_column(Text(plain(column.title)), justify="right" if column.align == "right" else "left")
            for row in line.rows:
                style = "bold" if row.tone == "strong" else None
                table.add_row(*(Text(plain(cell)) for cell in row.cells), style=style)
            console.print(table)
