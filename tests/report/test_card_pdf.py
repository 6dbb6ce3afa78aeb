"""The PDF: built to PDF/A-3a with the PDF/UA-1 identifier, one attachment, and the same bytes every time."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest

from explainkit.evidence import Evidence
from explainkit.report import layout
from explainkit.report.pdf import render_pdf
from tests.bounded import long
from tests.report import examples

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def document(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    """The PDF of an example, opened."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        yield opened


def test_what_the_catalogue_says(document: pikepdf.Pdf, evidence: Evidence) -> None:
    root = document.Root
    assert document.pdf_version == "1.7"
    assert str(root.Lang) == "en"
    assert root.MarkInfo.Marked
    assert root.ViewerPreferences.DisplayDocTitle
    assert root.StructTreeRoot is not None
    assert [str(i.S) for i in root.OutputIntents] == ["/GTS_PDFA1"]
    assert evidence.name in str(document.docinfo["/Title"])
    for key in ("/OpenAction", "/AA", "/AcroForm", "/OCProperties"):
        assert key not in root
    assert not document.is_encrypted
    assert "/JavaScript" not in root.Names


def test_nothing_runs(document: pikepdf.Pdf) -> None:
    for thing in document.objects:
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            assert thing.get("/S") not in ("/JavaScript", "/Launch", "/URI", "/SubmitForm")
            assert "/JS" not in thing


def test_card_json_is_attached_once(document: pikepdf.Pdf, evidence: Evidence) -> None:
    associated = list(document.Root.AF)
    assert len(associated) == 1
    names = document.Root.Names.EmbeddedFiles.Names
    assert len(names) == 2
    assert names[1].objgen == associated[0].objgen
    specification = associated[0]
    assert str(specification.UF) == "card.json"
    assert specification.AFRelationship == "/Data"
    stream = specification.EF.F
    assert stream.Subtype == "/application/json"
    assert stream.read_bytes() == evidence.to_json()
    assert bytes(stream.Params.CheckSum) == hashlib.md5(evidence.to_json()).digest()
    assert int(stream.Params.Size) == len(evidence.to_json())
    dated = {key for key in ("/CreationDate", "/ModDate") if key in stream.Params}
    assert dated == ({"/CreationDate", "/ModDate"} if evidence.date else set())


def test_metadata_claims_both_standards(document: pikepdf.Pdf, evidence: Evidence) -> None:
    with document.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
        assert evidence.name in metadata["dc:title"]
    xmp = document.Root.Metadata.read_bytes().decode()
    assert xmp.count("<rdf:RDF") == 1
    assert "pdfaExtension:schemas" in xmp
    if evidence.date:
        assert evidence.date in xmp
        assert evidence.date.replace("-", "") in str(document.docinfo["/CreationDate"])
    else:
        assert "/CreationDate" not in document.docinfo


def test_all_fonts_are_embedded_subsets(document: pikepdf.Pdf) -> None:
    fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Subtype") == "/Type0"]
    kinds = {
        str(o.Subtype) for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"
    }
    assert fonts
    assert kinds == {"/Type0", "/CIDFontType2"}
    for font in fonts:
        descendant = font.DescendantFonts[0]
        assert re.match(r"/[A-Z]{6}\+", str(descendant.FontDescriptor.FontName))
        assert {"/FontFile2", "/FontFile3"} & set(descendant.FontDescriptor.keys())
        assert "/ToUnicode" in font


def test_every_picture_has_a_description(document: pikepdf.Pdf, evidence: Evidence) -> None:
    figures = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
    assert len(figures) >= 2
    for figure in figures:
        assert len(str(figure.Alt)) > 20


def test_tables_have_heads(document: pikepdf.Pdf) -> None:
    heads = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/TH"]
    assert len(heads) > 40


def test_bookmarks_lead_to_every_section(document: pikepdf.Pdf) -> None:
    with document.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert titles[0] == "Page one"
    assert titles[1] == "Contents"
    assert [t.split()[0] for t in titles[2:]] == [str(i) for i in range(1, 20)]


def test_it_stays_small(pdf: bytes) -> None:
    assert len(pdf) < 1_000_000


def test_qpdf_finds_no_error(pdf: bytes, tmp_path: Path) -> None:
    qpdf = shutil.which("qpdf")
    if qpdf is None:
        pytest.skip("qpdf is not installed")
    path = tmp_path / "card.pdf"
    path.write_bytes(pdf)
    done = subprocess.run([qpdf, "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_are_numbered_and_headed(pdf: bytes, tmp_path: Path, evidence: Evidence) -> None:
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("pdftotext is not installed")
    path = tmp_path / "card.pdf"
    path.write_bytes(pdf)
    text = subprocess.run([pdftotext, "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    for i, page in enumerate(pages, start=1):
        assert f"{i} of {len(pages)}" in page
        assert (f"{evidence.name} {evidence.version} · model card" in page) == (i > 1)
    for name, number in re.findall(r"^ *\d+ +(\S.*?)  .* (\d+)$", pages[1], flags=re.MULTILINE)[:19]:
        assert name in pages[int(number) - 1], (name, number)


def test_the_environment_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, render_strictly: Callable[..., bytes]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12345")
    render_strictly(examples.scores_only())
    assert os.environ["SOURCE_DATE_EPOCH"] == "12345"


@pytest.mark.slow
def test_the_date_of_the_plan_is_the_only_one(render_strictly: Callable[..., bytes]) -> None:
    evidence = examples.scores_only()
    undated = render_strictly(evidence)
    assert undated == render_strictly(dataclasses.replace(evidence))
    with pikepdf.open(io.BytesIO(undated)) as document:
        assert "/ModDate" not in document.docinfo


@pytest.mark.slow
@pytest.mark.parametrize("name", [n if n == "credit" else pytest.param(n, marks=long) for n in examples.ALL])
def test_two_processes_write_the_same_bytes(name: str, tmp_path: Path) -> None:
    program = (
        "import hashlib, sys\n"
        "from tests.report import examples\n"
        "from explainkit.report.html import render_html\n"
        "from explainkit.report.pdf import render_pdf\n"
        "evidence = examples.ALL[sys.argv[1]]()\n"
        "print(hashlib.sha256(render_html(evidence)).hexdigest())\n"
        "print(hashlib.sha256(render_pdf(evidence, evidence.to_json())).hexdigest())\n"
    )
    digests = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(_ROOT), "TZ": f"UTC+{seed}"}
        done = subprocess.run(
            [sys.executable, "-c", program, name],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_leaving_rules_for_footnotes_out_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = examples.scores_only()
    lean = render_pdf(evidence, evidence.to_json())
    monkeypatch.setattr(layout, "_Page", layout.HTML)
    assert render_pdf(evidence, evidence.to_json()) == lean
