"""The revisions of a signed card.pdf: its base, then one for each signature, and nothing else.

They are known exactly. Whatever differs is refused, also where a general validator finds the signatures valid, the
document intact and the certification kept.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import Any

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import parser
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel

from explainkit.errors import VerificationError
from explainkit.sign.acts import ARCHIVE
from explainkit.sign.additions import check_archive_added, check_signature_added
from explainkit.sign.cms import CheckedSignature, Stamp, at_its_time, read_cms, stamp_from
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.manifest import ROLES
from explainkit.sign.trust import Trust

FIELDS = {role: role.capitalize() for role in ROLES}
"""Name of the signature field of each role."""
STAMP_FIELD = "Archive"
"""Beginning of the name of an archive's field; its number follows, from 1."""
EMBEDDED = "card.json"

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_HEX = re.compile(rb"<([0-9A-F]*)>")
# What would let the file do or show other things than it was signed for.
_ACTIVE = ("/OpenAction", "/AA", "/OCProperties", "/Collection", "/Encrypt", "/Requirements")
_SIGNATURE_KINDS = (("/Sig", SigSeedSubFilter.PADES.value),)
_STAMP_KINDS = (("/DocTimeStamp", SigSeedSubFilter.ETSI_RFC3161.value),)
_MOST = 64
"""Signatures and time stamps in one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRevision:
    """One revision that was added to the base: a signature, or the time stamp of an archive."""

    role: str
    """The role whose field holds the signature; ``archive`` for a document time stamp."""
    signature: CheckedSignature | None
    """None for an archive."""
    stamp: Stamp | None
    """Of an archive."""
    length: int
    """Bytes of the file up to its end."""
    archived: bool
    """Whether a later archive by a time stamp server that the verifier trusts covers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPdf:
    """What a signed card.pdf says about itself."""

    revisions: tuple[CheckedRevision, ...]
    """In the order of the file; the provider's is the first."""
    card_json: bytes
    """The embedded ``card.json``."""
    crls: tuple[Any, ...]
    """Revocation lists (asn1crypto) that lie in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Where a signature says that it stands, found without a PDF parser."""

    end: int
    contents: bytes
    """The signature, padding included."""


def check_pdf(pdf: bytes, trust: Trust, at: dt.datetime, *, attached: str = EMBEDDED) -> CheckedPdf:
    """Check the signatures in a PDF, that they cover the whole file, and that the file is of the one known form.

    Parameters
    ----------
    pdf : bytes
    trust : Trust
    at : datetime.datetime
        The moment for which certificates are judged.
    attached : str
        Name of the one file that is embedded.

    Raises
    ------
    VerificationError
        If anything is wrong with the file or the form of its signatures.
    """
    try:
        spans = _spans(pdf)
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        problem = shape_problem(reader, revisions=1 + len(spans))
        if problem is not None:
            raise VerificationError("not the PDF of a release", found=problem)
        roles = _signatures(reader, spans)
        for place, (role, signature) in enumerate(roles[1:], start=2):
            (check_archive_added if role == ARCHIVE else check_signature_added)(reader, place, signature)
        crls = _revocation_lists(reader)
        revisions = _judged(roles, spans, trust.keeping(crls), at)
        return CheckedPdf(revisions=revisions, card_json=embedded_json(reader, attached), crls=crls)
    except HOSTILE as error:
        what = str(error)[:200] or type(error).__name__
        raise VerificationError("not a PDF with a PAdES signature", found=what) from None


def _judged(
    roles: tuple[tuple[str, Any], ...], spans: tuple[_Span, ...], trust: Trust, at: dt.datetime
) -> tuple[CheckedRevision, ...]:
    """The signatures from the last to the first: what a trusted time stamp covers is judged for its moment."""
    found: list[CheckedRevision] = []
    archived = False
    for place in reversed(range(len(roles))):
        role, embedded = roles[place]
        check = _Check(embedded=embedded, trust=trust, at=at, first=place == 0, last=not found)
        signature = None if role == ARCHIVE else check.signature()
        stamp = check.stamp() if role == ARCHIVE else None
        found.append(
            CheckedRevision(role=role, signature=signature, stamp=stamp, length=spans[place].end, archived=archived)
        )
        if stamp is not None and stamp.sound and stamp.trusted and stamp.at <= at:
            at, archived = stamp.at, True
    return tuple(reversed(found))


def _revocation_lists(reader: Any) -> tuple[Any, ...]:
    """Revocation lists in the document security store."""
    if "/DSS" not in reader.root:
        return ()
    return tuple(
        asn1_crl.CertificateList.load(s.get_object().data, strict=True) for s in reader.root["/DSS"].get("/CRLs", ())
    )


def _spans(pdf: bytes) -> tuple[_Span, ...]:
    """The byte ranges: each from the start of the file to the end of its revision, one after another, to the end."""
    if not pdf.startswith(b"%PDF-1."):
        raise VerificationError("not a PDF")
    ranges = list(_BYTE_RANGE.finditer(pdf))
    written = pdf.count(b"/ByteRange")
    if not 1 <= len(ranges) <= _MOST or written != len(ranges):
        raise VerificationError(f"one to {_MOST} signatures are due", found=f"{written} byte ranges")
    spans: list[_Span] = []
    for found in ranges:
        start, first, second, rest = (int(number) for number in found.groups())
        before, end = spans[-1].end if spans else 0, second + rest
        inside = before < first < second < end <= len(pdf) and before < found.start() < found.end() <= end
        if start != 0 or not inside:
            raise VerificationError(
                "a signature does not cover its revision",
                found=f"bytes {start} to {start + first} and {second} to {second + rest} of {len(pdf)}",
            )
        gap = _HEX.fullmatch(pdf[first:second])
        if gap is None or len(gap[1]) % 2:
            raise VerificationError("the gap in a byte range holds more than the signature in hexadecimal digits")
        spans.append(_Span(end=end, contents=bytes.fromhex(gap[1].decode("ascii"))))
    if spans[-1].end != len(pdf):
        raise VerificationError(
            "the last signature does not cover the whole file", found=f"{spans[-1].end} of {len(pdf)} bytes"
        )
    return tuple(spans)


def _unpadded(contents: bytes) -> bytes:
    length = parser.peek(contents)
    if contents[length:].strip(b"\0"):
        raise VerificationError("the padding after the signature is not zero")
    return contents[:length]


def shape_problem(reader: Any, *, revisions: int) -> str | None:
    """What distinguishes a PDF from those that the card is made as; None where nothing does."""
    root = reader.root
    if reader.xrefs.total_revisions != revisions:
        return f"{reader.xrefs.total_revisions} revisions where {revisions} are due"
    if reader.encrypted:
        return "it is encrypted"
    active = [name for name in _ACTIVE if name in root]
    if "/Names" in root and "/JavaScript" in root["/Names"]:
        active.append("/JavaScript")
    if "/AcroForm" in root and "/XFA" in root["/AcroForm"]:
        active.append("/XFA")
    return f"it has {', '.join(active)}" if active else None


def _signatures(reader: Any, spans: tuple[_Span, ...]) -> tuple[tuple[str, Any], ...]:
    """Roles and signatures, where exactly the known fields exist and each byte range is the signature of one."""
    stamps = list(reader.embedded_timestamp_signatures)
    due = [*FIELDS.values(), *(f"{STAMP_FIELD}{i + 1}" for i in range(len(stamps)))]
    names = [name for name, _, _ in enumerate_sig_fields(reader)]
    if names != due or len(reader.root["/AcroForm"]["/Fields"]) != len(due):
        raise VerificationError("not the fields of a release", found=", ".join(map(str, names))[:200])
    embedded = sorted([*reader.embedded_regular_signatures, *stamps], key=lambda s: int(s.signed_revision))
    if len(embedded) != len(spans):
        raise VerificationError(f"{len(spans)} signatures are due", found=str(len(embedded)))
    roles = {field: role for role, field in FIELDS.items()}
    found = tuple((roles.get(str(one.field_name), ARCHIVE), one) for one in embedded)
    for place, ((role, one), span) in enumerate(zip(found, spans, strict=True)):
        kinds = _STAMP_KINDS if role == ARCHIVE else _SIGNATURE_KINDS
        if (one.sig_object.get("/Type"), one.sig_object.get("/SubFilter")) not in kinds:
            raise VerificationError("not a PAdES signature", found=str(one.sig_object.get("/SubFilter")))
        if one.pkcs7_content != span.contents or one.signed_revision != place + 1:
            raise VerificationError("the signature read is not the one in the byte range")
        signature = _unpadded(span.contents)
        if role != ARCHIVE:
            read_cms(signature, in_pdf=True)
    if found[0][0] != ROLES[0]:
        raise VerificationError(f"signed as {found[0][0]}, not as {ROLES[0]}")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One signature or document time stamp, and what it has to fulfil."""

    embedded: Any
    trust: Trust
    at: dt.datetime
    """The moment for which certificates are judged: the signer's for that of its own time stamp, where it has one."""
    first: bool
    last: bool

    def signature(self) -> CheckedSignature:
        """A signature by somebody."""
        embedded = self.embedded
        if self.first:
            certification = embedded.reader.root["/Perms"].raw_get("/DocMDP")
            own = certification.reference == embedded.sig_object.container_ref
            if not own or embedded.docmdp_level != MDPPerm.FILL_FORMS:
                raise VerificationError("not the certification of the document by its provider (DocMDP P = 2)")

        def status(moment: dt.datetime) -> Any:
            found = run(
                async_validate_pdf_signature(
                    embedded,
                    signer_validation_context=self.trust.context(moment),
                    ts_validation_context=self.trust.context(self.at),
                    key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
                    skip_diff=True,
                )
            )
            self._covers(found)
            return found

        return at_its_time(status, embedded.other_embedded_certs, self.at)

    def stamp(self) -> Stamp:
        """A document time stamp."""
        found = run(async_validate_pdf_timestamp(self.embedded, self.trust.context(self.at), skip_diff=True))
        self._covers(found)
        stamp = stamp_from(found)
        assert stamp is not None
        return stamp

    def _covers(self, found: Any) -> None:
        # What came after it was looked at already, object by object: pyHanko's analysis of differences allows more, and
        # takes half a minute for a card.
        coverage = SignatureCoverageLevel.ENTIRE_FILE if self.last else SignatureCoverageLevel.ENTIRE_REVISION
        if found.coverage != coverage:
            raise VerificationError("a signature does not cover its revision", found=str(found.coverage))


def embedded_json(reader: Any, name: str = EMBEDDED) -> bytes:
    """The one file embedded in a PDF: ``card.json``, or the one named, associated with the document as data.

    Raises
    ------
    VerificationError
        If there is another, none, or it stands there differently.
    """
    associated = list(reader.root.get("/AF", ()))
    named = list(_leaves(reader.root["/Names"]["/EmbeddedFiles"])) if "/Names" in reader.root else []
    if len(associated) != 1 or len(named) != 1:
        raise VerificationError(
            f"{name} alone has to be embedded, once",
            where=name.replace(".json", ".pdf"),
            found=f"{len(named)} embedded and {len(associated)} associated files",
        )
    first, second = associated[0].get_object(), named[0].get_object()
    if first.container_ref != second.container_ref or str(first["/UF"]) != name or first["/AFRelationship"] != "/Data":
        raise VerificationError(
            f"the embedded file is not {name} as the document's data", where=name.replace(".json", ".pdf")
        )
    return bytes(first["/EF"]["/F"].data)


def _leaves(node: Any, depth: int = 0) -> list[Any]:
    """Values of a name tree (ISO 32000-1, 7.9.6)."""
    if depth > 8:
        raise VerificationError("a name tree too deep", where="card.pdf")
    names = node.get("/Names", ())
    found = [names.raw_get(i) for i in range(1, len(names), 2)] if names else []
    for kid in node.get("/Kids", ()):
        found += _leaves(kid.get_object(), depth + 1)
    return found
