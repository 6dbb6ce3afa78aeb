"""The door to pyHanko: its coroutines run, its log stays silent, and what its parsers raise has one name."""

from __future__ import annotations

import asyncio
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pyhanko.pdf_utils.misc import PdfError
from pyhanko_certvalidator.errors import PathError, ValidationError

from explainkit.sign.certificates import der

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from explainkit.sign.token_uri import TokenKey

T = TypeVar("T")

HOSTILE: tuple[type[Exception], ...] = (
    # By name, because a parser fed with arbitrary bytes fails in all these ways, and anything else is our own mistake.
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    MemoryError,
    EOFError,
    OSError,
    struct.error,
    zlib.error,
    InvalidSignature,
    UnsupportedAlgorithm,
    PdfError,
    PathError,
    ValidationError,
)
"""What pyHanko, asn1crypto and cryptography raise on bytes that are not what they should be."""

_LOGGERS = ("pyhanko", "pyhanko_certvalidator")
_lock = threading.Lock()
_depth = 0
_levels: dict[str, int] = {}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pyHanko's log records and warnings from the user; the verdict says all there is to say.

    Levels are restored when the last of several nested or concurrent uses ends.
    """
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            for name in _LOGGERS:
                logger = logging.getLogger(name)
                _levels[name] = logger.level
                logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            # Parsers warn about the bytes they read; that the bytes are bad is reported as a finding.
            warnings.simplefilter("ignore")
            yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for name, level in _levels.items():
                    logging.getLogger(name).setLevel(level)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where an event loop is already running (a notebook).

    Parameters
    ----------
    work : coroutine
        Never waits for the network: fetching is switched off wherever it could happen.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def memory_signer(private: RSAPrivateKey, chain: Sequence[Certificate]) -> Any:
    """pyHanko's signer for a key in memory; the signer's chain is embedded, roots are not.

    Returns
    -------
    pyhanko.sign.signers.SimpleSigner
    """
    from asn1crypto import keys  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives import serialization as forms
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class Hand(SimpleSigner):
        """Signs with the key that is open: pyHanko would read and check it again for each signature."""

        def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
            mechanism = self.get_signature_mechanism_for_digest(digest_algorithm).signature_algo
            if (mechanism, digest_algorithm) != ("rsassa_pkcs1v15", "sha256"):
                return super().sign_raw(data, digest_algorithm)
            return private.sign(data, PKCS1v15(), SHA256())

    pkcs8 = private.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    own, *issuers = _parsed(chain)
    return Hand(
        signing_cert=own,
        signing_key=keys.PrivateKeyInfo.load(pkcs8),
        cert_registry=SimpleCertificateStore.from_certs(issuers),  # type: ignore[no-untyped-call]
        embed_roots=False,
    )


def token_signer(session: Any, place: TokenKey, chain: Sequence[Certificate], *, pin: str | None) -> Any:
    """pyHanko's signer for a key in a token, by RSA PKCS#1 v1.5.

    Parameters
    ----------
    session : pkcs11.Session
        Logged in.
    place : TokenKey
        Which key.
    chain : sequence of cryptography.x509.Certificate
        What is embedded, the signer's first.
    pin : str or None
        For a key that wants it before each signature.

    Returns
    -------
    pyhanko.sign.pkcs11.PKCS11Signer
    """
    from pyhanko.sign.pkcs11 import PKCS11Signer

    own, *issuers = _parsed(chain)
    return PKCS11Signer(
        session,
        signing_cert=own,
        ca_chain=issuers,
        key_label=place.label,
        key_id=place.id,
        embed_roots=False,
        base_sign_kwargs={} if pin is None else {"pin": pin},
    )


def _parsed(chain: Sequence[Certificate]) -> list[Any]:
    from asn1crypto import x509

    return [x509.Certificate.load(der(certificate)) for certificate in chain]
