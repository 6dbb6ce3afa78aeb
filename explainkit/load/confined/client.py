"""The process that holds a model, as seen by whoever asks it: everything that it says is checked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from explainkit.children import command, environment
from explainkit.errors import PARTS, DataError, ExplainkitError, InputError, MissingExtraError, ModelError
from explainkit.load.confined.frames import GarbledError, Message, receive, send

if TYPE_CHECKING:
    from explainkit.load.confined.frames import Array

_SERVER = "explainkit.explain.server"
_ERRORS = {kind.__name__: kind for kind in (InputError, DataError, ModelError, MissingExtraError)}
_LONGEST_TEXT = 1_000
_MIB = 2**20
_PATIENCE = 10.0
"""Seconds that an interpreter may take to end, on a busy machine."""
_KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES")
_KEPT_BEGIN = ("PYTHON", "LC_", "OMP_", "KMP_", "GOMP_", "OPENBLAS_", "MKL_", "BLIS_", "LOKY_", "NUMBA_", "SKLEARN_")
_ONE = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model may take before it is given up."""

    opening: float = 300.0
    """Seconds to load the libraries and to open the file."""
    answering: float = 3600.0
    """Seconds for one block of rows."""
    memory: int | None = None
    """Bytes; three quarters of the memory of this machine where None."""
    without: tuple[str, ...] = ()
    """Measures of confinement to leave out, as if the system did not have them."""

    @property
    def bytes(self) -> int:
        """Memory in bytes."""
        return self.memory if self.memory is not None else _memory() * 3 // 4


LIMITS = Limits()
"""For models that are opened from files."""


class RaisedThereError(ValueError):
    """What a library or a model raised in its process; the class has the name that it had there."""


def raised(name: str, text: str) -> RaisedThereError:
    """An error of the name that it had in the other process."""
    known = name if name.isidentifier() and len(name) < 100 else "Exception"
    made: RaisedThereError = type(known, (RaisedThereError,), {})(text)
    return made


class Confined:
    """A model file in a process of its own.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    trust : sequence of str
        Digests of files that may be unpickled.
    limits : Limits
        Time and memory.
    """

    def __init__(self, path: Path, *, trust: Sequence[str], limits: Limits) -> None:
        self.where = str(path)
        self.n_features_in_: int | None = None
        """How many inputs it says it has, where they have no names."""
        self._limits, self._late = limits, False
        self._trust = tuple(trust)
        self._over: ModelError | None = None
        self._child = _Child(self.where)
        self._turn = _Turn(self._child.state)
        self._end = weakref.finalize(self, self._child.end)
        job = {
            "path": self.where,
            "trust": list(trust),
            "memory": limits.bytes,
            "without": list(limits.without),
        }
        with suppress(OSError):  # whoever asks will be told
            send(self._child.to, job)

    def opened(self) -> Message:
        """What the process says when it has opened the file.

        Raises
        ------
        ModelError or another InputError
            If it cannot open it.
        """
        return self._answer(None, (), seconds=self._limits.opening)

    def ask(self, what: str, head: dict[str, Any], arrays: Sequence[Array] = ()) -> Message:
        """Have it do something with a table; others wait for their turn.

        Raises
        ------
        ModelError or another InputError
            If it says so, or ends, takes too long, or gives an answer that cannot be read.
        RaisedThereError
            If a library raised something that is part of its work.
        """
        return self._answer({**head, "what": what}, arrays, seconds=self._limits.answering)

    def close(self) -> None:
        """End the process."""
        self._end()

    def again(self) -> Confined:
        """The same file in another process, which begins to open it."""
        return Confined(Path(self.where), trust=self._trust, limits=self._limits)

    def peak_memory(self) -> float | None:
        """MiB that the process had at most; None where the system does not say."""
        return self._child.peak_memory()

    def _answer(self, head: dict[str, Any] | None, arrays: Sequence[Array], *, seconds: float) -> Message:
        with self._turn:
            if self._over is not None:
                raise self._over
            try:
                with self._watched(seconds):
                    if head is not None:
                        send(self._child.to, head, arrays)
                    found = receive(self._child.back, most=self._limits.bytes)
            except GarbledError as error:
                self._over = self.not_understood(str(error))
            except (OSError, EOFError, ValueError):
                self._over = self._gone(seconds)
            if self._over is not None:
                self.close()
                raise self._over
            failure = found.head.get("error")
            if failure is not None:
                raise self._told(failure)
            return found

    def not_understood(self, reason: str) -> ModelError:
        """The error for an answer that is none."""
        return ModelError(
            "the process that holds the model gave an answer that cannot be used", where=self.where, found=reason
        )

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        """End the process if it takes longer, which ends all waiting for it."""

        def stop() -> None:
            self._late = True
            self._child.kill()

        watch = threading.Timer(seconds, stop)
        watch.daemon = True
        watch.start()
        try:
            yield
        except (KeyboardInterrupt, MemoryError):
            self._child.kill()  # what is in the pipes would be taken for the next answer
            raise
        finally:
            watch.cancel()

    def _gone(self, seconds: float) -> ModelError:
        code, last = self._child.wait()
        if self._late:
            return ModelError(
                "the model gave no answer in time, and its process was ended",
                where=self.where,
                found=f"none after {seconds:g} seconds",
            )
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            return ModelError(
                "the process that holds the model was ended by " + name,
                where=self.where,
                remedy="it may be damaged, need more memory, or be of other library versions: save it again",
            )
        return ModelError(
            "the process that holds the model ended without an answer",
            where=self.where,
            found=f"exit code {code}" + (f", {clean(last)}" if last else ""),
        )

    def _told(self, failure: Any) -> Exception:
        """The error that the process tells of."""
        if not isinstance(failure, dict):
            return self.not_understood("an error that is none")
        kind = failure.get("type")
        if kind == "memory":
            return ModelError(
                "the model needs more memory than it may have",
                where=self.where,
                allowed=f"{max(1, self._limits.bytes // _MIB)} MiB, three quarters of what this machine has",
            )
        if kind == "raised":
            return raised(str(failure.get("name")), clean(str(failure.get("text"))))
        error = _ERRORS.get(kind if isinstance(kind, str) else "", ModelError)
        parts = {part: failure.get(part) for part in PARTS}
        texts = {part: clean(value) if isinstance(value, str) else None for part, value in parts.items()}
        return error.of_parts(texts | {"problem": texts["problem"] or "the model cannot be used"})


class _Turn:
    """One question at a time, of all threads of this process and of its copies: they ask through the same pipes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._threads, self._file = threading.Lock(), file

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            _lock(self._file, "LOCK_EX")
        except BaseException:  # interrupted while another process has its turn
            self._threads.release()
            raise

    def __exit__(self, *error: object) -> None:
        try:
            _lock(self._file, "LOCK_UN")
        finally:
            self._threads.release()


class _Child:
    """The process, kept by a thread of its own: the kernel ends it when the thread that started it ends.

    How it ended stands in a file: a copy of this process, which has no such thread, can read it there.
    """

    def __init__(self, where: str) -> None:
        started, self._keeping = threading.Event(), os.getpid()
        self._problem: OSError | None = None
        self._complaints: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed with the process
        self.state: IO[bytes] = TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self.state.close)

        def keep() -> None:
            try:
                self._process = subprocess.Popen(
                    command(_SERVER),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._complaints,
                    env=_environment(),
                    start_new_session=True,  # keys on the terminal are none of its business
                )
            except OSError as error:
                self._problem = error
                return
            finally:
                started.set()
            self.state.write(b"%d\n" % self._process.wait())

        self._keeper = threading.Thread(target=keep, daemon=True, name="keeper of a model")
        self._keeper.start()
        started.wait()
        if self._problem is not None:
            reason = self._problem.strerror or str(self._problem)
            raise ExplainkitError("the process for the model cannot be started", where=where, found=reason)
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        self.to, self.back = to, back
        _widen(to, back)

    def peak_memory(self) -> float | None:
        """As of `Confined`."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text("ascii", "replace")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        return None if found is None else int(found[1]) / 1024

    def kill(self) -> None:
        """End it at once."""
        if os.getpid() == self._keeping:
            self._process.kill()
        elif self._ended() is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def wait(self) -> tuple[int | None, str]:
        """How it ended, and the last that it said."""
        code = self._ended(_PATIENCE)
        if code is None:
            self.kill()
            code = self._ended(_PATIENCE)
        if self._complaints.closed:
            return code, ""
        self._complaints.seek(0)
        said = self._complaints.read(_MIB).decode("utf-8", "replace").strip()
        return code, said.rpartition("\n")[2]

    def _ended(self, patience: float = 0.0) -> int | None:
        """How it ended; None while it runs."""
        if os.getpid() == self._keeping:
            self._keeper.join(patience)
            return self._process.returncode
        until = time.monotonic() + patience
        while not (told := os.pread(self.state.fileno(), 20, 0)) and time.monotonic() < until:
            time.sleep(0.005)
        return int(told) if told else None

    def end(self) -> None:
        """End it, and close what leads to it."""
        self.kill()
        for stream in (self.to, self.back, self._complaints):
            with suppress(OSError):
                stream.close()
        self._keeper.join(_PATIENCE)


def clean(text: str) -> str:
    """A text of a model without what would steer a terminal, and not for ever."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * _LONGEST_TEXT])
    return shown[:_LONGEST_TEXT]


def _environment() -> dict[str, str]:
    """Of the environment what Python and numerical libraries read: the rest may hold secrets."""
    found = {
        name: value for name, value in environment().items() if name in _KEPT or name.upper().startswith(_KEPT_BEGIN)
    }
    # Threads of OpenMP that wait for work take processors from whoever asks, who is at work meanwhile.
    found.setdefault("OMP_WAIT_POLICY", "passive")
    # Matrix products on one thread, as `one_order` has them; so a library starts none before it is confined.
    return found | dict.fromkeys(_ONE, "1")


def _memory() -> int:
    """Bytes of memory that this machine has."""
    try:
        return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return 2**34


def _lock(file: IO[bytes], how: str) -> None:
    """Hold a file against other processes, or let go of it, where the system can."""
    with suppress(ImportError):
        import fcntl

        fcntl.lockf(file, getattr(fcntl, how))


def _widen(*pipes: IO[bytes]) -> None:
    """Let pipes hold more, where the system can."""
    with suppress(ImportError, OSError, AttributeError):
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _MIB)
