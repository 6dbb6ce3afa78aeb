"""The provider's certification of card.pdf (PAdES B-B or B-T, ETSI EN 319 142-1), and how it is checked.

The fields of all roles are made beforehand, invisible and outside the page, so that later signatures fill a field and
add none: the certification allows no more (DocMDP P = 2, ISO 32000-1, 12.8.2.2).
"""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import Any

from asn1crypto import parser  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import (
    InvisSigSettings,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel

from explainkit.errors import InputError, VerificationError
from explainkit.sign.cms import CheckedSignature, checked, read_cms
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.trial_mark import mark_pages
from explainkit.sign.trust import Trust

FIELDS = {"provider": "Provider", "validator": "Validator", "approver": "Approver"}
"""Name of the signature field of each role."""
EMBEDDED = "card.json"

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_HEX = re.compile(rb"<([0-9A-F]*)>")
# What would let the file do or show other things than it was signed for.
_ACTIVE = ("/OpenAction", "/AA", "/OCProperties", "/Collection", "/Encrypt", "/Requirements")


class _Writer(IncrementalPdfFileWriter):
    """Leaves Info and XMP as they are.

    pyHanko writes both again at each revision, with its own name as the producer and the PDF/A extension schema in
    another form. The method is private: a test checks that both stay identical byte for byte.
    """

    def _update_meta(self) -> None:
        pass


def marked(pdf: bytes) -> bytes:
    """A PDF that is not signed itself, with the mark of a TEST signature in one revision more."""
    writer, out = _Writer(io.BytesIO(pdf)), io.BytesIO()
    mark_pages(writer)
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


async def certified(pdf: bytes, signer: Any, *, card_json: bytes, trial: bool = False, stamper: Any = None) -> bytes:
    """Sign a PDF as its provider.

    Parameters
    ----------
    pdf : bytes
        Written in one piece, without form, script, encryption or signature, with ``card.json`` embedded.
    signer : pyhanko.sign.signers.Signer
        With an RSA key.
    card_json : bytes
        What has to be embedded.
    trial : bool, default False
        Whether the pages say that the signature is a TEST one.
    stamper : pyhanko.sign.timestamps.TimeStamper, optional
        Whom to ask for a time stamp over the signature.

    Returns
    -------
    bytes
        The same bytes, followed by one revision with the fields, the signature and, for a trial, the mark.

    Raises
    ------
    InputError
        If the PDF is not such a one.
    """
    writer = _Writer.from_reader(_suited(pdf, card_json))
    if trial:
        mark_pages(writer)
    for name in FIELDS.values():
        append_signature_field(
            writer,
            SigFieldSpec(
                name,
                readable_field_name=f"{name} signature",
                invis_sig_settings=InvisSigSettings(box_out_of_bounds=True),
            ),
        )
    meta = PdfSignatureMetadata(
        field_name=FIELDS["provider"],
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    out = io.BytesIO()
    hand = PdfSigner(meta, signer=signer, timestamper=stamper)
    await hand.async_sign_pdf(writer, output=out, existing_fields_only=True)
    return out.getvalue()


def _suited(pdf: bytes, card_json: bytes) -> PdfFileReader:
    """The PDF, read once to be checked and to be written on."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        problem = _shape_problem(reader, revisions=1) or ("it has a form" if "/AcroForm" in reader.root else None)
        if embedded_json(reader) != card_json:
            problem = "the card.json embedded in it is not the one beside it"
    except HOSTILE as error:
        problem = f"it cannot be read ({error})"
    except VerificationError as error:
        problem = str(error)
    if problem is not None:
        raise InputError("the PDF cannot be signed", where="card.pdf", found=problem)
    return reader


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPdf:
    """What a signed card.pdf says about itself."""

    signature: CheckedSignature
    role: str
    """The role whose field holds the signature."""
    card_json: bytes
    """The embedded ``card.json``."""


def check_pdf(pdf: bytes, trust: Trust, at: dt.datetime) -> CheckedPdf:
    """Check the signature in a PDF, that it covers the whole file, and that the file is of the one known form.

    A release's PDF is known exactly: one base, one revision for the signature. Anything else is refused, also where
    a general validator would allow it.

    Raises
    ------
    VerificationError
        If anything is wrong with the file or the form of its signature.
    """
    try:
        contents = _contents(pdf)
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        problem = _shape_problem(reader, revisions=2)
        if problem is not None:
            raise VerificationError("not the PDF of a release", found=problem)
        role, embedded = _only_signature(reader)
        if embedded.pkcs7_content != contents:
            raise VerificationError("the signature read is not the one in the byte range")
        read_cms(_unpadded(contents), in_pdf=True)
        signature = _checked(embedded, trust, at)
        return CheckedPdf(signature=signature, role=role, card_json=embedded_json(reader))
    except HOSTILE as error:
        what = str(error)[:200] or type(error).__name__
        raise VerificationError("not a PDF with a PAdES signature", found=what) from None


def _contents(pdf: bytes) -> bytes:
    """The signature's bytes, padding included, from the one gap in the one byte range, found without a PDF parser."""
    if not pdf.startswith(b"%PDF-1."):
        raise VerificationError("not a PDF")
    ranges = list(_BYTE_RANGE.finditer(pdf))
    if len(ranges) != 1 or pdf.count(b"/ByteRange") != 1:
        raise VerificationError("one signature is due", found=f"{pdf.count(b'/ByteRange')} byte ranges")
    start, first, second, rest = (int(number) for number in ranges[0].groups())
    if start != 0 or second + rest != len(pdf) or not first < second:
        raise VerificationError(
            "the signature does not cover the whole file",
            found=f"bytes {start} to {start + first} and {second} to {second + rest} of {len(pdf)}",
        )
    gap = _HEX.fullmatch(pdf[first:second])
    if gap is None or len(gap[1]) % 2:
        raise VerificationError("the gap in the byte range holds more than the signature in hexadecimal digits")
    return bytes.fromhex(gap[1].decode("ascii"))


def _unpadded(contents: bytes) -> bytes:
    length = parser.peek(contents)
    if contents[length:].strip(b"\0"):
        raise VerificationError("the padding after the signature is not zero")
    return contents[:length]


def _shape_problem(reader: Any, *, revisions: int) -> str | None:
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


def _only_signature(reader: Any) -> tuple[str, Any]:
    """Role and signature, where exactly the known fields exist and exactly one of them is filled."""
    names = [name for name, _, _ in enumerate_sig_fields(reader)]
    if sorted(names) != sorted(FIELDS.values()) or len(reader.root["/AcroForm"]["/Fields"]) != len(FIELDS):
        raise VerificationError("not the fields of a release", found=", ".join(map(str, names))[:200])
    if len(reader.embedded_signatures) != 1:
        raise VerificationError("one signature is due", found=str(len(reader.embedded_signatures)))
    embedded = reader.embedded_signatures[0]
    role = next(role for role, field in FIELDS.items() if field == embedded.field_name)
    if embedded.sig_object.get("/SubFilter") != SigSeedSubFilter.PADES.value:
        raise VerificationError("not a PAdES signature", found=str(embedded.sig_object.get("/SubFilter")))
    return role, embedded


def _checked(embedded: Any, trust: Trust, at: dt.datetime) -> CheckedSignature:
    status = run(
        async_validate_pdf_signature(
            embedded,
            signer_validation_context=trust.context(at),
            key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
        )
    )
    certification = embedded.reader.root["/Perms"].raw_get("/DocMDP")
    if certification.reference != embedded.sig_object.container_ref or embedded.docmdp_level != MDPPerm.FILL_FORMS:
        raise VerificationError("not the certification of the document by its provider (DocMDP P = 2)")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise VerificationError("the signature does not cover the whole file", found=str(status.coverage))
    if not status.docmdp_ok or status.modification_level != ModificationLevel.NONE:
        raise VerificationError("the document was changed after it was certified")
    return checked(status, embedded.other_embedded_certs, status.signer_reported_dt)


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
