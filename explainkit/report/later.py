"""Modules that a library imports for cases that may never come, loaded when they do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any


def later(name: str) -> None:
    """Let a module be imported without being loaded: that happens when something of it is called.

    Parameters
    ----------
    name : str
        A module of which others only call functions and classes.

    Examples
    --------
    >>> later("fractions")
    >>> from fractions import Fraction
    >>> Fraction(1, 2)
    Fraction(1, 2)
    """
    if name not in sys.modules:
        sys.modules[name] = _Later(name)


class _Later(ModuleType):
    """Stands for a module that is not loaded yet."""

    def __getattr__(self, attribute: str) -> Callable[..., Any]:
        if attribute.startswith("__"):
            raise AttributeError(attribute)

        def call(*values: Any, **named: Any) -> Any:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            return getattr(import_module(self.__name__), attribute)(*values, **named)

        return call
