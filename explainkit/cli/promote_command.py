"""``explainkit promote``: a model gets an alias, if its card allows it."""

from __future__ import annotations

from pathlib import Path

import click

from explainkit.cli.options import output_options, trust_options


@click.command(
    "promote",
    help="Give a model an alias, if its card is valid, about this very model, in force, and its gates passed.",
)
@click.argument("reference", metavar="models:/credit/3|oci://host/name:tag")
@click.option("--alias", required=True, help="For example champion.")
@trust_options
@output_options
def command(
    reference: str, alias: str, trust: tuple[Path, ...], policy: Path | None, quiet: bool, as_json: bool, debug: bool
) -> int:
    """Judge the stored card, then move the alias."""
    from explainkit.registered import promote

    done = promote(reference, alias=alias, trust=trust, policy=policy)
    if as_json:
        from explainkit.cli.main import emit

        emit({"reference": reference, "alias": alias, "revision": done.revision, "promoted": True})
    elif not quiet:
        click.echo(f"{reference}: is {alias} now, by the card {done.revision}")
    return 0
