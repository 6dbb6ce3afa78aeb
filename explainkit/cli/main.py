"""The command ``explainkit``: commands are loaded when they are called, errors become one line."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from explainkit import __version__
from explainkit.cli.guard import guarded
from explainkit.errors import nearest

# Name → one line of help; the module explainkit.cli.<name>_command holds the rest.
COMMANDS = {
    "demo": "Audit an embedded real case, signed with a TEST key.",
    "init": "Write a plan with what can be discovered; what a person must state is left blank.",
    "audit": "Audit a model and data: a signed card as PDF, HTML and JSON.",
    "explain": "Explain one decision: contributions, principal reasons, what would change it.",
    "sign": "Sign a release that was left unsigned, or add the opinion of a validator or approver.",
    "withdraw": "Take a signed card back.",
    "verify": "Check a release, a card.pdf or a comparison.",
    "attach": "Attach a release to the model that it is about, in a registry.",
    "fetch": "Bring the release of a model back from a registry, and check it.",
    "promote": "Give a model an alias, if its card allows it.",
    "export": "Write a card as the page of a model hub, or as a bill of material.",
    "compare": "What changed from one release to another, and whether that is material.",
    "monitor": "Hold new data against a signed release: drift, scores, outcomes, limits.",
    "keygen": "Make a TEST CA and TEST keys.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"explainkit.cli.{name}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            raise click.UsageError(f"no such command {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done and every gate passed; 1 a gate failed; 2 wrong usage or bad input; 3 a release is not "
    "valid, or cannot be judged; 4 internal error; 5 an outside service failed; 130 interrupted.",
)
@click.version_option(__version__, prog_name="explainkit")
def main() -> None:
    """From a trained tabular model and its data to a signed model card that a regulator can check."""


def run(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    args : list of str, optional
        Arguments; those of the process when left out.
    """

    def job() -> int:
        status = main.main(args=args, prog_name="explainkit", standalone_mode=False)
        return status if isinstance(status, int) else 0

    sys.exit(guarded(job, debug="--debug" in (args if args is not None else sys.argv)))


def emit(document: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    import json

    click.echo(json.dumps(document, ensure_ascii=False, sort_keys=True))
