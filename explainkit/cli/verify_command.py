"""``explainkit verify``: a release, or a lone card.pdf, is checked."""

from __future__ import annotations

from pathlib import Path

import click

from explainkit.cli.options import output_options


@click.command("verify", help="Check a release or a card.pdf: who signed what, and whether anything changed.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--trust", multiple=True, type=click.Path(path_type=Path), metavar="CA.PEM", help="Root certificate you trust."
)
@click.option("--release", is_flag=True, help="Refuse TEST certificates, blank required statements, a lower level.")
@output_options
def command(path: Path, trust: tuple[Path, ...], release: bool, quiet: bool, as_json: bool, debug: bool) -> int:
    """Verify, and say what was found."""
    from explainkit.sign.verification import verify_release

    found = verify_release(path, trust=trust, release=release)
    if as_json:
        from explainkit.cli.main import emit

        emit(found.to_json())
    elif not quiet:
        for line in found.lines():
            click.echo(line)
    return found.exit_code
