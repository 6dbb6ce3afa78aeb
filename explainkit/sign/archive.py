"""The archive of a release: what proves it when the certificates that signed it have expired.

A folder ``NN-archive`` lists every file that was there, holds the revocation lists of those days, and is stamped with
the time as a whole (as ETSI EN 319 162-1 does for containers, B-LTA); ``card.pdf`` gets the same inside, a document
security store and a document time stamp (EN 319 142-1, 5.4 and 5.5). A later archive stamps the earlier one, before the
time stamp server's own certificate ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, pem  # type: ignore[import-untyped]
from asn1crypto import crl as asn1_crl
from cryptography import x509

from explainkit.errors import InputError, VerificationError
from explainkit.records import canonical
from explainkit.sign.acts import ARCHIVE, Act
from explainkit.sign.certificates import der, signer_name
from explainkit.sign.folder import FileOnDisk
from explainkit.sign.hanko import HOSTILE
from explainkit.sign.manifest import CHAIN, STATEMENT_TOKEN, ListedFile, listed
from explainkit.sign.trust import to_asn1

ARCHIVE_VERSION = "1.0"
MANIFEST = "manifest.json"
TOKEN = MANIFEST + ".tst"
REVOCATION = "revocation.pem"
_LARGEST = 4 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Every file that was there."""

    files: tuple[ListedFile, ...]
    """Sorted by name, without manifest and time stamp of this archive."""

    def to_json(self) -> bytes:
        """Canonical JSON: the bytes of ``manifest.json``."""
        members = [{"name": f.name, "length": f.length, "sha256": f.sha256} for f in self.files]
        return canonical({"schema_version": ARCHIVE_VERSION, "files": members})

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read ``manifest.json``, strictly.

        Raises
        ------
        VerificationError
            If it is not written as `to_json` writes it.
        """
        try:
            if len(data) > _LARGEST:
                raise ValueError(f"{len(data)} bytes")
            document = json.loads(data)
            files = tuple(ListedFile(name=f["name"], length=f["length"], sha256=f["sha256"]) for f in document["files"])
            found = cls(files=files)
            names = [f.name for f in files]
            if names != sorted(set(names)) or found.to_json() != data:
                raise ValueError("written otherwise")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = (str(error) or type(error).__name__)[:200]
            raise VerificationError("not the list of an archive", found=what) from None
        return found


def list_all(act: Act, files: Mapping[str, bytes]) -> Manifest:
    """The manifest of an archive over all files, its own revocation lists among them."""
    here = [
        FileOnDisk(name=n, data=d) for n, d in files.items() if n not in (act.folder + MANIFEST, act.folder + TOKEN)
    ]
    return Manifest(files=listed(here))


def read_revocation(data: bytes) -> tuple[Any, ...]:
    """Read revocation lists (asn1crypto) from PEM; none from no bytes.

    Raises
    ------
    VerificationError
        If there is anything else.
    """
    try:
        parts = list(pem.unarmor(data, multiple=True)) if data else []
        if any(kind != "X509 CRL" for kind, _, _ in parts) or write_revocation(p for _, _, p in parts) != data:
            raise ValueError("more than revocation lists in PEM")
        for _, _, part in parts:
            x509.load_der_x509_crl(part)
        return tuple(asn1_crl.CertificateList.load(part, strict=True) for _, _, part in parts)
    except HOSTILE as error:
        raise VerificationError("not revocation lists", found=str(error)[:200]) from None


def write_revocation(crls: Iterable[bytes]) -> bytes:
    """Revocation lists (DER) as PEM, each once."""
    return b"".join(pem.armor("X509 CRL", der) for der in sorted(set(crls)))


def involved(acts: Sequence[Act], files: Mapping[str, bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates of signers, of their issuers, and of the time stamp servers, as they lie in a release."""
    found: dict[bytes, x509.Certificate] = {}
    for act in acts:
        for certificate in x509.load_pem_x509_certificates(files[act.folder + CHAIN]) if act.kind != ARCHIVE else ():
            found[der(certificate)] = certificate
        token = files.get(act.folder + (TOKEN if act.kind == ARCHIVE else STATEMENT_TOKEN))
        for choice in cms.ContentInfo.load(token)["content"]["certificates"] if token is not None else ():
            certificate = x509.load_der_x509_certificate(choice.chosen.dump())
            if certificate.subject != certificate.issuer:
                found[der(certificate)] = certificate
    return tuple(found.values())


def refuse_unjudged(certificates: Iterable[x509.Certificate], crls: Iterable[Any]) -> None:
    """Refuse to archive what nobody could judge later: a certificate that can be revoked needs a revocation list.

    Raises
    ------
    InputError
        If one has none.
    """
    issuers = {crl["tbs_cert_list"]["issuer"].dump() for crl in crls}
    for certificate in certificates:
        own = to_asn1(certificate)
        revocable = own.crl_distribution_points or own.ocsp_urls
        if revocable and own.issuer.dump() not in issuers:
            raise InputError(
                "a certificate can be revoked, and the list of its authority is not there",
                found=f"{signer_name(certificate)}, by {certificate.issuer.rfc4514_string()}",
                remedy="get the authority's revocation list of today and give it: --crl CRL.pem",
            )


def same_files(manifest: Manifest, act: Act, files: Mapping[str, FileOnDisk], acts: Sequence[Act]) -> str | None:
    """What an archive leaves out or has too much; None where it lists everything up to itself.

    Parameters
    ----------
    manifest : Manifest
    act : Act
        The archive.
    files : mapping of str to FileOnDisk
        Files of the release.
    acts : sequence of Act
        Of the release.
    """
    later = tuple(a.folder for a in acts if a.number > act.number)
    own = (act.folder + MANIFEST, act.folder + TOKEN)
    due = {name for name in files if name not in own and not name.startswith(later)}
    names = {f.name for f in manifest.files}
    for name in sorted(due ^ names):
        return f"it {'leaves out' if name in due else 'lists too much:'} {name}"
    return None
