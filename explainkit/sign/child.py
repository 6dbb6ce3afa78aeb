"""Signing in a process of its own, which has loaded no model and drawn nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from explainkit.children import command, environment
from explainkit.errors import (
    DataError,
    ExplainkitError,
    InputError,
    ModelError,
    OutputError,
    ServiceError,
    VerificationError,
)
from explainkit.sign.comparison import is_comparison, sign_comparison
from explainkit.sign.keys import Signer
from explainkit.sign.opinion import Opinion, Withdrawal
from explainkit.sign.release import (
    TOLD,
    Agreed,
    agree,
    countersign_release,
    renew_release,
    sign_release,
    withdraw_release,
)

_ERRORS = {
    kind.__name__: kind
    for kind in (ExplainkitError, InputError, DataError, ModelError, OutputError, VerificationError, ServiceError)
}
_waiting: list[subprocess.Popen[bytes]] = []
"""Processes that were started ahead of their jobs."""


def sign_in_child(
    folder: Path, signer: Signer, *, words: Opinion | Withdrawal | None = None, shown: Path | None = None
) -> None:
    """Sign a release, or a comparison, in a process of its own.

    The passphrase goes through a pipe: it is neither among the arguments nor in the environment.

    Parameters
    ----------
    folder, signer
        As in `explainkit.sign.release.sign_release`.
    words : Opinion or Withdrawal, optional
        With an opinion the release is countersigned, with a withdrawal it is taken back.
    shown : pathlib.Path, optional
        What messages call the folder, where it is a copy that nobody knows.

    Raises
    ------
    ExplainkitError
        The same errors, with the same message, as the functions of `explainkit.sign.release`.
    """
    said = None if words is None else words.to_json().decode()
    _ask(
        {"folder": str(folder.absolute()), "signer": signer.to_job(), "act": _act(words), "words": said}, folder, shown
    )


def _ask(job: Mapping[str, Any], folder: Path, shown: Path | None) -> None:
    try:
        process = _waiting.pop() if _waiting else _started()
    except OSError as error:
        raise ExplainkitError(
            "the signing process cannot be started", where=sys.executable, found=error.strerror or str(error)
        ) from None
    with process:
        try:
            out, complaints = process.communicate(json.dumps(job).encode())
        finally:
            process.kill()
    try:
        answer = json.loads(out)
        failure = answer["error"]
    except (ValueError, TypeError, KeyError):
        last = complaints.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ExplainkitError(
            "the signing process ended without an answer",
            where=str(folder),
            found=f"exit code {process.returncode}, {last}",
        ) from None
    if failure is not None:
        if shown is not None and failure["where"] is not None:
            failure["where"] = failure["where"].replace(str(folder.absolute()), str(shown))
        raise _ERRORS.get(failure["type"], ExplainkitError).of_parts(failure)


def sign_gates_in_child(path: Path, signer: Signer) -> None:
    """`explainkit.sign.gates.sign_gates` in a process of its own.

    Raises
    ------
    ExplainkitError
        The same errors, with the same message.
    """
    _ask({"folder": str(path.absolute()), "signer": signer.to_job(), "act": "gates"}, path, path)


def renew_in_child(folder: Path, *, tsa: str, crls: Sequence[Path] = (), shown: Path | None = None) -> None:
    """Add an archive to a release in a process of its own.

    Parameters
    ----------
    folder, tsa, crls
        As in `explainkit.sign.release.renew_release`.
    shown : pathlib.Path, optional
        As in `sign_in_child`.

    Raises
    ------
    ExplainkitError
        The same errors, with the same message, as `explainkit.sign.release.renew_release`.
    """
    names = [str(path.absolute()) for path in crls]
    _ask({"folder": str(folder.absolute()), "act": "archive", "tsa": tsa, "crls": names}, folder, shown)


def _act(words: Opinion | Withdrawal | None) -> str:
    return "provider" if words is None else "opinion" if isinstance(words, Opinion) else "withdrawal"


@contextmanager
def signing_soon() -> Iterator[Callable[..., None]]:
    """What starts the process that signs ahead of its job: by then it has loaded what it needs.

    Given files of the release that are made already, it looks meanwhile whether they say the same, and need not look
    again where those that it is asked to sign are these. The process knows of no key before `sign_in_child` takes it,
    and is gone at the end of the block.
    """

    def start(files: Mapping[str, bytes] | None = None) -> None:
        with suppress(OSError):  # whoever signs will be told
            if not _waiting:
                _waiting.append(_started())
            if files and (to := _waiting[0].stdin):
                told = {name: files[name] for name in TOLD if name in files}
                to.write(json.dumps({name: len(data) for name, data in told.items()}).encode() + b"\n")
                to.writelines(told.values())
                to.flush()

    try:
        yield start
    finally:
        while _waiting:
            with _waiting.pop() as process:
                process.kill()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("explainkit.sign"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # The time of signing is claimed in UTC, which tells nothing of the place.
        env={**environment(), "TZ": "UTC"},
    )


def look_ahead(stream: IO[bytes]) -> tuple[bytes, Agreed | None]:
    """The job of the child process, and what was found of files that came ahead of it, each line of JSON first."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return line, None
    files = {name: stream.read(length) for name, length in json.loads(line).items()}
    try:
        agreed = agree(files)
    except ExplainkitError:
        agreed = None  # found again, and told, where they are to be signed
    return stream.read(), agreed


def serve_job(job: bytes, agreed: Agreed | None = None) -> bytes:
    """What the child process does with its standard input, and what it answers."""
    try:
        asked = json.loads(job)
        folder = Path(asked["folder"])
        if asked["act"] == "archive":
            renew_release(folder, tsa=asked["tsa"], crls=[Path(path) for path in asked["crls"]])
            return json.dumps({"error": None}).encode()
        signer = Signer.from_job(asked["signer"])
        if asked["act"] == "gates":
            from explainkit.sign.gates import sign_gates

            sign_gates(folder, signer)
            return json.dumps({"error": None}).encode()
        if asked["act"] == "opinion":
            countersign_release(folder, signer, Opinion.from_json(asked["words"].encode()))
        elif asked["act"] == "withdrawal":
            withdraw_release(folder, signer, Withdrawal.from_json(asked["words"].encode()))
        elif is_comparison({path.name: path for path in folder.iterdir()}):
            sign_comparison(folder, signer)
        else:
            sign_release(folder, signer, agreed=agreed)
    except ExplainkitError as error:
        return json.dumps({"error": {"type": type(error).__name__, **error.parts()}}).encode()
    return json.dumps({"error": None}).encode()
