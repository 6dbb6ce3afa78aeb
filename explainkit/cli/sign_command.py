"""``explainkit sign``: a release that was left unsigned is signed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from explainkit.cli.options import key_options, output_options, passphrase_from
from explainkit.errors import InputError


@click.command("sign", help="Sign a release that was left unsigned.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--role", type=click.Choice(["provider"]), default="provider", show_default=True)
@key_options
@output_options
def command(folder: Path, role: str, quiet: bool, as_json: bool, debug: bool, **flags: Any) -> int:
    """Sign a copy, and put it in place of the unsigned one in one step."""
    from explainkit.artifact import Artifact
    from explainkit.registries.directory import write_release
    from explainkit.sign.release import sign_in_child

    if flags["key"] is None:
        raise InputError("no key to sign with", where="--key", remedy="explainkit keygen makes a TEST key")
    if not (folder / "card.json").is_file():
        raise InputError("no release there", where=str(folder), remedy="explainkit audit makes one")
    if (folder / "signatures").exists():  # said here by its own name, not by that of the copy that is signed
        raise InputError("this release is signed already", where=str(folder), remedy="make a new release to sign")
    signer = passphrase_from(flags.pop("key"), flags.pop("certificate"), flags)()
    assert signer is not None
    files = [
        Artifact(
            name=path.relative_to(folder).as_posix(), data=path.read_bytes(), media_type="application/octet-stream"
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    write_release(folder.absolute(), files, finish=lambda staging: sign_in_child(staging, signer), force=True)
    if as_json:
        from explainkit.cli.main import emit

        emit({"release": os.fspath(folder), "signed": True})
    elif not quiet:
        click.echo(f"{folder}: signed as {role}")
    return 0
