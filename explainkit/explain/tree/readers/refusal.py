"""What a reader raises for a model that it cannot read exactly."""

from __future__ import annotations


class Unreadable(ValueError):  # noqa: N818
    """The trees of a model cannot be read exactly.

    Parameters
    ----------
    reason : str
        Why, as a clause ("its trees have linear leaves").
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
