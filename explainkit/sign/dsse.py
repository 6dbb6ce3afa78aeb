"""The DSSE envelope around a statement: signed with the signer's own key, read byte for byte.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. The envelope is canonical JSON with one signature
whose ``keyid`` is the SHA-256 of the signer's certificate, so that every byte of the file is determined by what was
signed and by whom; RSA PKCS#1 v1.5 is deterministic (RFC 8017, 8.2), so the signature is, too.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from explainkit.errors import VerificationError
from explainkit.records import canonical
from explainkit.sign.certificates import fingerprint

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST_ENVELOPE = 4 * 2**20
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload and one signature over it."""

    payload: bytes
    signature: bytes
    keyid: str
    """SHA-256 of the signer's certificate (DER), 64 hexadecimal digits."""

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of ``statement.dsse.json``."""
        return canonical(
            {
                "payload": _encoded(self.payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": self.keyid, "sig": _encoded(self.signature)}],
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Envelope:
        """Read an envelope that is written exactly as `to_json` writes it.

        Raises
        ------
        VerificationError
            If a single byte is otherwise: white space, order, padding, unused bits of base64, members besides.
        """
        try:
            if len(data) > LARGEST_ENVELOPE:
                raise ValueError(f"{len(data)} bytes")
            document = json.loads(data)
            (entry,) = document["signatures"]
            envelope = cls(
                payload=_decoded(document["payload"]),
                signature=_decoded(entry["sig"]),
                keyid=entry["keyid"],
            )
            if envelope.to_json() != data:
                raise ValueError("written otherwise than canonical JSON with these members alone")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = str(error) or type(error).__name__
            raise VerificationError("not a DSSE envelope with one signature", found=what) from None
        return envelope

    def signed_by(self, certificate: x509.Certificate) -> bool:
        """Whether the signature is that of the certificate's key over the payload, and names that certificate."""
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or self.keyid != fingerprint(certificate):
            return False
        try:
            key.verify(self.signature, pae(self.payload), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def pae(payload: bytes) -> bytes:
    """The bytes that are signed (DSSE pre-authentication encoding).

    Examples
    --------
    >>> pae(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


async def seal(payload: bytes, signer: Any, certificate: x509.Certificate) -> Envelope:
    """Sign a payload.

    Parameters
    ----------
    payload : bytes
        The statement.
    signer : pyhanko.sign.signers.Signer
        Any kind of pyHanko's signers, so that keys in hardware work, too.
    certificate : cryptography.x509.Certificate
        The signer's.
    """
    signature = await signer.async_sign_raw(pae(payload), "sha256")
    return Envelope(payload=payload, signature=bytes(signature), keyid=fingerprint(certificate))


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: Any) -> bytes:
    if not isinstance(text, str):
        raise TypeError("base64 is text")
    return base64.b64decode(text, validate=True)
