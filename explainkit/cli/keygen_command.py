"""``explainkit keygen``: a TEST CA and a TEST key."""

from __future__ import annotations

from pathlib import Path

import click

from explainkit.cli.options import output_options


@click.command("keygen", help="Make a TEST CA and TEST keys; a release for use is never signed with them.")
@click.argument("folder", required=False, type=click.Path(path_type=Path), default=Path("test-keys"))
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["provider", "validator", "approver"]),
    help="Who gets a key besides the provider; may be given twice.",
)
@output_options
def command(folder: Path, roles: tuple[str, ...], quiet: bool, as_json: bool, debug: bool) -> int:
    """Make the keys."""
    from explainkit.sign.keys import make_test_pki

    keys = make_test_pki(folder, passphrase=None, roles=roles)
    if as_json:
        from explainkit.cli.main import emit

        own = {"key": str(keys.signer.key), "certificate": str(keys.signer.certificate)}
        emit({"ca": str(keys.ca), **own, "roles": {role: str(one.key) for role, one in keys.signers.items()}})
    elif not quiet:
        click.echo(str(keys.ca))
        for one in keys.signers.values():
            click.echo(f"{one.key}\n{one.certificate}")
        click.echo(
            f"sign with it: explainkit audit audit.toml --key {keys.signer.key} --certificate {keys.signer.certificate}"
        )
        click.echo(f"verify with it: explainkit verify release --trust {keys.ca}")
    return 0
