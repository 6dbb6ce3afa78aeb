"""Load: how long the model takes to answer, by size of batch, how much memory it has, and how long it takes to open.

Timings differ from run to run and from machine to machine, so nothing is timed unless the plan asks for it, and whoever
computes a card again does not compare them. Each figure names the machine in its method.
"""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from explainkit.children import processors
from explainkit.evidence import Measured
from explainkit.figures import Figure, figure_id
from explainkit.load.confined.client import Confined
from explainkit.load.steady import one_order
from explainkit.load.subject import Model, Subject
from explainkit.plan import LoadPlan, Plan
from explainkit.robustness.door import FloatArray

SIZES = (1, 10, 100, 1000)
QUANTILES = {"p50": (0.50, 1), "p95": (0.95, 20), "p99": (0.99, 100)}
"""Level, and the fewest calls that say something of it."""
_LEAST = 10


def load(subject: Subject, plan: Plan) -> Measured:
    """Time the model.

    Parameters
    ----------
    subject : Subject
        With a model.
    plan : Plan
        With ``load``.
    """
    assert plan.load is not None
    assert subject.model is not None
    held = subject.model.native if isinstance(subject.model.native, Confined) else None
    where = _machine(held is not None)
    rows = subject.evaluation.frame[list(subject.features)]
    figures: list[Figure] = []
    with one_order():
        adapted = subject.model.adapt(rows.iloc[: plan.load.rows])[0]
        for size in _sizes(len(adapted)):
            seconds = _timed(subject.model, adapted, size, plan.load)
            figures += _figures(size, seconds, where)
    figures += _of_process(held, where)
    return Measured(figures=tuple(figures))


def _sizes(rows: int) -> tuple[int, ...]:
    return (*(size for size in SIZES if size < rows), rows)


def _timed(model: Model, rows: pd.DataFrame, size: int, plan: LoadPlan) -> FloatArray:
    """Seconds of each call with so many rows, one batch after the other; a first call is not counted."""
    model.predict(rows.iloc[:size])
    found: list[float] = []
    begin = time.perf_counter()
    starts = max(1, len(rows) - size + 1)
    while len(found) < plan.repeats:
        elapsed = time.perf_counter() - begin
        if elapsed > plan.seconds and (len(found) >= _LEAST or elapsed > 5 * plan.seconds) and found:
            break
        start = (len(found) * size) % starts
        batch = rows.iloc[start : start + size]
        now = time.perf_counter()
        model.predict(batch)
        found.append(time.perf_counter() - now)
    return np.array(found)


def _figures(size: int, seconds: FloatArray, where: str) -> Iterator[Figure]:
    how = f"{len(seconds)} calls with {size} rows after one that is not counted; {where}"
    for name, (level, least) in QUANTILES.items():
        identifier = figure_id("load.latency", batch=str(size), quantile=name)
        if len(seconds) < least:
            reason = f"{len(seconds)} calls, and {least} are needed"
            yield Figure(id=identifier, status="insufficient", reason=reason, method=how)
            continue
        value = 1000 * float(np.quantile(seconds, level, method="inverted_cdf"))
        yield Figure(id=identifier, value=value, n=len(seconds), method=f"milliseconds, {name} of {how}")
    yield Figure(
        id=figure_id("load.throughput", batch=str(size)),
        value=size * len(seconds) / float(seconds.sum()),
        n=len(seconds),
        method=f"rows a second over {how}",
    )


def _of_process(held: Confined | None, where: str) -> Iterator[Figure]:
    """Peak memory, and the time to open the model, where it is a file in a process of its own."""
    if held is None:
        peak: float | None = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024 if platform.system() != "Darwin" else 2**20
        )
        whose = "of this whole process, explainkit's own work included"
        reason = "the model was given in memory, so it was not opened"
        yield Figure(id="load.start", status="not_tested", reason=reason)
    else:
        whose, peak = "of the model's process, its libraries included", held.peak_memory()
        begin = time.perf_counter()
        fresh = held.again()
        try:
            while "identity" not in fresh.opened().head:
                pass
        finally:
            fresh.close()
        seconds = time.perf_counter() - begin
        yield Figure(id="load.start", value=seconds, method=f"seconds from nothing to an open model, once; {where}")
    if peak is None:
        reason = "this system does not say how much memory a process had"
        yield Figure(id="load.memory", status="not_tested", reason=reason)
        return
    yield Figure(id="load.memory", value=round(peak, 1), method=f"MiB at most, {whose}; {where}")


def _machine(confined: bool) -> str:
    """The machine, as far as it matters for time."""
    door = "in a process of its own, where sending rows takes time too" if confined else "in this process"
    name, cores, label, version = _processor(), processors(), platform.system(), platform.python_version()
    return f"{door}; on {name}, {cores} cores, {label}, Python {version}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
