"""Signatures of other kinds than a release has, in files that the statement lists all the same.

Where only a digest is changed, the statement tells; here the statement is made anew by the signer's own key, or the PDF
lies alone, so that the checks of the signatures themselves have to tell.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from explainkit.sign.keys import Signer, TrialKeys
from explainkit.sign.verdict import Verification
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, make_html, make_pdf, opened, restate, unknown

FOLDER = "signatures/01-provider/"


def reasons(found: Verification) -> str:
    """What is wrong; the release or the PDF has to be invalid."""
    assert found.state == "invalid", found.lines()
    return " | ".join(str(r) for r in found.reasons if r.state == "invalid")


def judged(release: Path, keys: TrialKeys, pdf: bytes) -> tuple[str, str]:
    """What is wrong with a PDF in a release that lists it, and with the PDF alone."""
    assert pdf != (release / "card.pdf").read_bytes()
    (release / "card.pdf").write_bytes(pdf)
    restate(release, keys.signer)
    together = verify_release(release, trust=[keys.ca])
    alone = verify_release(release / "card.pdf", trust=[keys.ca])
    return reasons(together), reasons(alone)


# Bytes of the PDF


def gap(pdf: bytes) -> tuple[int, int]:
    """Where the signature's hexadecimal digits stand, brackets included."""
    (found,) = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pdf)
    return int(found[1]), int(found[2])


def in_gap(pdf: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    start, end = gap(pdf)
    changed = edit(pdf[start:end])
    assert len(changed) == end - start
    return pdf[:start] + changed + pdf[end:]


BYTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a byte appended": (lambda pdf: pdf + b"\n", "does not cover the whole file"),
    "a byte before": (lambda pdf: b"\n" + pdf, "not a PDF"),
    "the last byte cut": (lambda pdf: pdf[:-1], "does not cover its revision"),
    "cut in the middle": (lambda pdf: pdf[: len(pdf) // 2], "one to 64 signatures are due"),
    "the base revision": (lambda pdf: pdf[: pdf.index(b"%%EOF") + 6], "one to 64 signatures are due"),
    "digits in lower case": (lambda pdf: in_gap(pdf, bytes.lower), "more than the signature in hexadecimal"),
    "one digit in lower case": (
        lambda pdf: in_gap(pdf, lambda hexed: hexed.replace(b"A", b"a", 1)),
        "more than the signature in hexadecimal",
    ),
    "padding not zero": (lambda pdf: in_gap(pdf, lambda hexed: hexed[:-3] + b"01>"), "padding"),
    "padding odd": (lambda pdf: in_gap(pdf, lambda hexed: hexed[:-2] + b" >"), "hexadecimal"),
    "a comment in the gap": (lambda pdf: in_gap(pdf, lambda hexed: hexed[:-4] + b">%x>"), "hexadecimal"),
    "a second byte range": (lambda pdf: pdf + b"%/ByteRange [0 1 2 3]\n", "does not cover its revision"),
    "a byte range from elsewhere": (
        lambda pdf: pdf.replace(b"/ByteRange [0 ", b"/ByteRange [1 "),
        "does not cover its revision",
    ),
    "a byte range of five": (
        lambda pdf: re.sub(rb"(/ByteRange \[[\d ]+)\] ", rb"\1 0]", pdf),
        "one to 64 signatures are due",
    ),
    "no gap": (
        lambda pdf: re.sub(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", rb"/ByteRange [0 \2 \2 \3]", pdf),
        "does not cover its revision",
    ),
    "a huge byte range": (
        lambda pdf: re.sub(rb"/ByteRange \[[\d ]+\]", b"/ByteRange [0 " + b"9" * 4400 + b" 1 1]", pdf),
        "one to 64 signatures are due",
    ),
    "the signature emptied": (lambda pdf: in_gap(pdf, lambda hexed: b"<" + b"0" * (len(hexed) - 2) + b">"), "PAdES"),
    "another subfilter": (lambda pdf: pdf.replace(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"), "PAdES"),
    "another permission": (lambda pdf: pdf.replace(b"/V /1.2\n/P 2", b"/V /1.2\n/P 3"), "DocMDP"),
    "a covered byte": (lambda pdf: pdf.replace(b"/SigFlags 3", b"/SigFlags 1"), "what it signs is not what is there"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_of_the_pdf(release: Path, keys: TrialKeys, name: str) -> None:
    change, message = BYTES[name]
    together, alone = judged(release, keys, change((release / "card.pdf").read_bytes()))
    assert message in together
    assert message in alone


# Revisions and signatures of other kinds


def appended(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """One more revision, well formed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def new_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (0.99) Tj ET"))
    writer.update_container(page)


def note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Annots"].append(
        writer.add_object(
            generic.DictionaryObject(
                {
                    pdf_name("/Type"): pdf_name("/Annot"),
                    pdf_name("/Subtype"): pdf_name("/FreeText"),
                    pdf_name("/Contents"): generic.TextStringObject("approved"),
                }
            )
        )
    )
    writer.update_container(page)


def script(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
    )
    writer.update_root()


def attachment(writer: IncrementalPdfFileWriter) -> None:
    stream = writer.root["/AF"][0]["/EF"].raw_get("/F")
    writer.objects[(stream.generation, stream.idnum)] = generic.StreamObject(stream_data=b'{"value":0.99}')


def nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


@pytest.mark.parametrize("change", [new_content, note, script, attachment, nothing])
def test_a_revision_appended(
    release: Path, keys: TrialKeys, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    pdf = appended((release / "card.pdf").read_bytes(), change)
    for text in judged(release, keys, pdf):
        assert "does not cover the whole file" in text


def with_signature(
    pdf: bytes, signer: Signer, *, fields: tuple[str, ...] = ("Provider", "Validator", "Approver"), **options: Any
) -> bytes:
    """A PDF signed in another way than releases are."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer._update_meta = lambda: None
    for name in fields:
        append_signature_field(writer, SigFieldSpec(name))
    settings: dict[str, Any] = {
        "field_name": "Provider",
        "md_algorithm": "sha256",
        "subfilter": SigSeedSubFilter.PADES,
        "certify": True,
        "docmdp_permissions": MDPPerm.FILL_FORMS,
        **options,
    }
    hand = opened(signer).hand()
    hand.prefer_pss = settings.pop("prefer_pss", False)
    out = io.BytesIO()
    asyncio.run(PdfSigner(PdfSignatureMetadata(**settings), signer=hand).async_sign_pdf(writer, output=out))
    return out.getvalue()


def test_the_way_that_releases_are_signed_is_accepted(
    release: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    (release / "card.pdf").write_bytes(with_signature(unsigned_files["card.pdf"], keys.signer))
    assert verify_release(restate(release, keys.signer), trust=[keys.ca]).state == "valid"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"certify": False}, "PAdES"),
        ({"docmdp_permissions": MDPPerm.ANNOTATE}, "DocMDP"),
        ({"docmdp_permissions": MDPPerm.NO_CHANGES}, "DocMDP"),
        ({"subfilter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED}, "not a PAdES signature"),
        ({"md_algorithm": "sha512"}, "not RSA PKCS#1 v1.5 with SHA-256"),
        ({"md_algorithm": "sha1"}, "not RSA PKCS#1 v1.5 with SHA-256"),
        ({"prefer_pss": True}, "not RSA PKCS#1 v1.5 with SHA-256"),
        ({"fields": ("Provider",)}, "not the fields of a release"),
        ({"fields": ("Provider", "Validator", "Approver", "Fourth")}, "not the fields of a release"),
    ],
)
def test_a_pdf_signed_in_another_way(
    release: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], options: dict[str, Any], message: str
) -> None:
    pdf = with_signature(unsigned_files["card.pdf"], keys.signer, **options)
    for text in judged(release, keys, pdf):
        assert message in text


def test_a_pdf_signed_as_another_role(release: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]) -> None:
    pdf = with_signature(unsigned_files["card.pdf"], keys.signer, field_name="Validator")
    (release / "card.pdf").write_bytes(pdf)
    restate(release, keys.signer)
    assert "signed as validator, not as provider" in reasons(verify_release(release, trust=[keys.ca]))


def test_a_pdf_signed_by_a_stranger(
    release: Path, keys: TrialKeys, stranger: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    (release / "card.pdf").write_bytes(with_signature(unsigned_files["card.pdf"], stranger.signer))
    restate(release, keys.signer)
    text = reasons(verify_release(release, trust=[keys.ca, stranger.ca]))
    assert "card.pdf: signed with another certificate (TEST provider, Stranger)" in text


def test_two_signatures(release: Path, keys: TrialKeys, stranger: TrialKeys) -> None:
    first = (release / "card.pdf").read_bytes()
    for subfilter in (SigSeedSubFilter.PADES, SigSeedSubFilter.ADOBE_PKCS7_DETACHED):
        pdf = with_signature(
            first,
            stranger.signer,
            fields=(),
            field_name="Validator",
            certify=False,
            subfilter=subfilter,
        )
        (release / "card.pdf").write_bytes(pdf)
        restate(release, keys.signer)
        together = reasons(verify_release(release, trust=[keys.ca, stranger.ca]))
        alone = verify_release(release / "card.pdf", trust=[keys.ca])
        if subfilter == SigSeedSubFilter.PADES:
            assert "signed as validator, of whom the release has no statement" in together
            assert "the signer is unknown" in unknown(alone)
        else:
            assert "not a PAdES signature" in together
            assert "not a PAdES signature" in reasons(alone)


def test_a_pdf_with_another_card_inside(release: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]) -> None:
    other = make_evidence(value=0.99)
    pdf = with_signature(make_pdf(make_html(other), other.to_json()), keys.signer)
    (release / "card.pdf").write_bytes(pdf)
    restate(release, keys.signer)
    found = verify_release(release, trust=[keys.ca])
    assert "the card.json embedded in it is not the one beside it" in reasons(found)
    assert verify_release(release / "card.pdf", trust=[keys.ca]).state == "indeterminate"


def rebuilt(pdf: bytes, change: Callable[[pikepdf.Pdf], object], **options: Any) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        out = io.BytesIO()
        document.save(out, **options)
        return out.getvalue()


SHADOWS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "layers": (lambda b: rebuilt(b, lambda p: setattr(p.Root, "OCProperties", pikepdf.Dictionary())), "/OCProperties"),
    "an action": (lambda b: rebuilt(b, lambda p: setattr(p.Root, "AA", pikepdf.Dictionary())), "/AA"),
    "a script": (
        lambda b: rebuilt(b, lambda p: setattr(p.Root.Names, "JavaScript", pikepdf.Dictionary())),
        "/JavaScript",
    ),
    "a portfolio": (lambda b: rebuilt(b, lambda p: setattr(p.Root, "Collection", pikepdf.Dictionary())), "/Collection"),
    "an earlier revision": (lambda b: appended(b, nothing), "3 revisions where 2 are due"),
    "no card inside": (lambda b: rebuilt(b, lambda p: delattr(p.Root, "AF")), "has to be embedded"),
    "two files inside": (
        lambda b: rebuilt(b, lambda p: p.attachments.update({"more.json": b"{}"})),
        "has to be embedded",
    ),
    "another name inside": (
        lambda b: rebuilt(b, lambda p: setattr(p.Root.AF[0], "UF", pikepdf.String("cart.json"))),
        "is not card.json",
    ),
    "a bomb inside": (
        lambda b: rebuilt(b, lambda p: setattr(p.Root.AF[0].EF, "F", bomb(p)), compress_streams=False),
        "PAdES",
    ),
}


def bomb(pdf: pikepdf.Pdf) -> Any:
    import zlib

    inner = zlib.compress(zlib.compress(b"\0" * 300_000_000, 9), 9)
    filters = pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode])
    return pdf.make_indirect(pikepdf.Stream(pdf, inner, Filter=filters))


@pytest.mark.parametrize("name", SHADOWS)
def test_a_pdf_prepared_with_hidden_content_and_signed(
    release: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], name: str
) -> None:
    change, message = SHADOWS[name]
    for text in judged(release, keys, with_signature(change(unsigned_files["card.pdf"]), keys.signer)):
        assert message in text


def test_pdfs_that_are_hostile_or_strange(shared_data: Path, keys: TrialKeys, tmp_path: Path) -> None:
    found = sorted((shared_data / "pdf").rglob("*.pdf"))
    assert found
    for path in found:
        reasons(verify_release(path, trust=[keys.ca]))
        reasons(verify_release(shutil.copy(path, tmp_path / path.name)))


# Detached signatures


def cades_mutants(release: Path, keys: TrialKeys, stranger: TrialKeys) -> dict[str, tuple[bytes, str]]:
    content, good = (release / "card.json").read_bytes(), (release / FOLDER / "card.json.p7s").read_bytes()

    def signature(who: TrialKeys, data: bytes = content, digest: str = "sha256", **options: Any) -> cms.ContentInfo:
        options = {"detached": True, "use_cades": True, **options}
        hand = opened(who.signer).hand()
        hand.prefer_pss = options.pop("prefer_pss", False)
        return asyncio.run(hand.async_sign_general_data(data, digest, **options))

    def edited(change: Callable[[Any], object]) -> bytes:
        info = cms.ContentInfo.load(good)
        change(info["content"])
        return bytes(info.dump(force=True))

    def unsigned(data: Any) -> None:
        value = cms.CMSAttribute({"type": "1.2.3.4", "values": [cms.OctetString(b"x")]})
        data["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([value])

    def broken(data: Any) -> None:
        raw = bytearray(data["signer_infos"][0]["signature"].native)
        raw[0] ^= 1
        data["signer_infos"][0]["signature"] = bytes(raw)

    return {
        "by a stranger": (signature(stranger).dump(), "signed with another certificate"),
        "of the page": ((release / FOLDER / "card.html.p7s").read_bytes(), "what it signs is not what is there"),
        "of another content": (signature(keys, b"other").dump(), "what it signs is not what is there"),
        "with the content inside": (signature(keys, detached=False).dump(), "not a detached signature"),
        "plain CMS": (signature(keys, use_cades=False).dump(), "other signed attributes"),
        "SHA-512": (signature(keys, digest="sha512").dump(), "not RSA PKCS#1 v1.5 with SHA-256"),
        "SHA-1": (signature(keys, digest="sha1").dump(), "not RSA PKCS#1 v1.5 with SHA-256"),
        "PSS": (signature(keys, prefer_pss=True).dump(), "not RSA PKCS#1 v1.5 with SHA-256"),
        "unsigned attributes": (edited(unsigned), "unsigned attributes"),
        "a broken signature": (edited(broken), "the signature is not that of its certificate"),
        "no certificate": (edited(lambda data: data.__setitem__("certificates", [])), "not a CAdES signature"),
        "no signer": (edited(lambda data: data.__setitem__("signer_infos", [])), "one signer is due"),
        "two signers": (
            edited(lambda data: data["signer_infos"].append(data["signer_infos"][0].copy())),
            "one signer is due",
        ),
        "more behind": (good + b"\0", "not a CAdES signature"),
        "cut": (good[:-1], "not a CAdES signature"),
        "empty": (b"", "not a CAdES signature"),
        "text": (b"-----BEGIN PKCS7-----", "not a CAdES signature"),
        "huge": (b"0" * (2**20 + 1), "too large"),
        "only data": (cms.ContentInfo({"content_type": "data", "content": b"x"}).dump(), "not a CMS signature"),
    }


def test_detached_signatures_of_other_kinds(release: Path, keys: TrialKeys, stranger: TrialKeys) -> None:
    for name, (data, message) in cades_mutants(release, keys, stranger).items():
        (release / FOLDER / "card.json.p7s").write_bytes(data)
        restate(release, keys.signer)
        found = verify_release(release, trust=[keys.ca, stranger.ca])
        assert message in reasons(found), name
        assert {r.where for r in found.reasons} == {FOLDER + "card.json.p7s"}, name
