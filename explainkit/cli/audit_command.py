"""``explainkit audit``: a plan, or flags, become a signed release."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import force_option, junit_option, key_options, output_options, passphrase_from
from explainkit.cli.supervised import supervised
from explainkit.errors import PlanError
from explainkit.registries.directory import check_target
from explainkit.registries.files import check_file, write_file

if TYPE_CHECKING:
    from explainkit.plan import Plan
    from explainkit.release import Release
    from explainkit.sign.keys import Signer


@click.command("audit", help="Audit a model and data: a signed card as PDF, HTML and JSON.")
@click.argument("plan", required=False, metavar="[AUDIT.TOML|models:/credit/3]")
@click.option("--model", help="Model file, or models:/credit/3 in a registry.")
@click.option("--data", help="Evaluation data: parquet, csv or feather.")
@click.option("--reference", help="Data the model was trained on.")
@click.option("--target", help="Column of outcomes.")
@click.option("--score", help="Column of scores, for predictions without a model.")
@click.option("--positive", help="Class whose probability the score is.")
@click.option("--favourable", help="Outcome a person would want.")
@click.option("--threshold", help='For example ">=0.5".')
@click.option("--sensitive", help="Columns that make groups, joined by commas.")
@click.option("--population", help="all applicants, all cases, accepted only, resampled; several joined by commas.")
@click.option("--trust", multiple=True, metavar="sha256:…", help="Digest of a pickle that may be opened.")
@click.option("--load", is_flag=True, help="Time the model too; timings differ from run to run.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("release"), show_default=True, help="New folder.")
@junit_option
@force_option
@key_options
@output_options
def command(
    plan: str | None,
    out: Path,
    junit: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
    debug: bool,
    **flags: Any,
) -> int:
    """Parse, then run the audit in a child process."""
    tsa, crls, signing = flags["tsa"], flags["crl"], flags["key"] is not None
    passphrase = passphrase_from(flags.pop("key"), flags.pop("certificate"), flags)
    timed = flags.pop("load")
    asked, base = _plan(plan, flags)
    if timed and asked.load is None:
        from explainkit.plan import LoadPlan

        asked = asked.model_copy(update={"load": LoadPlan()})
    tsa = tsa or asked.sign.tsa
    if signing and asked.sign.level != "B-B" and tsa is None:
        raise PlanError(
            f"level {asked.sign.level} needs a time stamp server", where="sign.level", remedy="sign.tsa, or --tsa URL"
        )
    target = out.absolute()
    check_target(target, force=force)
    if junit is not None:
        check_file(junit, force=True, outside=target)

    def job() -> int:
        from explainkit.cli.progress_bars import progress_for
        from explainkit.pipeline import audit_plan
        from explainkit.registered import with_local_model
        from explainkit.sign.child import signing_soon

        signer = passphrase()
        signer = signer and signer.with_time_stamps(tsa, crls=crls)
        progress = progress_for(quiet=quiet or as_json)
        with signing_soon() if signer else nullcontext() as start:
            with with_local_model(asked) as local:
                release = audit_plan(local, base=base, progress=progress, meanwhile=start)
            with progress.stage("sign and save" if signer else "save, unsigned"):
                release.save(target, signer=signer, force=force)
        if junit is not None:
            from explainkit.junit import gate_checks, junit_xml

            write_file(junit, junit_xml(os.fspath(out), gate_checks(release.evidence)))
        report(release, out, signer=signer, quiet=quiet, as_json=as_json)
        return 0 if release.passed else 1

    return supervised(job, target=target)


def report(release: Release, out: Path, *, signer: Signer | None, quiet: bool, as_json: bool) -> None:
    """Say on stdout what was written and what the gates said."""
    from explainkit.cli.main import emit
    from explainkit.report.gate_lines import gate_line

    evidence = release.evidence
    gates = [{"gate": g.gate, "outcome": g.outcome, "severity": g.severity} for g in evidence.gates]
    if as_json:
        emit(
            {
                "release": os.fspath(out),
                "files": [a.name for a in release.files],
                "card_sha256": next(a.sha256 for a in release.files if a.name == "card.json"),
                "signed": signer is not None,
                "draft": list(evidence.draft),
                "gates": gates,
                "exit_code": 0 if release.passed else 1,
            }
        )
        return
    if quiet:
        return
    for name in ("card.pdf", "card.html", "card.json", "public/summary.pdf"):
        click.echo(os.fspath(out / name))
    for reason in evidence.draft:
        click.echo(f"DRAFT: {reason}")
    if not gates:
        click.echo("NO GATES DEFINED")
    for gate in evidence.gates:
        click.echo(gate_line(gate, evidence))
    if signer is None:
        click.echo("not signed: no --key was given; explainkit sign signs it later")


def _plan(argument: str | None, flags: dict[str, Any]) -> tuple[Plan, Path]:
    """The plan file, or the plan that flags make; and the folder its paths start from."""
    from explainkit.plan import plan_from, read_plan
    from explainkit.registries.seam import is_model_reference, name_and_version

    if argument is not None and is_model_reference(argument):
        if flags["model"]:
            raise PlanError("two models", where="--model", found=f"{argument} and {flags['model']}")
        flags["model"], argument = argument, None
    if argument is not None:
        path = Path(argument)
        given = [f"--{name}" for name, value in flags.items() if value]
        if given:
            raise PlanError(
                "a plan file and flags together",
                where=str(path),
                found=" ".join(given),
                remedy="write them into the plan",
            )
        return read_plan(path), path.absolute().parent
    if not flags["data"]:
        raise PlanError(
            "nothing to audit",
            allowed="explainkit audit audit.toml, or explainkit audit --model M --data D --target T …",
            remedy="explainkit init writes a plan",
        )
    tables: dict[str, dict[str, Any]] = {
        "model": {k: flags[k] for k in ("positive", "threshold") if flags[k] is not None},
        "data": {k: flags[k] for k in ("reference", "target", "score", "sensitive") if flags[k] is not None},
        "fairness": {k: flags[k] for k in ("favourable",) if flags[k] is not None},
        "statements": {k: flags[k] for k in ("population",) if flags[k] is not None},
    }
    tables["data"]["evaluation"] = flags["data"]
    if flags["model"]:
        tables["model"] |= {"path": flags["model"], "trust": list(flags["trust"])}
        if is_model_reference(flags["model"]) and (named := name_and_version(flags["model"])):
            tables["card"] = dict(zip(("name", "version"), named, strict=True))
    return plan_from(tables, where="flags"), Path.cwd()
