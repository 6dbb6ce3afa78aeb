"""``explainkit compare``: what changed from one release to another."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import force_option, key_options, output_options, passphrase_from, trust_model_option
from explainkit.cli.supervised import supervised
from explainkit.errors import InputError
from explainkit.registries.directory import check_target

if TYPE_CHECKING:
    from explainkit.comparing import ComparedRelease
    from explainkit.comparison import Comparison


@click.command("compare", help="What changed from release A to release B: figures, decisions, explanations, gates.")
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--trust", multiple=True, type=click.Path(path_type=Path), metavar="CA.PEM", help="Root certificate you trust."
)
@click.option("--unverified", is_flag=True, help="Compare releases that do not verify, too; the comparison says so.")
@click.option(
    "--plan-a",
    type=click.Path(path_type=Path),
    metavar="PLAN.TOML",
    help="Plan of A: both models predict the same rows.",
)
@click.option("--plan-b", type=click.Path(path_type=Path), metavar="PLAN.TOML", help="Plan of B.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Rows that both predict, instead of those that their plans name."
)
@trust_model_option
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("comparison"), show_default=True, help="New folder."
)
@force_option
@key_options
@output_options
def command(
    before: Path, after: Path, out: Path, force: bool, quiet: bool, as_json: bool, debug: bool, **flags: Any
) -> int:
    """Parse, then compare in a child process."""
    tsa, crls, signing = flags["tsa"], flags["crl"], flags["key"] is not None
    passphrase = passphrase_from(flags.pop("key"), flags.pop("certificate"), flags)
    if crls:
        raise InputError("a comparison has no archive", where="--crl", remedy="leave it out")
    plans = (flags["plan_a"], flags["plan_b"])
    if (plans[0] is None) != (plans[1] is None):
        raise InputError("one plan of two", allowed="--plan-a and --plan-b, or neither")
    target = out.absolute()
    check_target(target, force=force)

    def job() -> int:
        from explainkit.cli.progress_bars import progress_for
        from explainkit.comparing import compare
        from explainkit.sign.child import signing_soon

        signer = passphrase()
        signer = signer and signer.with_time_stamps(tsa)
        progress = progress_for(quiet=quiet or as_json)
        with signing_soon() if signing else nullcontext() as start:
            if start:
                start()
            made = compare(
                before,
                after,
                trust=flags["trust"],
                unverified=flags["unverified"],
                plans=None if plans[0] is None else plans,
                data=flags["data"],
                trust_models=flags["trust_model"],
                progress=progress,
            )
            with progress.stage("sign and save" if signer else "save, unsigned"):
                made.save(target, signer=signer, force=force)
        _report(made, out, signed=signer is not None, quiet=quiet, as_json=as_json)
        return 0 if made.passed else 1

    return supervised(job, target=target)


def _report(made: ComparedRelease, out: Path, *, signed: bool, quiet: bool, as_json: bool) -> None:
    """Say on stdout what was written, what changed and whether it is material."""
    found = made.comparison
    if as_json:
        from explainkit.cli.main import emit

        emit({"comparison": os.fspath(out), "signed": signed, **_document(found), "exit_code": int(not made.passed)})
        return
    if quiet:
        return
    for artifact in made.files:
        click.echo(os.fspath(out / artifact.name))
    for which, side in (("A", found.before), ("B", found.after)):
        if side.verified != "valid":
            click.echo(f"NOT VERIFIED: {which}, {side.name} {side.version}: {side.verified}")
    kinds = Counter(c.noise for c in found.compared)
    click.echo(
        f"{kinds['beyond noise']} of {len(found.compared)} figures changed beyond noise, {kinds['open']} are open, "
        f"{kinds['same']} are the same; {len(found.uncompared)} are not compared"
    )
    for gate in found.gates:
        if gate.change != "same":
            click.echo(f"gate {gate.gate}: {gate.change}")
    for rule in found.material.rules:
        click.echo(f"rule {rule.rule} {rule.limit}: {rule.outcome} ({rule.reason})")
    click.echo(f"material: {found.material.outcome or 'NO RULE STATED (compare.material)'}")
    if not signed:
        click.echo("not signed: no --key was given; explainkit sign signs it later")


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "before": {"card": found.before.card, "verified": found.before.verified},
        "after": {"card": found.after.card, "verified": found.after.verified},
        "noise": dict(Counter(c.noise for c in found.compared)),
        "not_compared": len(found.uncompared),
        "gates": [{"gate": g.gate, "change": g.change, "severity": g.severity} for g in found.gates],
        "material": found.material.outcome,
        "rules": [{"rule": r.rule, "outcome": r.outcome, "reason": r.reason} for r in found.material.rules],
    }
