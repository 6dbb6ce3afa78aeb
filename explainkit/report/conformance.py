"""What PDF/A-3a with PDF/UA-1 asks for beyond what the renderer writes: one file specification, one identifier more."""

from __future__ import annotations

import io
from contextlib import ExitStack

import pikepdf

from explainkit.report.joining import join

_UA = (
    '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>'
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>"
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>"
    '<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">'
    "<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>Part of ISO 14289 that the file keeps to</pdfaProperty:description>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)
"""The identifier of ISO 14289-1, and the extension schema that ISO 19005-3 (6.6.2.3.3) asks for beside it."""


def conforming(data: bytes, rest: bytes = b"", *, identifier: bytes, dated: bool) -> bytes:
    """Finish a tagged PDF/A-3a with one attachment.

    Parameters
    ----------
    data : bytes
        As WeasyPrint writes it, neither compressed nor with an identifier: both are made here, in less time.
    rest : bytes
        The second half of the document, where it comes in two.
    identifier : bytes
        First of the two parts of the file identifier; the second follows from the content.
    dated : bool
        Whether the attachment keeps its dates.

    Returns
    -------
    bytes
        The same input gives the same bytes.
    """
    with pikepdf.open(io.BytesIO(data)) as pdf, ExitStack() as opened:
        if rest:
            join(pdf, opened.enter_context(pikepdf.open(io.BytesIO(rest))))
        root = pdf.Root
        specifications = _unique(pikepdf.Array(root.AF))
        root.AF = pikepdf.Array(specifications)
        if not dated:
            for specification in specifications:
                parameters = specification.EF.F.Params
                for key in ("/CreationDate", "/ModDate"):
                    if key in parameters:
                        del parameters[key]
        root.Metadata.write(_with_ua(bytes(root.Metadata.read_bytes())))
        if "/ViewerPreferences" not in root:
            root.ViewerPreferences = pikepdf.Dictionary()
        root.ViewerPreferences.DisplayDocTitle = True
        pdf.trailer.ID = pikepdf.Array([pikepdf.String(identifier), pikepdf.String(identifier)])
        finished = io.BytesIO()
        pdf.save(
            finished,
            deterministic_id=True,
            linearize=False,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,  # thousands of tags, in a fifth of the bytes
        )
    return finished.getvalue()


def _unique(specifications: pikepdf.Array) -> list[pikepdf.Object]:
    """The renderer lists each attached file twice."""
    found: dict[tuple[int, int], pikepdf.Object] = {}
    for specification in specifications:
        found.setdefault(specification.objgen, specification)
    return list(found.values())


def _with_ua(xmp: bytes) -> bytes:
    """XMP with the PDF/UA identifier within the same description of the file."""
    text = xmp.decode()
    if text.count("</rdf:RDF>") != 1:
        raise ValueError("the XMP of a rendered card has one rdf:RDF")
    return text.replace("</rdf:RDF>", _UA + "</rdf:RDF>").encode()
