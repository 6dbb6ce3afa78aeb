"""How a long job says where it stands, and when there is time for something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

Meanwhile: TypeAlias = Callable[[Mapping[str, bytes]], None]
"""Called with no file when this process begins to wait for another one, and once more as soon as all files of a release
but ``card.pdf`` are there, which is still being laid out."""


class Progress(Protocol):
    """Told of each stage of the pipeline as it begins and ends."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Enter a stage, leave it when it is done."""

    def note(self, text: str) -> None:
        """Say something that whoever waits should know."""


class Silent:
    """Says nothing."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Enter a stage, leave it when it is done."""
        yield

    def note(self, text: str) -> None:
        """Say nothing."""
