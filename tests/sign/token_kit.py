"""Tokens of Debian's softhsm2, real but made of software, with keys of every kind in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import Attribute, CertificateType, KeyType, ObjectClass
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key

from tests.sign.certificate_kit import Identity, authority, private_key, seal, write_certificate

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "TEST token", "pin-7319-seal"
DER = serialization.Encoding.DER


def require_softhsm() -> None:
    """Skip where softhsm2 is missing; in CI, fail."""
    if shutil.which("softhsm2-util") is None or not MODULE.is_file():
        what = "softhsm2 is not installed: apt-get install softhsm2"
        if os.environ.get("CI") == "true":
            pytest.fail(what)
        pytest.skip(what)


@dataclass(frozen=True, kw_only=True)
class Born:
    """A key that was made in the token and is known outside by its public half only."""

    public: rsa.RSAPublicKey

    def public_key(self) -> rsa.RSAPublicKey:
        """The half that is known."""
        return self.public


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What was made."""

    folder: Path
    ca: Path
    """Who issued all certificates."""
    seal: Path
    """Certificate of the key ``seal``."""
    settings: Path
    """What SOFTHSM2_CONF has to name."""


def make_tokens(folder: Path) -> Tokens:
    """Make a token with keys, and two more that share a label; SOFTHSM2_CONF has to name ``folder / "conf"``."""
    settings = folder / "conf"
    (folder / "tokens").mkdir()
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    for label in (TOKEN, "TEST twin", "TEST twin"):
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN],
            env={**os.environ, "SOFTHSM2_CONF": str(settings)},
            capture_output=True,
            check=True,
        )
    root = authority("TEST root")
    library = pkcs11.lib(str(MODULE))
    session = library.get_token(token_label=TOKEN).open(rw=True, user_pin=PIN)
    own = _fill(session, root)
    session.close()
    library.finalize()
    return Tokens(
        folder=folder,
        ca=write_certificate(folder / "root.pem", root),
        seal=write_certificate(folder / "seal.pem", own),
        settings=settings,
    )


def _fill(session: Any, root: Identity) -> Identity:
    public, _ = session.generate_keypair(KeyType.RSA, 3072, store=True, label="seal", id=b"\1")
    numbers = [int.from_bytes(public[name], "big") for name in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS)]
    own = seal("TEST seal in a token", issuer=root, key=Born(public=rsa.RSAPublicNumbers(*numbers).public_key()))
    other = seal("TEST other", issuer=root, kind="rsa3072b")
    put_certificate(session, own, "seal", b"\1")
    put_key(session, other.key, "guarded", b"\2", ALWAYS_AUTHENTICATE=True)
    put_certificate(session, other, "guarded certificate", b"\2")
    put_key(session, other.key, "stranger", b"\3")
    put_certificate(session, own, "stranger", b"\3")
    put_key(session, private_key("ec"), "curve", b"\4")
    put_certificate(session, seal("TEST curve", issuer=root, kind="ec"), "curve", b"\4")
    put_key(session, other.key, "bare", b"\5")
    put_key(session, other.key, "double", b"\6")
    put_key(session, other.key, "double", b"\7")
    put_certificate(session, other, "double", b"\7")
    put_key(session, other.key, "expired", b"\x08")
    put_certificate(session, seal("TEST old", issuer=root, kind="rsa3072b", days=(-9, -1)), "expired", b"\x08")
    put_certificate(session, authority("TEST unread"), "unrelated", b"\x09")
    put_key(session, private_key("rsa2048"), "short", b"\x0a")
    put_certificate(session, seal("TEST short", issuer=root, kind="rsa2048"), "short", b"\x0a")
    return own


def put_key(session: Any, key: Any, label: str, id_: bytes, **more: object) -> None:
    """Put a private key into a token, from where nobody gets it back."""
    if isinstance(key, rsa.RSAPrivateKey):
        form, decode = serialization.PrivateFormat.TraditionalOpenSSL, decode_rsa_private_key
    else:
        form, decode = serialization.PrivateFormat.TraditionalOpenSSL, decode_ec_private_key
    attributes = decode(key.private_bytes(DER, form, serialization.NoEncryption()))
    attributes |= {Attribute.TOKEN: True, Attribute.LABEL: label, Attribute.ID: id_, Attribute.SIGN: True}
    attributes |= {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
    session.create_object(attributes | {Attribute[name]: value for name, value in more.items()})


def put_certificate(session: Any, one: Identity, label: str, id_: bytes) -> None:
    """Put a certificate into a token."""
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.LABEL: label,
            Attribute.ID: id_,
            Attribute.SUBJECT: one.certificate.subject.public_bytes(),
            Attribute.VALUE: one.certificate.public_bytes(DER),
        }
    )
