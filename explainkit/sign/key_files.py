"""Keys in files: PKCS#12, and PEM with its certificate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from explainkit.errors import InputError
from explainkit.sign.certificates import ordered, read_input, read_pem, refuse_unfit
from explainkit.sign.open_keys import KeyInMemory

_Found = tuple[Any, x509.Certificate, list[x509.Certificate]]
"""A private key of any kind, its certificate, others."""


def open_file(
    key: Path, *, certificate: Path | None, chain: Sequence[Path], passphrase: str | None, again: bool = False
) -> KeyInMemory:
    """Read a key and check that it may sign now.

    Parameters
    ----------
    key : pathlib.Path
        PKCS#12, or PEM where `certificate` is given.
    certificate : pathlib.Path or None
        The signer's, in PEM.
    chain : sequence of pathlib.Path
        Files with the certificates of its issuers.
    passphrase : str or None
    again : bool, default False
        Whether it was opened and checked a moment ago: then its numbers are not proved to be prime once more, which
        takes an eighth of a second.

    Raises
    ------
    InputError
        If something is missing, open to others or unreadable; if the certificate may not sign now, or belongs to
        another key.
    """
    _refuse_open_to_others(key)
    if certificate is None:
        private, own, others = _read_pkcs12(key, passphrase)
    else:
        private, own, others = _read_pem_pair(key, passphrase, (certificate, *chain), again=again)
    where = str(key if certificate is None else certificate)
    refuse_unfit(own, where)
    if not isinstance(private, rsa.RSAPrivateKey) or private.public_key() != own.public_key():
        raise InputError("the private key does not belong to the certificate", where=where)
    return KeyInMemory(private=private, chain=ordered(own, others))


def _refuse_open_to_others(path: Path) -> None:
    if os.name != "posix" or not path.is_file():
        return  # elsewhere the mode says nothing; a missing file is reported where it is read
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise InputError(
            "the key can be read by others",
            where=str(path),
            found=f"mode {mode:04o}",
            allowed="0600 or 0400",
            remedy=f"chmod 600 {path}",
        )


def _read_pkcs12(key: Path, passphrase: str | None) -> _Found:
    data = read_input(key, "a PKCS#12 file (.p12, .pfx)")
    # A SEQUENCE whose first member is the version, 3 (RFC 7292, 4): what distinguishes a wrong file from a wrong word.
    if data[:1] != b"\x30" or b"\x02\x01\x03" not in data[:12]:
        raise InputError("not a PKCS#12 file", where=str(key), allowed="a key with its certificate (.p12, .pfx)")
    word = None if passphrase is None else passphrase.encode()
    try:
        store = pkcs12.load_pkcs12(data, word)
    except UnsupportedAlgorithm as error:
        raise InputError("the key's encryption is not supported", where=str(key), found=str(error)) from None
    except ValueError:
        raise _wrong_passphrase(key, passphrase) from None
    if store.key is None or store.cert is None:
        raise InputError("holds no key with its certificate", where=str(key))
    return store.key, store.cert.certificate, [c.certificate for c in store.additional_certs]


def _read_pem_pair(key: Path, passphrase: str | None, certificates: Sequence[Path], *, again: bool) -> _Found:
    data = read_input(key, "a private key in PEM")
    if b"PRIVATE KEY-----" not in data:
        raise InputError("no private key in this file", where=str(key), allowed="a private key in PEM")
    encrypted = b"ENCRYPTED" in data
    if encrypted and passphrase is None:
        raise _wrong_passphrase(key, passphrase)
    word = passphrase.encode() if encrypted and passphrase is not None else None
    try:
        private = serialization.load_pem_private_key(data, word, unsafe_skip_rsa_key_validation=again)
    except UnsupportedAlgorithm as error:
        raise InputError("the key's kind is not supported", where=str(key), found=str(error)) from None
    except (ValueError, TypeError):
        if encrypted:
            raise _wrong_passphrase(key, passphrase) from None
        raise InputError("the private key is damaged", where=str(key)) from None
    own, *others = (c for path in certificates for c in read_pem(path))
    return private, own, others


def _wrong_passphrase(key: Path, passphrase: str | None) -> InputError:
    if passphrase is None:
        return InputError("the key needs its passphrase", where=str(key))
    return InputError("the passphrase is wrong, or the file is damaged", where=str(key))
