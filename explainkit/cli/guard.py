"""Errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import click

from explainkit.errors import ExplainkitError

INTERRUPTED = "interrupted; nothing was written"


def guarded(job: Callable[[], int], *, debug: bool = False, quiet_interrupt: bool = False) -> int:
    """Run a job and return its exit code, whatever happens.

    Parameters
    ----------
    job : callable
        Returns an exit code, or raises.
    debug : bool, default False
        Print the tracebacks of errors too.
    quiet_interrupt : bool, default False
        Say nothing when interrupted: somebody else does.
    """
    try:
        return job()
    except ExplainkitError as error:
        if debug:
            traceback.print_exc()
        say(str(error))
        return error.exit_code
    except click.ClickException as error:
        say(error.format_message())
        return 2
    except (KeyboardInterrupt, click.Abort):
        if not quiet_interrupt:
            say(INTERRUPTED)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        say("out of memory; nothing was written; remedy: fewer rows (explain.rows), or a larger machine")
        return 4
    except Exception as error:  # noqa: BLE001 - last resort: an internal error has an exit code of its own
        if debug:
            traceback.print_exc()
        text = str(error).splitlines()
        say(f"internal error: {type(error).__name__}: {text[0] if text else ''}; --debug shows where")
        return 4


def say(line: str) -> None:
    """Print one line on stderr."""
    click.echo(f"explainkit: {line}", err=True)
