"""Certificates of every unsuitable kind, for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from explainkit.sign.keys import Signer

PEM = serialization.Encoding.PEM


@cache
def private_key(kind: str) -> Any:
    """A key of a kind, made once: ``rsa3072``, ``rsa2048``, ``ec``, ``ed25519``; a suffix makes another of the kind."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:7]))
    return ec.generate_private_key(ec.SECP256R1()) if kind.startswith("ec") else ed25519.Ed25519PrivateKey.generate()


def usage(*, signature: bool = True, commitment: bool = True, authority: bool = False) -> x509.KeyUsage:
    """A KeyUsage extension."""
    return x509.KeyUsage(signature, commitment, False, False, False, authority, authority, False, False)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any


def identity(
    name: str,
    *,
    issuer: Identity | None = None,
    kind: str = "rsa3072",
    days: tuple[int, int] = (-1, 365),
    extensions: tuple[x509.ExtensionType, ...] = (),
    digest: hashes.HashAlgorithm | None = None,
    key: Any = None,
) -> Identity:
    """A certificate, issued by another or by itself.

    Parameters
    ----------
    name : str
        Common name.
    days : tuple of int
        Valid from and until so many days from now.
    key : object, optional
        Anything that has a public key, instead of a key of the kind.
    """
    key = key or private_key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = issuer.key if issuer else key
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    for extension in extensions:
        critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
        builder = builder.add_extension(extension, critical=critical)
    algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return Identity(certificate=builder.sign(signing, algorithm), key=key)


def authority(name: str, *, issuer: Identity | None = None, kind: str = "rsa3072a", **options: Any) -> Identity:
    """A certification authority."""
    extensions = (
        x509.BasicConstraints(ca=True, path_length=None),
        usage(signature=False, commitment=False, authority=True),
    )
    return identity(name, issuer=issuer, kind=kind, extensions=extensions, **options)


def seal(name: str, *, issuer: Identity, **options: Any) -> Identity:
    """A certificate that may sign a release."""
    options.setdefault("extensions", (usage(),))
    return identity(name, issuer=issuer, **options)


def save(folder: Path, one: Identity, *issuers: Identity, name: str = "seal") -> Signer:
    """Write key and certificates as PEM, and describe the signer unchecked."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    key.write_bytes(one.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    key.chmod(0o600)
    certificate.write_bytes(b"".join(i.certificate.public_bytes(PEM) for i in (one, *issuers)))
    return Signer(kind="pem", key=key, certificate=certificate)


def write_certificate(path: Path, one: Identity) -> Path:
    """Write a certificate as PEM."""
    path.write_bytes(one.certificate.public_bytes(PEM))
    return path
