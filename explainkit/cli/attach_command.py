"""``explainkit attach``: a release is put beside the model that it is about, in a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from explainkit.cli.options import output_options, trust_options

if TYPE_CHECKING:
    from explainkit.registered import Attached


@click.command("attach", help="Attach a release to the model that it is about, in a registry.")
@click.argument("folder", metavar="RELEASE", type=click.Path(path_type=Path))
@click.argument("reference", metavar="models:/credit/3|oci://host/name:tag|dir:folder")
@trust_options
@click.option("--unverified", is_flag=True, help="Attach it though it is not valid; the entry says so.")
@output_options
def command(
    folder: Path,
    reference: str,
    trust: tuple[Path, ...],
    policy: Path | None,
    unverified: bool,
    quiet: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Attach, and say which card the entry names now."""
    from explainkit.registered import attach

    done = attach(folder, reference, trust=trust, policy=policy, unverified=unverified)
    if as_json:
        from explainkit.cli.main import emit

        emit(
            {
                "reference": reference,
                "revision": done.revision,
                "current": done.current,
                "model": done.model,
                "verification": done.verification,
                "notes": list(done.notes),
            }
        )
    elif not quiet:
        for line in _lines(reference, done):
            click.echo(line)
    return 0


def _lines(reference: str, done: Attached) -> list[str]:
    head = f"{reference}: {done.revision} is attached"
    if not done.names_it:
        head = f"{reference}: names {done.current}, attached at the same time; {done.revision} is kept beside it"
    return [head, f"  model: {done.model}", f"  release: {done.verification}", *(f"  {note}" for note in done.notes)]
