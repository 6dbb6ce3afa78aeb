"""``explainkit demo``: the main job on an embedded real case, signed with a TEST key."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from explainkit.cli.options import output_options
from explainkit.cli.supervised import supervised
from explainkit.registries.directory import check_target


@click.command("demo", help="Audit an embedded real case (German Credit), signed with a TEST key.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("explainkit-demo/release"),
    show_default=True,
    help="Folder of the release; an earlier release there is replaced.",
)
@output_options
def command(out: Path, quiet: bool, as_json: bool, debug: bool) -> int:
    """Audit, sign, and say how to verify."""
    target = out.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    check_target(target, force=True)

    def job() -> int:
        from explainkit.cli.audit_command import report
        from explainkit.cli.progress_bars import progress_for
        from explainkit.pipeline import audit_plan
        from explainkit.plan import read_plan
        from explainkit.resources import resource
        from explainkit.sign.child import signing_soon
        from explainkit.sign.keys import make_test_pki

        progress = progress_for(quiet=quiet or as_json)
        case = resource("sample_models", "credit")
        with tempfile.TemporaryDirectory() as scratch, signing_soon() as start:
            release = audit_plan(read_plan(case / "audit.toml"), base=case, progress=progress, meanwhile=start)
            with progress.stage("sign and save"):
                keys = make_test_pki(Path(scratch) / "keys", passphrase=None)
                release.save(target, signer=keys.signer, force=True)
                authority = target.parent / "test-ca.pem"
                authority.write_bytes(keys.ca.read_bytes())
        report(release, out, signer=keys.signer, quiet=quiet, as_json=as_json)
        if not (quiet or as_json):
            _what_next(out)
        return 0 if release.passed else 1

    return supervised(job, target=target)


def _what_next(out: Path) -> None:
    authority = os.path.normpath(out / ".." / "test-ca.pem")
    program = _program()
    click.echo(
        f"\nverify it:       {program} verify {out} --trust {authority}\n"
        f"without us:      {out / 'VERIFY.md'} says how, with openssl alone\n"
        f"your own model:  {program} init --model MODEL --data DATA, fill in audit.toml, {program} audit audit.toml"
    )


def _program() -> str:
    """How to call explainkit again from here: by its name where that finds this one, else by its path."""
    script = Path(sys.argv[0])
    if script.suffix == ".py":
        return f"{sys.executable} -m explainkit"
    found = shutil.which(script.name)
    if found is not None and script.exists() and os.path.samefile(found, script):
        return script.name
    return os.fspath(script)
