"""The server: ``python -m tests.warm.server ADDRESS`` listens there until its standard input ends."""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from explainkit import children
from explainkit.cli.main import COMMANDS
from explainkit.load.confined import client
from explainkit.report import layout, printer
from explainkit.sign import child
from tests.warm import CLIENT
from tests.warm.front_page import ASKED, front_page

LOADED = (
    *(f"explainkit.cli.{name}_command" for name in COMMANDS),
    *("explainkit", "explainkit.api", "explainkit.cli.progress_bars", "explainkit.comparing", "explainkit.exported"),
    *("explainkit.junit", "explainkit.monitoring", "explainkit.pipeline", "explainkit.recomputation"),
    *("explainkit.registered", "explainkit.verified"),
    *("explainkit.assess.findings", "explainkit.assess.stage", "explainkit.explain.inside"),
    *("explainkit.explain.lime", "explainkit.explain.summary", "explainkit.explain.shap_library"),
    *("explainkit.explain.effects.picture", "explainkit.explain.tree.explainer", "explainkit.load.assemble"),
    *("explainkit.load.confined.confinement", "explainkit.load.confined.facts", "explainkit.load.confined.findings"),
    *("explainkit.load.confined.shortfalls", "explainkit.load.open_model", "explainkit.load.unpacking"),
    *("explainkit.report.assemble", "explainkit.report.conformance", "explainkit.report.files"),
    *("explainkit.report.gate_lines", "explainkit.report.html", "explainkit.report.layout", "explainkit.report.lean"),
    *("explainkit.report.pdf", "explainkit.report.public"),
    *("explainkit.sign.cades", "explainkit.sign.content", "explainkit.sign.dsse", "explainkit.sign.pades"),
    *(
        "matplotlib.font_manager",
        "matplotlib.ticker",
        "pandas",
        "pyarrow.feather",
        "pyarrow.parquet",
        "scipy.stats",
        "shap",
    ),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.metrics", "sklearn.pipeline", "skops.io"),
)
"""What commands load while they work; what is lacking here costs time and nothing else."""
FREE = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE"}
"""Variables of the interpreter that a job may have otherwise than the server: they are heeded, or change no result."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command to run."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    streams: list[int]


def main(address: str) -> None:
    """Load, listen, and become whatever is asked for."""
    own = sys.path[1:]  # without the folder of the tests
    for name in LOADED:
        importlib.import_module(name)
    _only_thread()
    for module in (children, client, printer, child):
        module.command = lambda name: [sys.executable, "-I", "-S", str(CLIENT), address, "-P", "-m", name]  # type: ignore[attr-defined]
    client.Confined.peak_memory = _refused  # type: ignore[method-assign]
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        job = _serve(listener)
    if job is not None:
        _become(job, own)


def _only_thread() -> None:
    """A fork takes the one thread along that asks for it, and leaves the locks of all others locked."""
    threads = len(os.listdir("/proc/self/task"))
    assert threads == 1, f"a library that was loaded has started threads: {threads}"


def _refused(_: object) -> NoReturn:
    raise NotImplementedError("a test that measures memory takes real processes")


def _serve(listener: socket.socket) -> Job | None:
    """In the server: None at its end. In each process forked from it: what it is to do."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as waiting:
        for file in (listener, sys.stdin):
            waiting.register(file, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is sys.stdin:
                    return None
                if key.fileobj is not listener:
                    # A process and its caller may both have ended by now: once is enough.
                    if key.data in running:
                        _ended(waiting, key.data, *running.pop(key.data))
                    continue
                caller = listener.accept()[0]
                job = _received(caller)
                if job is None:
                    caller.close()
                    continue
                process = os.fork()
                if process == 0:
                    caller.close()
                    for handle, other in running.values():
                        os.close(handle)
                        other.close()
                    return job
                for stream in job.streams:
                    os.close(stream)
                running[process] = (os.pidfd_open(process), caller)
                for file in running[process]:
                    waiting.register(file, selectors.EVENT_READ, process)


def _received(caller: socket.socket) -> Job | None:
    """The job of a caller; None if it went away."""
    length, streams, _, _ = socket.recv_fds(caller, 8, 3)
    body = caller.makefile("rb").read(int.from_bytes(length, "big"))
    try:
        return Job(**json.loads(body), streams=streams)
    except ValueError:
        for stream in streams:
            os.close(stream)
        return None


def _ended(waiting: selectors.BaseSelector, process: int, handle: int, caller: socket.socket) -> None:
    """A process ended, whose caller is told; or its caller was killed, and it is too."""
    done, status = os.waitpid(process, os.WNOHANG)
    if not done:
        os.kill(process, signal.SIGKILL)
        status = os.waitpid(process, 0)[1]
    for file in (handle, caller):
        waiting.unregister(file)
    with suppress(ConnectionError):
        caller.sendall(status.to_bytes(8, "big"))
    caller.close()
    os.close(handle)


def _fixed(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that an interpreter heeds at its start alone."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON") and name not in FREE}


def _become(job: Job, own: list[str]) -> None:
    """What an interpreter does at its start; from here on this process is the command."""
    for number, stream in enumerate(job.streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    found, wanted = _fixed(os.environ), _fixed(job.environment)
    assert found == wanted, f"an interpreter of its own is needed: {wanted}"
    os.chdir(job.folder)
    os.environ.clear()
    os.environ.update(job.environment)
    time.tzset()
    if ASKED in os.environ:
        layout.printed = front_page(layout.printed)
    arguments = job.arguments
    safe = arguments[0] == "-P"
    option, what, *others = arguments[safe:]
    here = [] if safe else [job.folder if option == "-m" else ""]
    paths = [path for path in job.environment.get("PYTHONPATH", "").split(os.pathsep) if path and path not in own]
    sys.path[:] = here + paths + own
    sys.argv = [option, *others]
    if option == "-c":
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
        return
    assert option == "-m", arguments
    sys.modules.pop(what, None)  # a module that is run is another than one that is imported
    runpy.run_module(what, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
