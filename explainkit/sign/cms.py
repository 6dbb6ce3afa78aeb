"""What a CMS signature of a release looks like, in PDF and beside files; anything else is not accepted.

One signer; SHA-256; RSA PKCS#1 v1.5; detached; the attributes of a baseline signature at level B-B, and at level B-T
one time stamp besides, no more (ETSI EN 319 122-1 clause 6.3 for CAdES, EN 319 142-1 clause 6.3 for PAdES).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, core  # type: ignore[import-untyped]
from cryptography import x509

from explainkit.errors import VerificationError
from explainkit.sign.certificates import signer_name

LARGEST_CMS = 2**20
"""Bytes."""

_ALWAYS = {"content_type", "message_digest", "signing_certificate_v2"}
_SIGNATURES = ("sha256_rsa", "rsassa_pkcs1v15")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp over a signature."""

    at: dt.datetime
    """The moment at which the signature was there, as the server states it."""
    sound: bool
    """It is of this very signature, and signed by the certificate that it names."""
    trusted: bool
    """The server's certificate leads to one that the verifier trusts, and may stamp the time."""
    server: str
    """Name in the server's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSignature:
    """A CMS signature, checked against what it signs."""

    intact: bool
    """The digest inside is that of the content."""
    valid: bool
    """The signature is that of the certificate's key."""
    trusted: bool
    """pyHanko found a path to what the verifier trusts."""
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    """Certificates that came with it."""
    signed_at: dt.datetime | None
    """As claimed by the signer."""
    stamp: Stamp | None
    """The time stamp over the signature, where there is one."""
    moment: dt.datetime
    """The moment for which the certificate was judged."""

    @property
    def level(self) -> str:
        """Baseline level reached: ``B-T`` with a time stamp that is sound and by somebody whom the verifier trusts."""
        return "B-T" if self.stamp is not None and self.stamp.sound and self.stamp.trusted else "B-B"


def read_cms(data: bytes, *, in_pdf: bool) -> Any:
    """Read a detached signature, and refuse whatever a release does not contain.

    Parameters
    ----------
    data : bytes
        DER.
    in_pdf : bool
        PAdES has no signing-time attribute (the PDF has ``/M``), CAdES needs one.

    Returns
    -------
    asn1crypto.cms.SignedData

    Raises
    ------
    VerificationError
        If it is of another form.
    ValueError, TypeError, …
        If the bytes are not CMS at all; see `explainkit.sign.hanko.HOSTILE`.
    """
    if len(data) > LARGEST_CMS:
        raise VerificationError("the signature is too large", found=f"{len(data)} bytes")
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise VerificationError("not a CMS signature", found=str(info["content_type"].native))
    signed = info["content"]
    content = signed["encap_content_info"]
    if content["content_type"].native != "data" or content["content"] is not core.VOID:
        raise VerificationError("not a detached signature")
    if len(signed["signer_infos"]) != 1:
        raise VerificationError("one signer is due", found=str(len(signed["signer_infos"])))
    signer = signed["signer_infos"][0]
    digest, scheme = signer["digest_algorithm"]["algorithm"].native, signer["signature_algorithm"]["algorithm"].native
    if digest != "sha256" or scheme not in _SIGNATURES:
        raise VerificationError("not RSA PKCS#1 v1.5 with SHA-256", found=f"{scheme} with {digest}")
    due = _ALWAYS if in_pdf else _ALWAYS | {"signing_time"}
    names = [attribute["type"].native for attribute in signer["signed_attrs"]]
    if sorted(names) != sorted(due):
        raise VerificationError("not a baseline signature: other signed attributes", found=", ".join(sorted(names)))
    unsigned = () if signer["unsigned_attrs"] is core.VOID else tuple(signer["unsigned_attrs"])
    others = [a["type"].native for a in unsigned if a["type"].native != "signature_time_stamp_token"]
    if others or len(unsigned) > 1 or any(len(a["values"]) != 1 for a in unsigned):
        raise VerificationError(
            "unsigned attributes besides one time stamp",
            found=", ".join(map(str, others)) or "several time stamps",
            remedy="use a newer explainkit",
        )
    return signed


def at_its_time(status: Callable[[dt.datetime], Any], others: Iterable[Any], at: dt.datetime) -> CheckedSignature:
    """Check a signature for the moment that is proven for it, and take over what pyHanko finds.

    A certificate that has expired since, or was revoked since, could sign while it was good: a time stamp by somebody
    trusted proves that it did (ETSI EN 319 102-1, 5.5).

    Parameters
    ----------
    status : callable
        Gives pyHanko's status (`pyhanko.sign.validation.status.StandardCMSSignatureStatus`) of the signature, its
        certificate judged for a moment.
    others : iterable of asn1crypto.x509.Certificate
        Certificates embedded besides the signer's.
    at : datetime.datetime
        The moment for which the time stamp is judged, and without one, the signer.
    """
    found = status(at)
    stamp = stamp_from(found.timestamp_validity)
    moment = at
    if stamp is not None and stamp.sound and stamp.trusted and stamp.at < at:
        moment, found = stamp.at, status(stamp.at)
    return CheckedSignature(
        intact=bool(found.intact),
        valid=bool(found.valid),
        trusted=bool(found.trusted),
        certificate=x509.load_der_x509_certificate(found.signing_cert.dump()),
        others=tuple(x509.load_der_x509_certificate(c.dump()) for c in others),
        signed_at=found.signer_reported_dt,
        stamp=stamp,
        moment=moment,
    )


def stamp_from(status: Any) -> Stamp | None:
    """Take over what pyHanko found of a time stamp; None where there is none.

    Parameters
    ----------
    status : pyhanko.sign.validation.status.TimestampSignatureStatus or None
    """
    if status is None:
        return None
    certificate = x509.load_der_x509_certificate(status.signing_cert.dump())
    return Stamp(
        at=status.timestamp,
        sound=bool(status.intact) and bool(status.valid),
        trusted=bool(status.trusted),
        server=signer_name(certificate),
    )
