"""The signatures inside card.pdf (PAdES B-B or B-T, ETSI EN 319 142-1): the provider certifies, others countersign.

The fields of all roles are made beforehand, invisible and outside the page, so that later signatures fill a field and
add none: the certification allows no more (DocMDP P = 2, ISO 32000-1, 12.8.2.2). How they are checked is said in
`explainkit.sign.revisions`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    InvisSigSettings,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from explainkit.errors import InputError, VerificationError
from explainkit.sign.hanko import HOSTILE
from explainkit.sign.revisions import EMBEDDED, FIELDS, STAMP_FIELD, embedded_json, shape_problem
from explainkit.sign.trial_mark import mark_pages
from explainkit.sign.trust import to_asn1


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


async def certified(
    pdf: bytes, signer: Any, *, card_json: bytes, trial: bool = False, stamper: Any = None, attached: str = EMBEDDED
) -> bytes:
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
    attached : str
        Name of the file that has to be embedded.

    Returns
    -------
    bytes
        The same bytes, followed by one revision with the fields, the signature and, for a trial, the mark.

    Raises
    ------
    InputError
        If the PDF is not such a one.
    """
    writer = _Writer.from_reader(_suited(pdf, card_json, attached))
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
    meta = _settings("provider", certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)
    return await _written(writer, meta, signer, stamper)


async def countersigned(pdf: bytes, signer: Any, *, role: str, stamper: Any = None) -> bytes:
    """Sign a certified PDF in the field of another role.

    Parameters
    ----------
    pdf : bytes
        As `certified` or this function made it.
    signer : pyhanko.sign.signers.Signer
        With an RSA key.
    role : str
        ``validator`` or ``approver``, who has not signed yet.
    stamper : pyhanko.sign.timestamps.TimeStamper, optional
        Whom to ask for a time stamp over the signature.

    Returns
    -------
    bytes
        The same bytes, followed by one revision with the signature.
    """
    return await _written(_Writer(io.BytesIO(pdf)), _settings(role), signer, stamper)


async def archived(pdf: bytes, *, certificates: Iterable[x509.Certificate], crls: Sequence[Any], stamper: Any) -> bytes:
    """Add an archive to a signed PDF: what is needed to judge its signatures later, and a document time stamp over all.

    Parameters
    ----------
    pdf : bytes
        As `certified`, `countersigned` or this function made it.
    certificates, crls
        What the document security store holds from now on, besides what it holds already.
    stamper : pyhanko.sign.timestamps.TimeStamper

    Returns
    -------
    bytes
        The same bytes, followed by one revision.
    """
    writer, out = _Writer(io.BytesIO(pdf)), io.BytesIO()
    number = sum(1 for name, _, _ in enumerate_sig_fields(writer)) - len(FIELDS) + 1
    DocumentSecurityStore.supply_dss_in_writer(
        writer, None, certs=[to_asn1(c) for c in certificates], crls=list(crls), embed_roots=False
    )
    hand = PdfTimeStamper(
        stamper,
        field_name=f"{STAMP_FIELD}{number}",
        invis_settings=InvisSigSettings(box_out_of_bounds=True),
        readable_field_name=f"Time stamp of archive {number}",
    )
    await hand.async_timestamp_pdf(writer, "sha256", output=out)
    return out.getvalue()


def _settings(role: str, **besides: Any) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=FIELDS[role], md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, **besides
    )


async def _written(writer: IncrementalPdfFileWriter, meta: PdfSignatureMetadata, signer: Any, stamper: Any) -> bytes:
    out = io.BytesIO()
    hand = PdfSigner(meta, signer=signer, timestamper=stamper)
    await hand.async_sign_pdf(writer, output=out, existing_fields_only=True)
    return out.getvalue()


def _suited(pdf: bytes, card_json: bytes, attached: str) -> PdfFileReader:
    """The PDF, read once to be checked and to be written on."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        problem = shape_problem(reader, revisions=1) or ("it has a form" if "/AcroForm" in reader.root else None)
        if embedded_json(reader, attached) != card_json:
            problem = f"the {attached} embedded in it is not the one beside it"
    except HOSTILE as error:
        problem = f"it cannot be read ({error})"
    except VerificationError as error:
        problem = str(error)
    if problem is not None:
        raise InputError("the PDF cannot be signed", where=attached.replace(".json", ".pdf"), found=problem)
    return reader
