"""How a long job says where it stands: a protocol, and silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


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
