"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import explainkit

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(explainkit.__path__, "explainkit.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["explainkit", *MODULES])
def test_every_module_imports_and_its_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
