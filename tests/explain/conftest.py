"""What tests of explanations share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread_of_openmp() -> Iterator[None]:
    """Models of a few rows wait for threads rather than use them, above all where processors are shared."""
    with threadpool_limits(limits=1, user_api="openmp"):
        yield
