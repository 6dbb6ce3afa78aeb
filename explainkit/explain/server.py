"""The process that holds a model file: it shuts itself off, opens the file, and answers with plain numbers.

``python -P -m explainkit.explain.server`` is started by `explainkit.load.confined.client`, which speaks to it through
its standard input and output. Nothing heavy is imported above: what is loaded before the process is confined must not
start threads.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

if TYPE_CHECKING:
    import pandas as pd

    from explainkit.explain.inside import Inside
    from explainkit.load.confined.frames import Array, Head
    from explainkit.load.models.base import Adapter


def main() -> NoReturn:
    """Serve until the input ends."""
    from explainkit import docstrings
    from explainkit.children import end_with_parent
    from explainkit.garbage import rarely
    from explainkit.load.confined.confinement import confine

    end_with_parent()
    rarely()
    docstrings.unread()
    job = _job(sys.stdin.buffer)
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:
        for place in (0, 1):  # whatever a model or a library reads or prints is no part of this
            os.dup2(nothing.fileno(), place)
    lacking = confine(Path(job["path"]), memory=job["memory"], without=job["without"])
    warnings.simplefilter("ignore")
    _serve(asked, answers, job, lacking)
    os._exit(0)


def _job(stream: BinaryIO) -> dict[str, Any]:
    """The first message: what to open. It is read without NumPy, which starts threads."""
    import json

    length = int.from_bytes(stream.read(12)[4:], "big")
    job: dict[str, Any] = json.loads(stream.read(length))
    return job


def _serve(asked: BinaryIO, answers: BinaryIO, job: dict[str, Any], lacking: tuple[str, ...]) -> None:
    from explainkit.load.confined.frames import receive, send
    from explainkit.load.open_model import is_booster
    from explainkit.load.steady import one_order

    if is_booster(Path(job["path"])):
        # Libraries of boosters load scikit-learn where they find it, for wrappers that are not in these files: half of
        # the time that such a process takes to start, and a third of its memory.
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    with one_order(), open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)  # until here it tells why the process cannot start; a model could fill the disk
        # Told before the file is opened, which so cannot keep it back.
        send(answers, {"lacking": lacking})
        try:
            adapter, head = _opened(job, answers)
        except Exception as error:  # noqa: BLE001 - whatever a file or a model raises is its answer
            send(answers, _failure(error))
            return
        send(answers, head)
        desk = _Desk(adapter)
        while True:
            try:
                message = receive(asked, most=2**62, types=None)
            except EOFError:
                return
            try:
                found, arrays = desk.answer(message.head, message.arrays)
            except Exception as error:  # noqa: BLE001 - as above
                found, arrays = _failure(error), []
            send(answers, found, arrays)


def _opened(job: dict[str, Any], answers: BinaryIO) -> tuple[Adapter, Head]:
    from explainkit.errors import ModelError
    from explainkit.load.confined.facts import told
    from explainkit.load.confined.findings import told_scan
    from explainkit.load.confined.frames import send
    from explainkit.load.open_model import open_model

    adapter = open_model(
        Path(job["path"]), trust=job["trust"], tell=lambda found: send(answers, {"scan": told_scan(found)})
    )
    try:
        return adapter, told(adapter)
    except TypeError as error:
        raise ModelError(
            "the model has classes or categories that are neither numbers nor texts",
            where=job["path"],
            found=str(error),
        ) from None


def _failure(error: Exception) -> Head:
    """An error as JSON."""
    from explainkit.errors import ExplainkitError
    from explainkit.load.models.base import first_line

    if isinstance(error, MemoryError):
        return {"error": {"type": "memory"}}
    if isinstance(error, ExplainkitError):
        return {"error": {"type": type(error).__name__, **error.parts()}}
    return {"error": {"type": "raised", "name": type(error).__name__, "text": first_line(error)}}


class _Desk:
    """Answers one question after the other about one model."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._inside: Inside | None = None
        self._last: tuple[Head, list[bytes], pd.DataFrame] | None = None
        self._prepared: tuple[pd.DataFrame, Any] | None = None

    def answer(self, head: Head, arrays: tuple[Array, ...]) -> tuple[Head, list[Array]]:
        """The answer to one question, about the table that comes with it."""
        rows = self._table(head["table"], arrays)
        if head["what"] == "predict":
            return {}, [self._adapter.predict(rows)]
        if head["what"] == "inside":
            return self._look(rows)
        assert self._inside is not None
        return {}, self._of_inside(self._inside, head["what"], rows)

    def _table(self, told: Head, arrays: tuple[Array, ...]) -> pd.DataFrame:
        """The table of a question; the last one is remembered, as several questions are asked about it."""
        from explainkit.load.confined.values import unpacked

        held = [array.tobytes() for array in arrays]
        if self._last is None or self._last[:2] != (told, held):
            self._last = told, held, unpacked(told, arrays)
        return self._last[2]

    def _look(self, rows: pd.DataFrame) -> tuple[Head, list[Array]]:
        from explainkit.explain.inside import Opaque, coefficients, look_inside

        found = look_inside(self._adapter.native, rows)
        if isinstance(found, Opaque):
            return {"opaque": found.reason}, []
        self._inside, self._prepared = found, None
        head = {
            "opaque": None,
            **{name: getattr(found, name) for name in ("kind", "family", "name", "bare", "averages", "refusal")},
            "sources": [int(source) for source in found.sources],
            "rising": list(found.rising),
            "ensemble": None,
        }
        if found.kind == "linear":
            return head, list(coefficients(found.estimator))
        if found.ensemble is None:
            return head, []
        ensemble = found.ensemble
        head["ensemble"] = {"columns": int(ensemble.columns), "float32": bool(ensemble.float32)}
        return head, _arrays(ensemble)

    def _of_inside(self, inside: Inside, what: str, rows: pd.DataFrame) -> list[Array]:
        from explainkit.explain.boosters import contributions
        from explainkit.explain.inside import dense
        from explainkit.explain.margins import margin
        from explainkit.explain.tree import readers

        if self._prepared is None or self._prepared[0] is not rows:
            self._prepared = rows, inside.prepare(rows)
        prepared = self._prepared[1]
        if what == "margin":
            return [margin(inside, prepared)]
        if what == "matrix":
            return [readers.matrix(inside.family, inside.estimator, prepared, inside.wrapper)]
        if what == "dense":
            return [dense(prepared)]
        return list(contributions(inside, prepared))


def _arrays(ensemble: Any) -> list[Array]:
    """Trees as arrays; sets of categories behind one another."""
    import numpy as np

    from explainkit.explain.elsewhere import NODES

    bounds = np.concatenate([[0], np.cumsum([len(s) for s in ensemble.sets])]).astype(np.int64)
    members = np.concatenate([np.zeros(0, dtype=np.int64), *ensemble.sets]).astype(np.int64)
    return [ensemble.starts, ensemble.base, members, bounds, *(getattr(ensemble, name) for name in NODES)]


if __name__ == "__main__":
    main()
