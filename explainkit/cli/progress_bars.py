"""Progress: a bar per stage on a terminal, plain lines when piped, silence when asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from explainkit.progress import Progress, Silent


class _Notes:
    """Notes as lines on stderr; while a bar moves, rich puts them above it."""

    def note(self, text: str) -> None:
        """Say something that whoever waits should know."""
        print(text, file=sys.stderr, flush=True)


class PlainLines(_Notes):
    """One line on stderr as each stage ends."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Enter a stage, leave it when it is done."""
        start = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        yield
        print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


class Bars(_Notes):
    """A bar on stderr that moves while a stage runs, and stays full when it is done."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Enter a stage, leave it when it is done."""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description:<32}"), BarColumn(bar_width=28), TimeElapsedColumn())
        with RichProgress(*columns, console=Console(stderr=True)) as bars:
            task = bars.add_task(name, total=None)
            yield
            bars.update(task, total=1, completed=1)


def progress_for(*, quiet: bool) -> Progress:
    """The progress that fits where stderr goes."""
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else PlainLines()
