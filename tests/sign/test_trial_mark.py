"""What is signed with a TEST certificate says so on every page, and nothing else does."""

from __future__ import annotations

import importlib.util
import io
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from explainkit.errors import InputError
from explainkit.sign.keys import TrialKeys
from explainkit.sign.release import sign_release
from explainkit.sign.trial_mark import BANNER, WORDS, marked_pages
from tests.sign.builders import make_evidence, make_files, read, write
from tests.sign.certificate_kit import authority, save, seal

ARTIFACT = b"/Artifact <</Type /Pagination /Subtype /Watermark>> BDC\n"


@pytest.fixture(scope="module")
def long_files() -> dict[str, bytes]:
    """A release whose PDF has several pages."""
    from tests.sign.builders import make_pdf

    evidence = make_evidence()
    files = make_files(evidence)
    body = "".join(f"<p style='break-after: page'>page {i} with words</p>" for i in range(3))
    html = files["card.html"].replace(b"</body>", body.encode() + b"</body>")
    return {**files, "card.html": html, "card.pdf": make_pdf(html, files["card.json"])}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys, long_files: dict[str, bytes]) -> Path:
    folder = write(tmp_path_factory.mktemp("trial") / "release", long_files)
    sign_release(folder, keys.signer)
    return folder


def marks(pdf: bytes) -> list[bool]:
    """Of each page, whether the mark is drawn on it, last and as an artifact."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        found = []
        for page in document.pages:
            streams = [bytes(s.read_bytes()) for s in page.Contents] if page.Contents is not None else []
            drawn = ARTIFACT in streams[-1] and b"/TrialMark Do" in streams[-1]
            resources = page.obj.get("/Resources", page.obj.Parent.get("/Resources"))
            found.append(drawn and "/TrialMark" in resources.XObject and "/TrialMark" in resources.ExtGState)
        return found


def test_every_page_of_a_trial_is_marked(signed: Path) -> None:
    found = marks((signed / "card.pdf").read_bytes())
    assert len(found) >= 3
    assert all(found)
    assert BANNER in (signed / "card.html").read_bytes()


def test_what_was_there_before_is_recovered_exactly(signed: Path, long_files: dict[str, bytes]) -> None:
    files = read(signed)
    assert files["card.pdf"].startswith(long_files["card.pdf"])
    assert files["card.html"].replace(BANNER, b"") == long_files["card.html"]
    assert files["card.html"].count(BANNER) == 1


def test_a_real_certificate_leaves_no_mark(tmp_path: Path, long_files: dict[str, bytes]) -> None:
    ca = authority("A real authority")
    folder = write(tmp_path / "release", long_files)
    (tmp_path / "key").mkdir()
    sign_release(folder, save(tmp_path / "key", seal("A bank", issuer=ca)))
    files = read(folder)
    assert b"TrialMark" not in files["card.pdf"]
    assert files["card.html"] == long_files["card.html"]
    with pikepdf.open(io.BytesIO(files["card.pdf"])) as document:
        assert not any("/TrialMark" in o for o in document.objects if isinstance(o, pikepdf.Dictionary))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_the_text_and_its_order_stay(signed: Path, tmp_path: Path, long_files: dict[str, bytes]) -> None:
    (tmp_path / "before.pdf").write_bytes(long_files["card.pdf"])

    def text(path: Path) -> bytes:
        return subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout

    before = text(tmp_path / "before.pdf")
    assert b"page 2 with words" in before
    assert text(signed / "card.pdf") == before


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
def test_the_mark_is_seen_and_hides_nothing(signed: Path, tmp_path: Path, long_files: dict[str, bytes]) -> None:
    (tmp_path / "before.pdf").write_bytes(long_files["card.pdf"])
    for name, path in (("before", tmp_path / "before.pdf"), ("after", signed / "card.pdf")):
        subprocess.run(["pdftoppm", "-gray", "-r", "40", path, tmp_path / name], check=True)
    pages = sorted(tmp_path.glob("after-*.pgm"))
    assert len(pages) >= 3
    for page in pages:
        before, after = (p.read_bytes() for p in (page.with_name(page.name.replace("after", "before")), page))
        changed = [b - a for b, a in zip(before, after, strict=True) if a != b]
        assert len(changed) > len(before) / 50
        assert max(changed) < 80  # faint: white stays light, and ink stays ink


def test_structure_and_metadata_stay(signed: Path, long_files: dict[str, bytes]) -> None:
    with (
        pikepdf.open(io.BytesIO(long_files["card.pdf"])) as before,
        pikepdf.open(signed / "card.pdf") as after,
    ):
        fonts = [
            sum(o.get("/Type") == "/Font" for o in d.objects if isinstance(o, pikepdf.Dictionary))
            for d in (before, after)
        ]
        assert fonts[0] == fonts[1] > 0
        assert after.Root.StructTreeRoot.objgen == before.Root.StructTreeRoot.objgen
        assert [str(i.S) for i in after.Root.OutputIntents] == ["/GTS_PDFA1"]  # what transparency asks for
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()


def test_public_pages_are_marked_and_other_files_are_not() -> None:
    page = b"<html><head><title>x</title></head>\n<body class='screen'><p>x</p></body></html>"
    found = marked_pages({"public/summary.html": page, "card.json": b"{}", "VERIFY.md": b"x"})
    assert found == {"public/summary.html": page.replace(b"'screen'>", b"'screen'>" + BANNER)}
    assert WORDS.encode() in BANNER


@pytest.mark.parametrize("page", [b"<p>no body", b"<head></head><body><head></head><body>"])
def test_a_page_without_one_body_is_refused(page: bytes) -> None:
    with pytest.raises(InputError, match="cannot be marked as signed with a TEST key"):
        marked_pages({"card.html": page})


@pytest.mark.repository
def test_the_outlines_are_those_of_the_shipped_font() -> None:
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("make_trial_mark", root / "tools" / "make_trial_mark.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.OUTLINES.read_text("ascii") == tool.outlines()
