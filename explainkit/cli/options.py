"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explainkit.errors import InputError

if TYPE_CHECKING:
    from explainkit.sign.keys import Signer

F = TypeVar("F", bound=Callable[..., Any])


def output_options(function: F) -> F:
    """``--quiet``, ``--json`` and ``--debug``."""
    function = click.option("--debug", is_flag=True, help="Show tracebacks of errors.")(function)
    function = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(function)
    return click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")(function)


def force_option(function: F) -> F:
    """``--force``."""
    return click.option("--force", is_flag=True, help="Replace an earlier release.")(function)


def key_options(function: F) -> F:
    """``--key``, ``--certificate`` and where the passphrase comes from; never argv."""
    function = click.option(
        "--passphrase-fd", type=int, metavar="N", help="Read the key's passphrase from this file descriptor."
    )(function)
    function = click.option(
        "--passphrase-env", metavar="NAME", help="Read the key's passphrase from this environment variable."
    )(function)
    function = click.option(
        "--certificate", type=click.Path(path_type=Path), help="Certificate (PEM) of a key in PEM form."
    )(function)
    function = click.option("--tsa", metavar="URL", help="Time stamp server (RFC 3161) that stamps each signature.")(
        function
    )
    return click.option("--key", type=click.Path(path_type=Path), help="Key that signs: PKCS#12, or PEM.")(function)


def passphrase_from(key: Path | None, certificate: Path | None, flags: dict[str, Any]) -> Callable[[], Signer | None]:
    """Read the passphrase now (it may need the terminal) and open the key later, in the process that signs.

    Parameters
    ----------
    key, certificate : pathlib.Path or None
        As given on the command line.
    flags : dict
        Other options; ``passphrase_fd`` and ``passphrase_env`` are taken out of it.
    """
    descriptor, variable = flags.pop("passphrase_fd", None), flags.pop("passphrase_env", None)
    tsa = flags.pop("tsa", None)
    if key is None:
        if any(given is not None for given in (certificate, descriptor, variable, tsa)):
            raise InputError(
                "a certificate, a passphrase or a time stamp server without a key", remedy="name the key with --key"
            )
        return lambda: None
    if not key.is_file():
        raise InputError("no such key file", where=str(key), remedy="explainkit keygen makes a TEST key")
    secret = _secret(key, descriptor, variable)

    def open_key() -> Signer:
        from explainkit.sign.keys import Signer

        if certificate is not None:
            signer = Signer.from_pem(key, certificate, passphrase=secret)
        else:
            signer = Signer.from_pkcs12(key, passphrase=secret)
        return signer.with_time_stamps(tsa)

    return open_key


def signer_from(flags: dict[str, Any]) -> Signer:
    """The signer whom ``key_options`` name, where one is needed.

    Parameters
    ----------
    flags : dict
        The options; those of the key are taken out of it.

    Raises
    ------
    InputError
        If no key is named.
    """
    if flags["key"] is None:
        raise InputError("no key to sign with", where="--key", remedy="explainkit keygen makes a TEST key")
    signer = passphrase_from(flags.pop("key"), flags.pop("certificate"), flags)()
    assert signer is not None
    return signer


def _secret(key: Path, descriptor: int | None, variable: str | None) -> str | None:
    if descriptor is not None:
        try:
            with os.fdopen(descriptor, "r", encoding="utf-8") as stream:
                return stream.readline().rstrip("\n")
        except OSError as error:
            raise InputError(
                "the passphrase cannot be read", where=f"file descriptor {descriptor}", found=error.strerror
            ) from None
    if variable is not None:
        if variable not in os.environ:
            raise InputError("no such environment variable", where=f"--passphrase-env {variable}")
        return os.environ[variable]
    if key.read_bytes()[:11] == b"-----BEGIN " and b"ENCRYPTED" not in key.read_bytes():
        return None
    if not os.isatty(0):
        raise InputError(
            "the key needs a passphrase and there is no terminal to ask for it",
            where=str(key),
            remedy="--passphrase-env NAME or --passphrase-fd N",
        )
    return str(click.prompt(f"Passphrase of {key.name}", hide_input=True, err=True, default="", show_default=False))
