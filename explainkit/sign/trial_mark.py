"""The mark of a TEST signature: what is signed for trying out says so on every page.

It is put on where the release is signed, since only there the certificate is known, and since a release that was made
long before can be signed too. What was there before is recovered exactly:

- A PDF gets the mark in the revision that also holds the signature: up to its first ``%%EOF`` and line end, it is the
  unsigned file, byte for byte. The mark is outlines over the page (no font, no text to extract), an artifact to those
  who hear the page.
- A page of HTML gets `BANNER` behind its ``<body>`` tag: without these bytes it is the unsigned file.

The same file gives the same mark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from explainkit.errors import InputError
from explainkit.sign.certificates import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

WORDS = "TEST SIGNATURE · NOT A RELEASE"
BANNER = (
    '<aside class="trial" role="note" aria-label="Kind of signature"><p><strong>'
    f"{WORDS}</strong> Signed with a TEST certificate, which proves nothing.</p></aside>"
).encode()
"""What stands behind the body tag of a page; how it looks is said by the page's own style sheet."""

_BODY = re.compile(rb"</head>\s*<body[^<>]*>")
_NAME = "/TrialMark"
_SHARE, _OPACITY = 0.74, 0.15
_COLOUR = "0.71 0.32 0.04"


def is_trial(chain: Sequence[x509.Certificate]) -> bool:
    """Whether a signature with these certificates is a TEST one: what ``verify --release`` refuses."""
    return any(is_test(certificate) for certificate in chain)


def marked_pages(pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """HTML files of a release with the banner; other files are left out.

    Raises
    ------
    InputError
        If a page has no body where the banner could stand.
    """
    return {name: _marked(name, data) for name, data in pages.items() if name.endswith(".html")}


def _marked(name: str, page: bytes) -> bytes:
    places = list(_BODY.finditer(page))
    if len(places) != 1:
        raise InputError(
            "the page cannot be marked as signed with a TEST key",
            where=name,
            found=f"{len(places)} places where its body begins",
            allowed="one <body> right behind </head>",
        )
    place = places[0].end()
    return page[:place] + BANNER + page[place:]


def unmarked(page: bytes) -> bytes:
    """A page of HTML as it was before it got the banner; one without is returned as it is."""
    place = _BODY.search(page)
    if place is None or not page.startswith(BANNER, place.end()):
        return page
    return page[: place.end()] + page[place.end() + len(BANNER) :]


def mark_pages(writer: Any) -> None:
    """Put the mark over every page of a PDF, in the revision that a writer is about to write.

    Parameters
    ----------
    writer : pyhanko.pdf_utils.incremental_writer.IncrementalPdfFileWriter
        Nothing is written yet.
    """
    pdf = _objects()
    box, _, operators = (files("explainkit.sign") / "trial_mark.txt").read_text("ascii").partition("\n")
    form = pdf.StreamObject(
        {
            pdf.NameObject("/Type"): pdf.NameObject("/XObject"),
            pdf.NameObject("/Subtype"): pdf.NameObject("/Form"),
            pdf.NameObject("/BBox"): _numbers([float(number) for number in box.split()]),
        },
        stream_data=f"{_COLOUR} rg\n{operators}".encode("ascii"),
    )
    faint = pdf.DictionaryObject({pdf.NameObject(key): pdf.FloatObject(str(_OPACITY)) for key in ("/ca", "/CA")})
    faint[pdf.NameObject("/Type")] = pdf.NameObject("/ExtGState")
    found = {"/XObject": writer.add_object(form), "/ExtGState": writer.add_object(faint)}
    before = writer.add_object(pdf.StreamObject(stream_data=b"q\n"))
    half = float(box.split()[2])
    known: set[Any] = set()
    for index in range(int(writer.root["/Pages"]["/Count"])):
        place, resources = writer.find_page_for_modification(index)
        page = place.get_object()
        own = page if "/MediaBox" in page else page["/Parent"]
        after = pdf.StreamObject(stream_data=_placed([float(number) for number in own["/MediaBox"]], half))
        writer.add_stream_to_page(index, before, prepend=True)
        writer.add_stream_to_page(index, writer.add_object(after))
        _share(writer, page, resources, found, known)


def _placed(media: list[float], half: float) -> bytes:
    """The mark along the diagonal of a page, over whatever the page has drawn in whatever state it left."""
    left, bottom, right, top = media
    width, height = right - left, top - bottom
    scale = _SHARE * math.hypot(width, height) / (2 * half)
    turn = math.atan2(height, width)
    across, up = scale * math.cos(turn), scale * math.sin(turn)
    matrix = " ".join(f"{x:.4f}" for x in (across, up, -up, across, left + width / 2, bottom + height / 2))
    return (
        "\nQ\n/Artifact <</Type /Pagination /Subtype /Watermark>> BDC\n"
        f"q\n{_NAME} gs\n{matrix} cm\n{_NAME} Do\nQ\nEMC\n"
    ).encode("ascii")


def _share(writer: Any, page: Any, resources: Any, found: Mapping[str, Any], known: set[Any]) -> None:
    """Give a page the resources of the mark, once where several pages have the same."""
    pdf = _objects()
    if isinstance(resources, pdf.IndirectObject):
        if resources.reference in known:
            return
        known.add(resources.reference)
        writer.mark_update(resources)
        table = resources.get_object()
    else:
        table = page[pdf.NameObject("/Resources")] = pdf.DictionaryObject(resources)
    for kind, thing in found.items():
        entries = pdf.DictionaryObject(table[kind]) if kind in table else pdf.DictionaryObject()
        entries[pdf.NameObject(_NAME)] = thing
        table[pdf.NameObject(kind)] = entries


def _numbers(values: list[float]) -> Any:
    pdf = _objects()
    return pdf.ArrayObject([pdf.NumberObject(round(value)) for value in values])


def _objects() -> Any:
    """pyHanko's kinds of objects: late, since reading a certificate needs none, and untyped, as they are."""
    from pyhanko.pdf_utils import generic

    return generic
