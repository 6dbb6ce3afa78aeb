"""Whom the verifier trusts, and whether a certificate leads there. The release itself is never asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
)

from explainkit.errors import InputError
from explainkit.sign.certificates import der, outside_validity, read_input, signer_name
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.verdict import State

_EARLIER = dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the verifier brings: certificates to trust, and lists of revoked ones."""

    anchors: tuple[Any, ...]
    """Certificates (asn1crypto) that are trusted: of an authority, or of a signer itself."""
    crls: tuple[Any, ...] = ()
    """Certificate revocation lists (asn1crypto)."""
    kept: tuple[Any, ...] = ()
    """Revocation lists that lie in what is verified: signed by their authorities, so they need not be trusted."""

    def keeping(self, crls: Iterable[Any]) -> Trust:
        """The same trust, with revocation lists that lie in what is verified."""
        return replace(self, kept=(*self.kept, *crls))

    def alone(self) -> Trust:
        """The same trust without the verifier's own revocation lists."""
        return replace(self, crls=())

    def context(self, at: dt.datetime, others: Iterable[x509.Certificate] = ()) -> ValidationContext:
        """What pyHanko judges a certificate by: no network, no trust list of the operating system.

        Where a certificate says that it can be revoked, a revocation list has to be there.
        """
        return ValidationContext(
            trust_roots=list(self.anchors),
            other_certs=[to_asn1(c) for c in others],
            moment=at,
            crls=[*self.crls, *self.kept],
            allow_fetching=False,
            revocation_mode="hard-fail",
            # A list of a later day tells of an earlier one: it holds what was revoked by then, and when.
            retroactive_revinfo=at < dt.datetime.now(dt.UTC) - _EARLIER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a certificate is trusted, and if not, why and what to do."""

    trusted: bool
    state: State = "valid"
    problem: str = ""
    remedy: str | None = None


def read_trust(paths: Sequence[Path]) -> Trust:
    """Read certificates and revocation lists from PEM or DER files.

    Raises
    ------
    InputError
        If a file is missing or holds neither.
    """
    anchors: list[Any] = []
    crls: list[Any] = []
    for path in paths:
        data = read_input(path, "certificates or revocation lists, PEM or DER")
        try:
            parts = list(asn1_pem.unarmor(data, multiple=True)) if asn1_pem.detect(data) else [(None, {}, data)]
            found = [(kind, bytes(part)) for kind, _, part in parts]
            anchors += [_certificate(part) for kind, part in found if kind in (None, "CERTIFICATE")]
            crls += [_crl(part) for kind, part in found if kind == "X509 CRL"]
            if not any(kind in (None, "CERTIFICATE", "X509 CRL") for kind, _ in found):
                raise ValueError("neither")
        except HOSTILE:
            raise InputError(
                "no certificate in this file",
                where=str(path),
                allowed="certificates or revocation lists in PEM, or one certificate in DER",
            ) from None
    return Trust(anchors=tuple(anchors), crls=tuple(crls))


def standing(
    certificate: x509.Certificate, others: Sequence[x509.Certificate], trust: Trust, at: dt.datetime
) -> Standing:
    """Judge whether a signer's certificate leads to one that the verifier trusts.

    Parameters
    ----------
    certificate, others
        The signer's, and those that came with it; the latter help to build the path and are not trusted.
    trust : Trust
        What the verifier brings.
    at : datetime.datetime
        The moment for which it is judged. Without a time stamp nothing proves an earlier moment of signing.
    """
    if not trust.anchors:
        return Standing(
            trusted=False,
            state="indeterminate",
            problem="nobody was named whom to trust, so the signer is unknown",
            remedy="give the certificate of the signer's authority, not taken from this release: --trust CA.pem",
        )
    late = outside_validity(certificate, at)
    if late is not None:
        return Standing(
            trusted=False,
            state="indeterminate",
            problem=f"the signer's certificate is {late}, and no time stamp proves an earlier signature",
        )
    try:
        validator = CertificateValidator(to_asn1(certificate), validation_context=trust.context(at, others))
        run(validator.async_validate_path())
    except HOSTILE as error:
        return _failure(error)
    return Standing(trusted=True)


def _failure(error: Exception) -> Standing:
    state: State = "indeterminate"
    remedy = None
    if isinstance(error, RevokedError):
        state, problem = "invalid", f"a certificate on the way was revoked ({error})"
    elif isinstance(error, InsufficientRevinfoError):
        problem = "the certificate can be revoked, and no revocation list was given"
        remedy = "give the authority's revocation list besides: --trust CA.pem --trust CRL.pem"
    elif isinstance(error, ExpiredError | NotYetValidError):
        problem = f"a certificate on the way to the authority is not valid now ({error})"
    elif isinstance(error, PathBuildingError) or "self-signed" in str(error):
        problem = "the signer's certificate does not lead to any that you trust, so the signer is unknown"
        remedy = "give the certificate of the signer's authority, if you trust it: --trust CA.pem"
    else:
        problem = f"the signer's certificate cannot be traced to one that you trust ({error})"
    return Standing(trusted=False, state=state, problem=problem, remedy=remedy)


def to_asn1(certificate: x509.Certificate) -> Any:
    """The same certificate as pyHanko wants it."""
    return asn1_x509.Certificate.load(der(certificate))


def _certificate(data: bytes) -> Any:
    signer_name(x509.load_der_x509_certificate(data))  # asn1crypto reads lazily; this reads it all
    return asn1_x509.Certificate.load(data, strict=True)


def _crl(data: bytes) -> Any:
    x509.load_der_x509_crl(data)
    return asn1_crl.CertificateList.load(data, strict=True)
