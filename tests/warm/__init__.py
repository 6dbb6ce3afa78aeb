"""Commands for tests in processes that have loaded the libraries already.

Most of the time of a small command goes into loading numerical libraries, for the command and for each process that it
starts in turn. `server` loads them once, computes nothing, and forks for every command: a process with the folder,
environment, streams and arguments of its own, which ends as any interpreter does. What it starts by
`explainkit.children` comes from there too. `client` stands in its place where a program has to be started.

What is about starting itself, about signals, hash seeds, threads or memory, and about what is *not* loaded, takes real
processes: `sys.executable` as ever.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CLIENT = Path(__file__).parent / "client.py"

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""A process with threads, as libraries start them when they are loaded, could not be forked."""


@contextmanager
def server() -> Iterator[tuple[str, ...]]:
    """Start a server; what to write in place of ``python``, with ``-m MODULE`` or ``-c TEXT`` behind it."""
    if not hasattr(os, "pidfd_open"):
        yield (sys.executable,)
        return
    # A folder of its own: the path of a socket may not be long.
    with TemporaryDirectory(prefix="warm-") as folder:
        address = os.path.join(folder, "s")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm.server", address],
            cwd=CLIENT.parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process:
            try:
                assert process.stdout.readline() == b"ready\n", "the server of warm processes did not start"
                yield (sys.executable, "-I", "-S", str(CLIENT), address)
            finally:
                process.stdin.close()  # it ends with that, also when this process is killed
                try:
                    process.wait(30)
                finally:
                    process.kill()
