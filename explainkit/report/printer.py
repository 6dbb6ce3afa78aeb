"""The process that lays pages out, so that whoever made them can go on meanwhile.

Laying out is the longest single piece of work of an audit, and Python does it on one processor. The process is started
before it is needed: by then it has loaded its library. It gets pages as text and gives files as bytes, nothing else,
and ends when its input does, also when whoever started it was killed.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from shutil import rmtree
from tempfile import TemporaryFile, mkdtemp
from typing import IO, Any, NoReturn, Protocol

from explainkit.beside import copies, own
from explainkit.children import command, environment, processors
from explainkit.errors import ExplainkitError
from explainkit.report.later import later

_LENGTH = struct.Struct(">Q")
_PATIENCE_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page ready for the printer, with the file that is attached to it."""

    page: str
    """HTML."""
    rest: str = ""
    """HTML of the second half, where the page is the first; see `explainkit.report.parting`."""
    attachment: bytes
    name: str
    """Of the attached file."""
    described: str
    """What it is, in words."""
    date: str | None
    """ISO date of document and attachment; None where the card has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A PDF, not yet brought into its final form."""

    pdf: bytes
    rest: bytes = b""
    """The second half, where there is one."""
    missing: tuple[str, ...]
    """Characters that no font has."""


_FIRST = Sheet(
    page='<!DOCTYPE html><html lang="en"><title>-</title><p>-</p></html>',
    attachment=b"",
    name="-",
    described="-",
    date=None,
)
"""What the process prints before it is asked for anything: the first sheet takes longer than others."""


class Printer(Protocol):
    """Turns pages into a PDF."""

    def __call__(self, sheet: Sheet) -> Printed:
        """Print one sheet."""


def here(sheet: Sheet) -> Printed:
    """Print in this process."""
    from explainkit.report.layout import printed

    return printed(sheet)


@contextmanager
def elsewhere() -> Iterator[Printer]:
    """A printer in a process of its own, which is gone at the end of the block.

    Where there is one processor alone, or no interpreter to start, pages are printed here: the bytes are the same.
    """
    if processors() < 2:
        yield here
        return
    with TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                command("explainkit.report.printer"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment(),
            )
        except (OSError, TypeError):
            yield here
            return
        try:
            yield _Remote(process=process, complaints=complaints)
        finally:
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
            # It ends by itself then, and takes its files along.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_PATIENCE_SECONDS)
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
            process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remote:
    """The other end of the pipes."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, sheet: Sheet) -> Printed:
        """Print one sheet; others wait for their turn.

        Raises
        ------
        ExplainkitError
            If the process ends without an answer.
        """
        head = {name: value for name, value in asdict(sheet).items() if name not in ("page", "rest", "attachment")}
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        with self.turn:
            try:
                _send(to, json.dumps(head).encode(), sheet.page.encode(), sheet.rest.encode(), sheet.attachment)
                answer, pdf, rest = (_receive(back) for _ in range(3))
            except (OSError, EOFError):
                raise self._gone() from None
        return Printed(pdf=pdf, rest=rest, missing=tuple(json.loads(answer)["missing"]))

    def _gone(self) -> ExplainkitError:
        code = self.process.wait()
        self.complaints.seek(0)
        last = self.complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        return ExplainkitError(
            "the process that lays out the PDF ended without an answer", found=f"exit code {code}, {last[:200]}"
        )


def _send(stream: IO[bytes], *parts: bytes) -> None:
    for part in parts:
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes:
    return _exactly(stream, _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0])


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data


def serve() -> None:
    """Print what comes in until the input ends, in the middle of a sheet too."""
    from explainkit.report import twin

    jobs: SimpleQueue[tuple[dict[str, Any], bytes, bytes, bytes]] = SimpleQueue()
    tempfile.tempdir = mkdtemp(prefix="explainkit-")

    def end(code: int) -> NoReturn:
        """End at once, whatever the other thread is doing, without leaving its files behind."""
        twin.stop_all()
        rmtree(tempfile.gettempdir(), ignore_errors=True)
        twin.end_all()
        os._exit(code)

    def read() -> None:
        with suppress(EOFError, OSError):
            while True:
                head = json.loads(_receive(sys.stdin.buffer))
                page, rest, attachment = (_receive(sys.stdin.buffer) for _ in range(3))
                jobs.put((head, page, rest, attachment))
        end(0)

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    threading.Thread(target=read, daemon=True).start()
    try:
        own()
        printed = _loaded()
        _take_shortcuts()
        gc.disable()  # it finds a few megabytes in the short life of this process
        printed(_FIRST)
        while True:
            head, page, rest, attachment = jobs.get()
            sheet = Sheet(page=page.decode(), rest=rest.decode(), attachment=attachment, **head)
            done = printed(sheet, beside=copies())
            _send(answers, json.dumps({"missing": done.missing}).encode(), done.pdf, done.rest)
    finally:
        # The interpreter cannot end by itself while the other thread waits for input.
        traceback.print_exc()
        sys.stderr.flush()
        end(1)


def _loaded() -> Callable[..., Printed]:
    """The library, loaded in less time where that is possible.

    WeasyPrint asks for each part of Pango by the names of other systems first, and Python asks compilers what those
    are, which takes longer than to load all parts. For fonts that HarfBuzz cannot deal with, it imports others, which
    take a third of the time.
    """
    import ctypes.util

    for name in ("fontTools.subset", "fontTools.varLib.instancer"):
        later(name)
    asked = ctypes.util.find_library
    if sys.platform == "linux":
        ctypes.util.find_library = lambda name: None
    try:
        with suppress(OSError):
            from explainkit.report.layout import printed

            return printed
    finally:
        ctypes.util.find_library = asked
    from explainkit.report.layout import printed  # this system's loader does not find them by their own names

    return printed


def _take_shortcuts() -> None:
    from explainkit.report.shortcuts import take

    take()


if __name__ == "__main__":
    serve()
