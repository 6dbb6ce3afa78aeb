"""What a certificate says: the signer's name, whether it is a TEST one, whether it may sign, and when."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from explainkit.errors import InputError

SMALLEST_RSA = 3072
"""Bits; shorter RSA keys are at the end of their life (ECCG Agreed Cryptographic Mechanisms 2.0, 2025)."""

_TEST = re.compile(r"\bTEST\b")
_OTHER_TRADES = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)


def der(certificate: x509.Certificate) -> bytes:
    """DER bytes of a certificate."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER bytes, 64 hexadecimal digits."""
    return hashlib.sha256(der(certificate)).hexdigest()


def signer_name(certificate: x509.Certificate) -> str:
    """Name of the signer for people: common name and organisation, else the whole subject."""
    subject = certificate.subject
    parts = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in subject.get_attributes_for_oid(oid)[:1]
    ]
    text = ", ".join(dict.fromkeys(parts)) or subject.rfc4514_string() or f"serial number {certificate.serial_number}"
    # A name comes from outside and goes to terminals.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def is_test(certificate: x509.Certificate) -> bool:
    """Whether a certificate, or who issued it, calls itself a TEST one: the word, in capitals, in the name."""
    return any(
        _TEST.search(str(attribute.value)) for name in (certificate.subject, certificate.issuer) for attribute in name
    )


def unfitness(certificate: x509.Certificate) -> str | None:
    """Why a certificate must not sign a release, whatever the date; None where it may.

    The key must be RSA because elliptic curves make the signed PDF a PDF 2.0 file (ISO/TS 32002), which PDF/A-3 is
    not; KeyUsage must hold nonRepudiation (RFC 5280, 4.2.1.3), because signing a card commits to its content.
    """
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return f"its key is {type(key).__name__.removeprefix('_').removesuffix('PublicKey')}, not RSA"
    if key.key_size < SMALLEST_RSA:
        return f"its RSA key has {key.key_size} bits, fewer than {SMALLEST_RSA}"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return "it has no KeyUsage extension"
    if not usage.content_commitment:
        return "its KeyUsage lacks nonRepudiation (contentCommitment)"
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        if constraints.ca:
            return "it is the certificate of a certification authority"
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None
    if purposes <= _OTHER_TRADES:
        return "its ExtendedKeyUsage is for other purposes than signing documents"
    return None


def outside_validity(certificate: x509.Certificate, at: dt.datetime) -> str | None:
    """Why a certificate is not valid at a moment, by its dates alone; None where it is."""
    if at < certificate.not_valid_before_utc:
        return f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    if at > certificate.not_valid_after_utc:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    return None


def refuse_unfit(certificate: x509.Certificate, where: str) -> None:
    """Refuse a certificate that must not sign a release now.

    Raises
    ------
    InputError
        For the first reason that there is.
    """
    unfit = unfitness(certificate)
    if unfit is not None:
        raise InputError(
            "this certificate cannot sign a release",
            where=where,
            found=f"{signer_name(certificate)}: {unfit}",
            allowed="RSA of 3072 bits or more (others make a PDF 2.0 file, not PDF/A-3), KeyUsage nonRepudiation",
        )
    late = outside_validity(certificate, dt.datetime.now(dt.UTC))
    if late is not None:
        raise InputError(
            "the certificate is not valid now",
            where=where,
            found=f"{signer_name(certificate)}: {late}",
            remedy="sign with a certificate that is valid today",
        )


def ordered(own: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The signer's certificate and its issuers one after another; roots and strangers are left out."""
    chain, rest = [own], [c for c in others if c.issuer != c.subject]
    while True:
        above = next((c for c in rest if c.subject == chain[-1].issuer), None)
        if above is None:
            return tuple(chain)
        chain.append(above)
        rest.remove(above)


def pem_chain(certificates: Sequence[x509.Certificate]) -> bytes:
    """PEM text of certificates, the signer's first."""
    return b"".join(c.public_bytes(Encoding.PEM) for c in certificates)


def read_pem(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the certificates of a PEM or DER file.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or holds no certificate.
    """
    data = read_input(path, "a file with a certificate")
    try:
        if b"-----BEGIN" in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except ValueError:
        raise InputError(
            "no certificate in this file", where=str(path), allowed="certificates in PEM, or one in DER"
        ) from None


def read_input(path: Path, allowed: str) -> bytes:
    """Read a small file that the user named.

    Raises
    ------
    InputError
        If it is missing, a folder, too large, or cannot be read.
    """
    if path.is_dir():
        raise InputError("a file is needed", where=str(path), found="a folder", allowed=allowed)
    if path.exists() and not path.is_file():
        raise InputError(
            "a file is needed", where=str(path), found="something else (a pipe or a device)", allowed=allowed
        )
    try:
        if path.stat().st_size > 1 << 24:
            raise InputError("the file is too large", where=str(path), allowed=f"{allowed} of at most 16 MiB")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), allowed=allowed) from None
    except OSError as error:
        raise InputError("the file cannot be read", where=str(path), found=error.strerror or str(error)) from None
