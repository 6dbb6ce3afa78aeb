"""``explainkit fetch``: the release of a model comes back from a registry, and is checked."""

from __future__ import annotations

from pathlib import Path

import click

from explainkit.cli.options import force_option, output_options, trust_options


@click.command("fetch", help="Bring the release of a model back from a registry, and check it.")
@click.argument("reference", metavar="models:/credit/3|oci://host/name:tag|dir:folder")
@click.option("--out", type=click.Path(path_type=Path), default=Path("release"), show_default=True, help="New folder.")
@force_option
@trust_options
@output_options
def command(
    reference: str,
    out: Path,
    force: bool,
    trust: tuple[Path, ...],
    policy: Path | None,
    quiet: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Fetch, then verify what came."""
    from explainkit.registered import fetch
    from explainkit.sign.verification import verify_release

    found = verify_release(fetch(reference, out, force=force), trust=trust, policy=policy)
    if as_json:
        from explainkit.cli.main import emit

        emit({**found.to_json(), "reference": reference, "release": str(out)})
    elif not quiet:
        for line in found.lines():
            click.echo(line)
    return found.exit_code
