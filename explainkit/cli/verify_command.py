"""``explainkit verify``: a release, or a lone card.pdf, is checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import junit_option, output_options, trust_model_option, trust_options
from explainkit.errors import InputError
from explainkit.registries.files import check_file, write_file

if TYPE_CHECKING:
    from explainkit.recomputation import Recomputation, Rerendering


@click.command(
    "verify",
    help="Check a release or a card.pdf: who signed what, whether anything changed, what is reproduced.",
)
@click.argument("path", type=click.Path(path_type=Path))
@trust_options
@click.option(
    "--gates", type=click.Path(path_type=Path), metavar="GATES.TOML", help="Gates that were signed before the card."
)
@click.option("--release", is_flag=True, help="Refuse TEST certificates, blank required statements, a lower level.")
@click.option("--rerender", is_flag=True, help="Make card.html again from card.json, and compare.")
@click.option(
    "--recompute", type=click.Path(path_type=Path), metavar="PLAN.TOML", help="Audit again by this plan, and compare."
)
@trust_model_option
@junit_option
@output_options
def command(
    path: Path,
    trust: tuple[Path, ...],
    policy: Path | None,
    gates: Path | None,
    release: bool,
    quiet: bool,
    as_json: bool,
    debug: bool,
    **more: Any,
) -> int:
    """Verify, and say what was found."""
    from explainkit.sign.verification import verify_release

    junit = more.pop("junit")
    rerender, recompute, trust_model = more["rerender"], more["recompute"], more["trust_model"]
    if trust_model and recompute is None:
        raise InputError("no model is opened", where="--trust-model", remedy="name the plan with --recompute")
    if (rerender or recompute) and path.is_file():
        raise InputError("a PDF alone is not performed again", where=str(path), allowed="a release folder")
    if junit is not None:
        check_file(junit, force=True, outside=path)
    if (rerender or recompute) and not (path / "card.json").exists() and (path / "compare.json").exists():
        raise InputError("a comparison is not performed again", where=str(path), remedy="explainkit compare once more")
    found = verify_release(path, trust=trust, release=release, policy=policy, gates=gates)
    document, lines, code = found.to_json(), list(found.lines()), found.exit_code
    performed = [] if found.state == "invalid" else _performed(path, quiet=quiet or as_json, **more)
    for name, what, same in performed:
        document[name], code = what.to_json(), code if same else 3
        lines += what.lines()
    if (rerender or recompute) and not performed:
        lines.append("not performed again: the release is invalid")
    if junit is not None:
        from explainkit.junit import junit_xml, verification_checks

        again = [(name, same, what.lines()) for name, what, same in performed]
        write_file(junit, junit_xml(str(path), verification_checks(found, again)))
    if as_json:
        from explainkit.cli.main import emit

        emit({**document, "exit_code": code})
    elif not quiet:
        for line in lines:
            click.echo(line)
    return code


def _performed(
    folder: Path, *, rerender: bool, recompute: Path | None, trust_model: tuple[str, ...], quiet: bool
) -> list[tuple[str, Rerendering | Recomputation, bool]]:
    """What was performed again: its name, what came of it, and whether it is as on the card."""
    if not rerender and recompute is None:
        return []
    from explainkit import recomputation
    from explainkit.sign.content import read_card

    evidence = read_card((folder / "card.json").read_bytes())
    found: list[tuple[str, Rerendering | Recomputation, bool]] = []
    if rerender:
        page = recomputation.rerender(evidence, (folder / "card.html").read_bytes())
        found.append(("rerendered", page, page.same is True))
    if recompute is not None:
        from explainkit.cli.progress_bars import progress_for
        from explainkit.plan import read_plan
        from explainkit.registered import with_local_model

        with with_local_model(read_plan(recompute)) as plan:
            figures = recomputation.recompute(
                evidence, plan, base=recompute.parent, trust=trust_model, progress=progress_for(quiet=quiet)
            )
        found.append(("recomputed", figures, figures.reproduced))
    return found
