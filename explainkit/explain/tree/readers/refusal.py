"""What a reader raises for a model that it cannot read exactly."""

from __future__ import annotations


class Unreadable(ValueError):  # noqa: N818
    """The trees of a model cannot be read exactly.

    Parameters
    ----------
    reason : str
        Why, as a clause ("its trees have linear leaves").
    own : bool
        Whether the values that the model's own library gives for such trees can be relied on.
    """

    def __init__(self, reason: str, *, own: bool = True) -> None:
        self.reason, self.own = reason, own
        super().__init__(reason)
