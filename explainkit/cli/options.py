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


def trust_model_option(function: F) -> F:
    """``--trust-model``, of commands that open models of a card or of a plan."""
    return click.option(
        "--trust-model",
        multiple=True,
        metavar="sha256:…",
        help="Model file in a format that can run code, which you trust; lists in plans are ignored.",
    )(function)


def junit_option(function: F) -> F:
    """``--junit``."""
    return click.option(
        "--junit",
        type=click.Path(path_type=Path),
        metavar="FILE.XML",
        help="Write the outcomes as JUnit XML, for the test report of a CI server; replaces an earlier file.",
    )(function)


def trust_options(function: F) -> F:
    """``--trust`` and ``--policy``: by whose certificates and rules a release is judged."""
    function = click.option(
        "--policy", type=click.Path(path_type=Path), help="Your policy: roles, certificates, level, age (TOML or JSON)."
    )(function)
    return click.option(
        "--trust", multiple=True, type=click.Path(path_type=Path), metavar="CA.PEM", help="Root certificate you trust."
    )(function)


def key_options(function: F) -> F:
    """``--key``, ``--certificate`` and where the passphrase comes from; never argv."""
    function = click.option(
        "--passphrase-fd", type=int, metavar="N", help="Read the key's passphrase or PIN from this file descriptor."
    )(function)
    function = click.option(
        "--passphrase-env", metavar="NAME", help="Read the key's passphrase or PIN from this environment variable."
    )(function)
    function = click.option(
        "--certificate", type=click.Path(path_type=Path), help="Certificate (PEM) of a key in PEM form or in a token."
    )(function)
    function = click.option("--tsa", metavar="URL", help="Time stamp server (RFC 3161) that stamps each signature.")(
        function
    )
    function = click.option(
        "--crl",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="CRL.PEM",
        help="Revocation list of today, kept in an archive (B-LT, B-LTA).",
    )(function)
    return click.option("--key", help="Key that signs: a file (PKCS#12, or PEM), or pkcs11:… in a token.")(function)


def passphrase_from(key: str | None, certificate: Path | None, flags: dict[str, Any]) -> Callable[[], Signer | None]:
    """Read passphrase or PIN now (it may need the terminal) and open the key later, in the process that signs.

    Parameters
    ----------
    key : str or None
        As given on the command line: a file's name, or a PKCS#11 URI.
    certificate : pathlib.Path or None
        As given on the command line.
    flags : dict
        Other options; ``passphrase_fd`` and ``passphrase_env`` are taken out of it.
    """
    descriptor, variable = flags.pop("passphrase_fd", None), flags.pop("passphrase_env", None)
    tsa, crls = flags.pop("tsa", None), flags.pop("crl", ())
    if key is None:
        if crls or any(given is not None for given in (certificate, descriptor, variable, tsa)):
            raise InputError(
                "a certificate, a passphrase or a time stamp server without a key", remedy="name the key with --key"
            )
        return lambda: None
    from explainkit.sign.token_uri import is_uri

    opener = _token_key if is_uri(key) else _file_key
    described = opener(key, certificate, descriptor, variable)
    return lambda: described().with_time_stamps(tsa, crls=crls)


def _file_key(
    name: str, certificate: Path | None, descriptor: int | None, variable: str | None
) -> Callable[[], Signer]:
    key = Path(name)
    if not key.is_file():
        raise InputError("no such key file", where=str(key), remedy="explainkit keygen makes a TEST key")
    secret = _given(descriptor, variable)
    if secret is None and not (key.read_bytes()[:11] == b"-----BEGIN " and b"ENCRYPTED" not in key.read_bytes()):
        secret = _asked("passphrase", str(key), key.name)

    def open_key() -> Signer:
        from explainkit.sign.keys import Signer

        if certificate is not None:
            return Signer.from_pem(key, certificate, passphrase=secret)
        return Signer.from_pkcs12(key, passphrase=secret)

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


def _token_key(
    uri: str, certificate: Path | None, descriptor: int | None, variable: str | None
) -> Callable[[], Signer]:
    from explainkit.sign.token_uri import parse_uri

    place = parse_uri(uri)
    secret = _given(descriptor, variable)
    if secret is None:
        secret = _asked("PIN", str(place), str(place))

    def open_key() -> Signer:
        from explainkit.sign.keys import Signer

        return Signer.from_pkcs11(
            place.module,
            token=place.token,
            key_label=place.label,
            key_id=place.id,
            pin=secret,
            certificate=certificate,
        )

    return open_key


def _given(descriptor: int | None, variable: str | None) -> str | None:
    """The secret from where the command line says that it is; None where it says nothing."""
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
        return os.environ.pop(variable)  # the processes that this one starts do not inherit it
    return None


def _asked(word: str, where: str, name: str) -> str:
    if not os.isatty(0):
        raise InputError(
            f"the key needs a {word} and there is no terminal to ask for it",
            where=where,
            remedy="--passphrase-env NAME or --passphrase-fd N",
        )
    text = f"{word[0].upper()}{word[1:]} of {name}"
    return str(click.prompt(text, hide_input=True, err=True, default="", show_default=False))
