"""Shipped files are found in an installed package and in a source checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from explainkit import resources
from explainkit.errors import InputError


def test_templates_and_fonts_are_found() -> None:
    assert "{{ style }}" in resources.resource("report_templates", "document.html").read_text("utf-8")
    assert "SIL Open Font License" in resources.resource("report_templates", "fonts", "OFL.txt").read_text("utf-8")
    assert resources.resource("sample_models").is_dir()


@pytest.mark.parametrize("name", ["IBMPlexSans-Regular", "IBMPlexSans-SemiBold", "IBMPlexMono-Regular"])
def test_paper_and_drawings_have_the_same_fonts_as_the_screen(name: str) -> None:
    screen = TTFont(resources.resource("report_templates", "fonts", f"{name}.woff2"), recalcTimestamp=False)
    paper = TTFont(resources.resource("report_templates", "fonts", f"{name}.ttf"), recalcTimestamp=False)
    assert screen.getGlyphOrder() == paper.getGlyphOrder()
    tables = set(screen.reader.keys())
    assert tables == set(paper.reader.keys())
    for tag in tables - {"head", "glyf", "loca"}:  # how glyphs are packed differs: the same ones are compared below
        assert screen.reader[tag] == paper.reader[tag], tag
    assert all(screen["glyf"][glyph] == paper["glyf"][glyph] for glyph in screen.getGlyphOrder())


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InputError, match=r"report_templates/none\.html: a file that explainkit ships is missing"):
        resources.resource("report_templates", "none.html")


def test_the_installed_copy_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "explainkit"
    for home in (package, tmp_path):
        (home / "report_templates").mkdir(parents=True)
        (home / "report_templates" / "a.css").write_text(home.name)
    monkeypatch.setattr(resources, "files", lambda _: package)
    assert resources.resource("report_templates", "a.css").read_text() == "explainkit"
    (package / "report_templates" / "a.css").unlink()
    (package / "report_templates").rmdir()
    assert resources.resource("report_templates", "a.css").read_text() == tmp_path.name
