"""``explainkit export``: a card as the page of a model hub, or as a bill of material."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from explainkit.cli.options import output_options


@click.command(
    "export",
    help="Write a card as README.md for a model hub, or as a CycloneDX ML-BOM: what its public summary tells, no more.",
)
@click.argument("release", metavar="RELEASE|CARD.JSON", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(["model-card", "cyclonedx"]), help="The format.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; stdout when left out.")
@click.option("--internal", is_flag=True, help="Everything but single rows: not for publication.")
@click.option(
    "--spec-version", type=click.Choice(["1.6", "1.7"]), default="1.6", show_default=True, help="Of CycloneDX."
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@output_options
def command(release: Path, out: Path | None, quiet: bool, as_json: bool, debug: bool, **asked: Any) -> int:
    """Export, and say what was written."""
    from explainkit.exported import export

    artifact = export(release, out=out, **asked)
    if as_json:
        from explainkit.cli.main import emit

        emit(
            {
                "file": artifact.name if out is None else os.fspath(out),
                "sha256": artifact.sha256,
                "internal": asked["internal"],
                **({"content": artifact.data.decode()} if out is None else {}),
                "exit_code": 0,
            }
        )
    elif out is None:
        click.echo(artifact.data, nl=False)
    elif not quiet:
        click.echo(os.fspath(out))
    return 0
