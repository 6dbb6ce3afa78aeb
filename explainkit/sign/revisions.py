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

from asn1crypto import parser  # type: ignore[import-untyped]
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel

from explainkit.errors import VerificationError
from explainkit.sign.cms import CheckedSignature, at_its_time, read_cms
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.manifest import ROLES
from explainkit.sign.trust import Trust

FIELDS = {role: role.capitalize() for role in ROLES}
"""Name of the signature field of each role."""
EMBEDDED = "card.json"

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_HEX = re.compile(rb"<([0-9A-F]*)>")
# What would let the file do or show other things than it was signed for.
_ACTIVE = ("/OpenAction", "/AA", "/OCProperties", "/Collection", "/Encrypt", "/Requirements")
# Of a signature that is not the first: no /Reference, by which it could lock or permit something.
_MEMBERS = {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRevision:
    """One revision that a signer added."""

    role: str
    """The role whose field holds the signature."""
    signature: CheckedSignature
    length: int
    """Bytes of the file up to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPdf:
    """What a signed card.pdf says about itself."""

    revisions: tuple[CheckedRevision, ...]
    """In the order of the file; the provider's is the first."""
    card_json: bytes
    """The embedded ``card.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Where a signature says that it stands, found without a PDF parser."""

    end: int
    contents: bytes
    """The signature, padding included."""


def check_pdf(pdf: bytes, trust: Trust, at: dt.datetime) -> CheckedPdf:
    """Check the signatures in a PDF, that they cover the whole file, and that the file is of the one known form.

    Parameters
    ----------
    pdf : bytes
    trust : Trust
    at : datetime.datetime
        The moment for which certificates are judged.

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
        signatures = _signatures(reader, spans)
        for place, (_, embedded) in enumerate(signatures[1:], start=2):
            _check_addition(reader, place, embedded)
        revisions = [
            CheckedRevision(
                role=role, signature=_checked(embedded, trust, at, place=i, of=len(spans)), length=spans[i].end
            )
            for i, (role, embedded) in enumerate(signatures)
        ]
        return CheckedPdf(revisions=tuple(revisions), card_json=embedded_json(reader))
    except HOSTILE as error:
        what = str(error)[:200] or type(error).__name__
        raise VerificationError("not a PDF with a PAdES signature", found=what) from None


def _spans(pdf: bytes) -> tuple[_Span, ...]:
    """The byte ranges: each from the start of the file to the end of its revision, one after another, to the end."""
    if not pdf.startswith(b"%PDF-1."):
        raise VerificationError("not a PDF")
    ranges = list(_BYTE_RANGE.finditer(pdf))
    written = pdf.count(b"/ByteRange")
    if not 1 <= len(ranges) <= len(FIELDS) or written != len(ranges):
        raise VerificationError(f"one to {len(FIELDS)} signatures are due", found=f"{written} byte ranges")
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
    names = [name for name, _, _ in enumerate_sig_fields(reader)]
    if sorted(names) != sorted(FIELDS.values()) or len(reader.root["/AcroForm"]["/Fields"]) != len(FIELDS):
        raise VerificationError("not the fields of a release", found=", ".join(map(str, names))[:200])
    embedded = sorted(reader.embedded_signatures, key=lambda s: int(s.signed_revision))
    if len(embedded) != len(spans):
        raise VerificationError(f"{len(spans)} signatures are due", found=str(len(embedded)))
    roles = {field: role for role, field in FIELDS.items()}
    for place, (signature, span) in enumerate(zip(embedded, spans, strict=True)):
        if signature.sig_object.get("/SubFilter") != SigSeedSubFilter.PADES.value:
            raise VerificationError("not a PAdES signature", found=str(signature.sig_object.get("/SubFilter")))
        if signature.pkcs7_content != span.contents or signature.signed_revision != place + 1:
            raise VerificationError("the signature read is not the one in the byte range")
        read_cms(_unpadded(span.contents), in_pdf=True)
    found = tuple((roles[str(signature.field_name)], signature) for signature in embedded)
    if found[0][0] != ROLES[0]:
        raise VerificationError(f"signed as {found[0][0]}, not as {ROLES[0]}")
    return found


def _check_addition(reader: Any, revision: int, embedded: Any) -> None:
    """A signature after the first fills its field, and its revision holds nothing besides."""
    before, after = reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision)
    field = embedded.sig_field.container_ref
    written = set(reader.xrefs.explicit_refs_in_revision(revision))
    if written != {field, embedded.sig_object.container_ref} or reader.xrefs.refs_freed_in_revision(revision):
        raise VerificationError("a revision changes more than a signature adds", found=f"{len(written)} objects")
    if any(before.trailer_view.raw_get(n) != after.trailer_view.raw_get(n) for n in ("/Root", "/Info")):
        raise VerificationError("a revision begins the document elsewhere")
    old, new = dict(before.get_object(field)), dict(after.get_object(field))
    filled = new.pop("/V", None)
    if old != new or "/V" in old or filled is None:
        raise VerificationError("a revision changes the field that it signs")
    strange = set(embedded.sig_object) - _MEMBERS
    if strange:
        raise VerificationError("a later signature says more than that it was made", found=", ".join(sorted(strange)))


def _checked(embedded: Any, trust: Trust, at: dt.datetime, *, place: int, of: int) -> CheckedSignature:
    first, last = place == 0, place == of - 1
    most = ModificationLevel.NONE if last else ModificationLevel.FORM_FILLING
    coverage = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
    if first:
        certification = embedded.reader.root["/Perms"].raw_get("/DocMDP")
        if certification.reference != embedded.sig_object.container_ref or embedded.docmdp_level != MDPPerm.FILL_FORMS:
            raise VerificationError("not the certification of the document by its provider (DocMDP P = 2)")

    def status(moment: dt.datetime) -> Any:
        found = run(
            async_validate_pdf_signature(
                embedded,
                signer_validation_context=trust.context(moment),
                ts_validation_context=trust.context(at),
                key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
            )
        )
        if found.coverage != coverage:
            raise VerificationError("a signature does not cover its revision", found=str(found.coverage))
        if not found.docmdp_ok or found.modification_level > most:
            raise VerificationError("the document was changed after it was certified")
        return found

    return at_its_time(status, embedded.other_embedded_certs, at)


def embedded_json(reader: Any) -> bytes:
    """The one file embedded in a PDF: ``card.json``, associated with the document as data.

    Raises
    ------
    VerificationError
        If there is another, none, or it stands there differently.
    """
    associated = list(reader.root.get("/AF", ()))
    named = list(_leaves(reader.root["/Names"]["/EmbeddedFiles"])) if "/Names" in reader.root else []
    if len(associated) != 1 or len(named) != 1:
        raise VerificationError(
            f"{EMBEDDED} alone has to be embedded, once",
            where="card.pdf",
            found=f"{len(named)} embedded and {len(associated)} associated files",
        )
    first, second = associated[0].get_object(), named[0].get_object()
    if (
        first.container_ref != second.container_ref
        or str(first["/UF"]) != EMBEDDED
        or first["/AFRelationship"] != "/Data"
    ):
        raise VerificationError(f"the embedded file is not {EMBEDDED} as the document's data", where="card.pdf")
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
