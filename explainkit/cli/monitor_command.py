"""``explainkit monitor``: new data against a signed release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explainkit.cli.options import junit_option, output_options, trust_model_option, trust_options
from explainkit.cli.supervised import supervised
from explainkit.registries.files import check_file, write_file

if TYPE_CHECKING:
    from explainkit.monitoring.monitoring import Monitored

_FILES = ("metrics", "dashboard", "html", "junit")


@click.command("monitor", help="Hold new data against a signed release: drift, scores, outcomes, limits.")
@click.argument("release", type=click.Path(path_type=Path))
@click.option(
    "--data",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="New rows: parquet, csv or feather, of any size; several files are one day.",
)
@click.option("--date", required=True, metavar="YYYY-MM-DD", help="Day that the rows are of; never taken from a clock.")
@click.option("--model", type=click.Path(path_type=Path), help="The model file of the card, which scores the rows.")
@click.option("--score", metavar="COLUMN", help="Column of scores in the data, instead of the model.")
@trust_model_option
@click.option(
    "--history", type=click.Path(path_type=Path), help="File (JSON lines), or its folder, that the day is added to."
)
@click.option("--replace", is_flag=True, help="Put the day in the place of an earlier summary of it.")
@click.option("--days", type=int, default=1, show_default=True, help="Measure the last days of the history together.")
@click.option(
    "--metrics",
    type=click.Path(path_type=Path),
    metavar="FILE.prom",
    help="Write metrics for Prometheus (OpenMetrics).",
)
@click.option(
    "--dashboard", type=click.Path(path_type=Path), metavar="FILE.json", help="Write a dashboard that Grafana imports."
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE.html", help="Write the history as one page.")
@junit_option
@trust_options
@click.option("--unverified", is_flag=True, help="Use a release that does not verify, too; the output says so.")
@output_options
def command(release: Path, quiet: bool, as_json: bool, debug: bool, **flags: Any) -> int:
    """Check where files go, then monitor in a child process."""
    targets = {name: flags[name] for name in _FILES if flags[name] is not None}
    for target in targets.values():
        check_file(target, force=True, outside=release)

    def job() -> int:
        from explainkit.monitoring.monitoring import monitor

        made = monitor(
            release,
            flags["data"],
            date=flags["date"],
            model=flags["model"],
            score=flags["score"],
            trust=flags["trust"],
            policy=flags["policy"],
            unverified=flags["unverified"],
            trust_models=flags["trust_model"],
            history=flags["history"],
            replace=flags["replace"],
            days=flags["days"],
        )
        for name, target in targets.items():
            write_file(target, _written(name, made))
        _report(made, quiet=quiet, as_json=as_json)
        return 0 if made.passed else 1

    return supervised(job, target=Path("monitor").absolute())


def _written(name: str, made: Monitored) -> bytes:
    if name == "junit":
        from explainkit.junit import junit_xml, limit_checks

        return junit_xml("explainkit monitor", limit_checks(made.limits))
    made_by = {"metrics": made.metrics, "dashboard": made.dashboard, "html": made.page}
    return made_by[name]()


def _report(made: Monitored, *, quiet: bool, as_json: bool) -> None:
    """Say on stdout which limits were crossed, and what was measured."""
    if as_json:
        from explainkit.cli.main import emit
        from explainkit.monitoring.telling import document

        emit({**document(made), "exit_code": int(not made.passed)})
    elif not quiet:
        from explainkit.monitoring.telling import lines

        for line in lines(made):
            click.echo(line)
