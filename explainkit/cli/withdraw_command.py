"""``explainkit withdraw``: a signed card is taken back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from explainkit.cli.options import key_options, output_options, signer_from


@click.command("withdraw", help="Take a signed card back: a signed withdrawal is added, nothing is removed.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why, for those who relied on the card.")
@click.option("--role", type=click.Choice(["provider", "validator", "approver"]), default="provider", show_default=True)
@key_options
@output_options
def command(folder: Path, reason: str, role: str, quiet: bool, as_json: bool, debug: bool, **flags: Any) -> int:
    """Sign a copy with the withdrawal, and put it in place of the folder in one step."""
    from explainkit import saved

    said = saved.withdraw(folder, signer=signer_from(flags), reason=reason, role=role)
    if as_json:
        from explainkit.cli.main import emit

        emit({"release": os.fspath(folder), "withdrawn": True, "role": role, "date": said.date})
    elif not quiet:
        click.echo(f"{folder}: withdrawn as {role}")
    return 0
