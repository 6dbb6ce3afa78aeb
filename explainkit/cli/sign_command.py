"""``explainkit sign``: a release that was left unsigned is signed, a signed one is countersigned, gates are signed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import key_options, output_options, signer_from
from explainkit.errors import InputError

if TYPE_CHECKING:
    from explainkit.sign.keys import Signer


@click.command(
    "sign",
    help="Sign a release that was left unsigned, add the opinion of a validator or approver, or sign a file with gates "
    "before the audit.",
)
@click.argument("folder", metavar="RELEASE|GATES.TOML", type=click.Path(path_type=Path))
@click.option("--role", type=click.Choice(["provider", "validator", "approver"]), default="provider", show_default=True)
@click.option(
    "--opinion", type=click.Choice(["approve", "conditions", "reject"]), help="What validator or approver think."
)
@click.option(
    "--findings",
    type=click.Path(path_type=Path),
    metavar="FINDINGS.TOML",
    help="Name, scope, independence, conditions and findings of validator or approver.",
)
@click.option("--renew", is_flag=True, help="Stamp everything anew, with today's revocation lists (B-LTA); no key.")
@key_options
@output_options
def command(
    folder: Path,
    role: str,
    opinion: str | None,
    findings: Path | None,
    renew: bool,
    quiet: bool,
    as_json: bool,
    debug: bool,
    **flags: Any,
) -> int:
    """Sign a copy, and put it in place of the folder in one step."""
    from explainkit import saved

    if renew:
        return _renew(folder, quiet=quiet, as_json=as_json, flags=flags)
    if role == "provider" and (opinion is not None or findings is not None):
        raise InputError("the provider has no opinion on the own card", where="--role", allowed="validator, approver")
    if role != "provider" and (opinion is None or findings is None):
        raise InputError(
            f"a bare signature of the {role} would read as approval",
            remedy="say --opinion approve, conditions or reject, and --findings FINDINGS.TOML",
        )
    signer = signer_from(flags)
    if folder.is_file():
        if opinion is not None:
            raise InputError("an opinion is on a release", where=str(folder), found="a file")
        return _gates(folder, signer, quiet=quiet, as_json=as_json)
    if opinion is None or findings is None:
        saved.sign(folder, signer=signer)
    else:
        saved.countersign(folder, signer=signer, role=role, opinion=opinion, findings=findings)
    if as_json:
        from explainkit.cli.main import emit

        said = {} if opinion is None else {"opinion": opinion}
        emit({"release": os.fspath(folder), "signed": True, "role": role, **said})
    elif not quiet:
        click.echo(f"{folder}: signed as {role}" + (f", opinion: {opinion}" if opinion else ""))
    return 0


def _gates(path: Path, signer: Signer, *, quiet: bool, as_json: bool) -> int:
    from explainkit.sign.child import sign_gates_in_child

    sign_gates_in_child(path, signer)
    if as_json:
        from explainkit.cli.main import emit

        emit({"gates": os.fspath(path), "signed": True})
    elif not quiet:
        click.echo(f"{path}.p7s: signed")
    return 0


def _renew(folder: Path, *, quiet: bool, as_json: bool, flags: dict[str, Any]) -> int:
    from explainkit import saved

    if flags["key"] is not None:
        raise InputError("an archive is signed by nobody", where="--key", remedy="leave it out")
    if flags["tsa"] is None:
        raise InputError("no time stamp server", where="--renew", remedy="name it: --tsa URL")
    saved.renew(folder, tsa=flags["tsa"], crls=flags["crl"])
    if as_json:
        from explainkit.cli.main import emit

        emit({"release": os.fspath(folder), "renewed": True})
    elif not quiet:
        click.echo(f"{folder}: stamped anew")
    return 0
