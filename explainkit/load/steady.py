"""What keeps sums in one order, so that equal inputs give equal bits whatever the number of threads."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

T = TypeVar("T")


@contextmanager
def one_order() -> Iterator[None]:
    """Call models with matrix products on one thread and scikit-learn's ensembles one tree after the other.

    A forest on several threads adds its trees in the order in which they finish, and a matrix product may round
    differently with another number of threads.
    """
    with threadpool_limits(limits=1, user_api="blas"), _one_tree_after_the_other():
        yield


def _one_tree_after_the_other() -> AbstractContextManager[Any]:
    if sys.modules.get("sklearn", sys) is None:  # as the process of a booster has it
        return nullcontext()
    from joblib import parallel_config

    found: AbstractContextManager[Any] = parallel_config(backend="sequential")
    return found


def as_here(work: Callable[[], T]) -> Callable[[], T]:
    """The same work for another thread, in `one_order` and under the settings of this thread that are not shared.

    Libraries that start threads by OpenMP get one: those of several callers would wait for each other in busy loops.
    """
    import sklearn  # late: a process that holds a booster alone does without it

    context, settings = copy_context(), sklearn.get_config()

    def there() -> T:
        # Both kinds of libraries at once: to find them among all that are loaded takes longer than to set them.
        with threadpool_limits(limits=1), _one_tree_after_the_other(), sklearn.config_context(**settings):
            return context.run(work)

    return there


@contextmanager
def borrowed_global_state() -> Iterator[None]:
    """Put NumPy's global random state back afterwards, for a library that seeds and draws from it."""
    state = np.random.get_state()  # noqa: NPY002 - shap's permutation explainer knows no other generator
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextmanager
def quiet_library() -> Iterator[None]:
    """Keep a library's notices about its own future (deprecations) from the user, who cannot act on them."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        yield
