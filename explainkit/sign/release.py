"""A release is signed: card.pdf, then card.json and card.html, then the statement that covers them all."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

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
from explainkit.sign.folder import SIGNATURES, SUMMARY_PDF, Contents, FileOnDisk, read_release
from explainkit.sign.keys import Signer
from explainkit.sign.manifest import (
    CARD_FILES,
    CHAIN,
    DETACHED,
    ROLE_FOLDERS,
    STATEMENT,
    Statement,
    Subjects,
    listed,
    subjects,
)

if TYPE_CHECKING:
    from explainkit.sign.open_keys import OpenKey
    from explainkit.sign.timestamps import Stamper

REACHED = {False: ("B-B",), True: ("B-B", "B-T")}
"""Levels that are reached without and with time stamps; a card that intends a higher one is not signed at a lower."""

_ERRORS = {
    kind.__name__: kind
    for kind in (ExplainkitError, InputError, DataError, ModelError, OutputError, VerificationError, ServiceError)
}
_waiting: list[subprocess.Popen[bytes]] = []
"""Processes that were started ahead of their jobs."""
_PARTS = ("problem", "where", "found", "allowed", "remedy")


def sign_release(folder: Path, signer: Signer, *, role: str = "provider") -> None:
    """Sign an unsigned release where it lies.

    Parameters
    ----------
    folder : pathlib.Path
        A folder that nobody else sees yet: it changes file by file, and only the caller makes it visible, whole.
    signer : Signer
        Whose key signs everything.
    role : str, default "provider"
        As whom; this version knows the provider.

    Raises
    ------
    InputError
        If the folder is not an unsigned release, or the key cannot sign.
    VerificationError
        If card.json is not a card.
    OutputError
        If the signatures cannot be written.
    ServiceError
        If the time stamp server, or the token with the key, fails.
    """
    if role not in ROLE_FOLDERS:
        raise InputError("unknown role", found=repr(role), allowed=", ".join(ROLE_FOLDERS))
    files = _unsigned(folder, read_release(folder))
    _write(folder, _signed(files, signer, role))


def _unsigned(folder: Path, contents: Contents) -> dict[str, bytes]:
    files = {f.name: f.data for f in contents.files}
    if (folder / SIGNATURES).exists() or any(name.startswith(SIGNATURES + "/") for name in files):
        raise InputError("this release is signed already", where=str(folder), remedy="make a new release to sign")
    for odd in contents.oddities:
        raise InputError(f"{odd.what} cannot be part of a release", where=str(folder / odd.name))
    missing = [name for name in CARD_FILES if name not in files]
    if missing:
        raise InputError("not a release", where=str(folder), found=f"no {', no '.join(missing)}")
    return files


def _about(files: Mapping[str, bytes], *, stamped: bool) -> Subjects:
    """What the card is about, where all files say the same and the intended level is reached."""
    from explainkit.sign.content import read_card, unlike_card, unlike_summary
    from explainkit.sign.hanko import HOSTILE

    evidence = read_card(files["card.json"])
    try:
        about = subjects(evidence)
        unlike = unlike_card(files["card.html"], evidence)
    except HOSTILE as error:
        # The reader of card.json checks its members, not the type of each value.
        raise VerificationError("not a card", where="card.json", found=str(error)[:200]) from None
    for problem in unlike:
        raise InputError("the page cannot be signed", where="card.html", found=problem)
    for name, problem in unlike_summary(files):
        raise InputError("the public summary cannot be signed", where=name, found=problem)
    reached = REACHED[stamped]
    if evidence.level not in reached:
        raise InputError(
            "the intended level cannot be reached",
            where="card.json",
            found=evidence.level,
            allowed=", ".join(reached),
            remedy=None if stamped else "B-T needs a time stamp server: --tsa URL",
        )
    return about


def _signed(files: Mapping[str, bytes], signer: Signer, role: str) -> dict[str, bytes]:
    """The files that signing adds or changes."""
    # pyHanko takes a third of a second to import: only those who sign or verify pay for it.
    from explainkit.sign.hanko import quiet, run
    from explainkit.sign.timestamps import Stamper

    about = _about(files, stamped=signer.tsa is not None)
    stamper = None if signer.tsa is None else Stamper(signer.tsa)
    with signer.open() as key, quiet():
        return run(_signed_by(key, files, role, about, stamper))


async def _signed_by(
    key: OpenKey, files: Mapping[str, bytes], role: str, about: Subjects, stamper: Stamper | None
) -> dict[str, bytes]:
    from explainkit.sign.cades import detached_signature
    from explainkit.sign.certificates import fingerprint, pem_chain
    from explainkit.sign.dsse import seal
    from explainkit.sign.pades import certified, marked
    from explainkit.sign.trial_mark import is_trial, marked_pages

    hand, trial = key.hand(), is_trial(key.chain)
    pages = marked_pages(files) if trial else {}
    if trial and SUMMARY_PDF in files:
        pages[SUMMARY_PDF] = marked(files[SUMMARY_PDF])
    shown = {**files, **pages}
    prefix = f"{SIGNATURES}/{ROLE_FOLDERS[role]}/"
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    new = {
        **pages,
        "card.pdf": await certified(
            files["card.pdf"], hand, card_json=files["card.json"], trial=trial, stamper=stamper
        ),
        prefix + CHAIN: pem_chain(key.chain),
    }
    for name in DETACHED:
        new[f"{prefix}{name}.p7s"] = await detached_signature(shown[name], hand, at=now, stamper=stamper)
    covered = [FileOnDisk(name=name, data=data) for name, data in {**files, **new}.items()]
    statement = Statement(role=role, certificate=fingerprint(key.chain[0]), files=listed(covered), subjects=about)
    envelope = await seal(statement.to_payload(), hand, key.chain[0])
    return {**new, prefix + STATEMENT: envelope.to_json()}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            "the signatures cannot be written", where=str(folder), found=error.strerror or str(error)
        ) from None


def sign_in_child(folder: Path, signer: Signer, *, role: str = "provider") -> None:
    """`sign_release` in a process of its own, which has loaded no model and drawn nothing.

    Passphrase or PIN goes through a pipe: it is neither among the arguments nor in the environment.

    Raises
    ------
    ExplainkitError
        The same errors, with the same message, as `sign_release`.
    """
    job = {"folder": str(folder.absolute()), "role": role, "signer": signer.to_job()}
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
        raise _ERRORS.get(failure["type"], ExplainkitError)(**{part: failure[part] for part in _PARTS})


@contextmanager
def signing_soon() -> Iterator[None]:
    """Start the process that signs ahead of its job: by then it has loaded what it needs.

    It knows of no key before `sign_in_child` takes it, and is gone at the end of the block.
    """
    with suppress(OSError):  # whoever signs will be told
        _waiting.append(_started())
    try:
        yield
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


def serve_job(job: bytes) -> bytes:
    """What the child process does with its standard input, and what it answers."""
    try:
        asked = json.loads(job)
        sign_release(Path(asked["folder"]), Signer.from_job(asked["signer"]), role=asked["role"])
    except ExplainkitError as error:
        parts = {part: getattr(error, part) for part in _PARTS}
        return json.dumps({"error": {"type": type(error).__name__, **parts}}).encode()
    return json.dumps({"error": None}).encode()
