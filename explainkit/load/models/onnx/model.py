"""Run an ONNX model, or a part of it, by ONNX Runtime: on one thread, with nothing but its own bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import ModelError
from explainkit.load.models.base import first_line
from explainkit.load.models.onnx.graph import part
from explainkit.load.models.onnx.library import refusals, runtime
from explainkit.load.models.onnx.table import Answers, Inputs

Array = npt.NDArray[Any]


class OnnxModel:
    """A graph behind its inputs.

    Parameters
    ----------
    proto : onnx.ModelProto
        As `explainkit.load.models.onnx.graph.read_graph` gives it.
    inputs, answers
        What it takes and answers.
    where : str
        Name of its file.
    """

    def __init__(self, proto: Any, inputs: Inputs, answers: Answers, where: str) -> None:
        self.proto, self.inputs, self.answers, self.where = proto, inputs, answers, where
        self._parts: dict[str, Callable[[Mapping[str, Array]], Array]] = {}
        self._tried = False
        self._run(answers.tensor)

    @property
    def n_features_in_(self) -> int | None:
        """How many columns it takes, where that is fixed."""
        return self.inputs.width

    def predict(self, rows: pd.DataFrame) -> Array:
        """Its answers for rows that its `Caster` adapted, shape (n_rows,) or (n_rows, k)."""
        return self.tensor(self.answers.tensor, rows)

    def tensor(self, name: str, rows: pd.DataFrame) -> Array:
        """A tensor within the graph, for rows as for `predict`.

        Raises
        ------
        ModelError
            If ONNX Runtime does not run it, or if a graph for a fixed number of rows answers for a row by its place.
        """
        feeds, run, block = self.inputs.feeds(rows), self._run(name), self.inputs.rows
        if name in feeds:
            given: Array = feeds[name]
            return given
        if block is None:
            return run(feeds)
        found = []
        for start in range(0, len(rows), block):
            chosen = np.minimum(np.arange(start, start + block), len(rows) - 1)  # the last one is filled up
            answer = run({name: column[chosen] for name, column in feeds.items()})
            if not self._tried and block > 1:
                self._try(run, {name: column[chosen] for name, column in feeds.items()}, answer)
            found.append(answer[: len(rows) - start])
        return np.concatenate(found)

    def _try(self, run: Callable[[Mapping[str, Array]], Array], feeds: Mapping[str, Array], answer: Array) -> None:
        """See that a row has the same answer at another place."""
        moved = run({name: np.roll(column, 1, axis=0) for name, column in feeds.items()})
        if answer.shape != moved.shape or not np.allclose(
            np.roll(answer, 1, axis=0), moved, 1e-5, 1e-6, equal_nan=True
        ):
            raise ModelError(
                "the model answers for a row by its place among others",
                where=self.where,
                found=f"a graph for {len(answer)} rows at a time",
                allowed="an answer that depends on the row alone",
            )
        self._tried = True

    def _run(self, name: str) -> Callable[[Mapping[str, Array]], Array]:
        if name not in self._parts:
            self._parts[name] = session(part(self.proto, name), self.where)
        return self._parts[name]


def session(data: bytes, where: str) -> Callable[[Mapping[str, Array]], Array]:
    """Load a model of one output; what comes back gives that output for its inputs.

    Raises
    ------
    ModelError
        If ONNX Runtime cannot run it.
    """
    library = runtime()
    options = library.SessionOptions()
    # One thread adds in one order; the process that it runs in may start none outside its confinement either.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False  # memory goes back, as its limit is counted
    try:
        loaded = library.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except refusals() as error:
        raise _told(error, where, "ONNX Runtime cannot load the model") from None
    taken = {value.name for value in loaded.get_inputs()}

    def run(feeds: Mapping[str, Array]) -> Array:
        try:
            (found,) = loaded.run(None, {name: value for name, value in feeds.items() if name in taken})
        except refusals() as error:
            raise _told(error, where, "ONNX Runtime cannot run the model for these rows") from None
        return np.asarray(found)

    return run


def _told(error: Exception, where: str, problem: str) -> Exception:
    """What the library says, without its codes, its source files and the names of its functions."""
    text = str(error)
    if "bad_alloc" in text or "Failed to allocate memory" in text:
        return MemoryError(problem)
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ", "", text)
    text = re.sub(r"/\S*/onnxruntime/\S+:\d+ (?:[^()]*\([^()]*\)(?: const)? ?)?(?:\[with [^\]]*\] )?", "", text)
    found = first_line(ValueError(text))
    return ModelError(problem, where=where, found=found, remedy=f"it is run by onnxruntime {runtime().__version__}")
