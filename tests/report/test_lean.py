"""Tables on paper with fewer elements: the same text in the same places, and nothing left out that is seen."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from explainkit.evidence import Evidence
from explainkit.report import pdf as pdf_module
from explainkit.report.assemble import build
from explainkit.report.lean import lean
from explainkit.report.templating import document
from tests.report import examples

NUMBER = '<data value="0.5" data-figure="a" data-field="value">0.500</data>'


def test_the_text_of_a_page_stays(evidence: Evidence) -> None:
    page = document(build(evidence), medium="paper", style="", policy=None)
    thinner = lean(page)
    assert re.sub("<[^>]*>", "", thinner) == re.sub("<[^>]*>", "", page)
    assert thinner.count("<data ") < 0.8 * page.count("<data ")
    assert {tag: thinner.count(f"<{tag}") for tag in ("td", "th", "br", "code", "img", "strong")} == {
        tag: page.count(f"<{tag}") for tag in ("td", "th", "br", "code", "img", "strong")
    }


@pytest.mark.parametrize(
    "kept",
    [
        f"<p>{NUMBER} in a sentence</p>",
        f"<td>a<br>{NUMBER}</td>",  # a second line is set smaller
        f"<td>{NUMBER.replace('0.500', '1234567.89')}</td>",  # too long for some columns: it stays in one line
        '<td><bdi data-text="label">Größe</bdi></td>',
        '<td><bdi class="strong" data-text="label">all</bdi></td>',
        '<td><bdi data-text="label">عمر</bdi></td>',
        f"<td>{NUMBER} – {NUMBER}</td>",  # letters of one run of text may stand closer than those of two
        '<td><code data-text="label">a[b=c]</code></td>',
    ],
)
def test_what_changes_something_on_paper_stays(kept: str) -> None:
    assert lean(kept) == kept


def test_a_cell_beside_one_of_two_lines_is_leaner() -> None:
    two = f"<td>a<br>{NUMBER}</td>"
    assert lean(f"<tr>{two}<td>{NUMBER}</td>{two}</tr>") == f"<tr>{two}<td>0.500</td>{two}</tr>"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["credit", "species", "diabetes"])
def test_pages_look_the_same(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pdftoppm = shutil.which("pdftoppm")
    if pdftoppm is None:
        pytest.skip("pdftoppm is not installed")
    evidence = examples.ALL[name]()
    made = {"lean": pdf_module.render_pdf(evidence, evidence.to_json())}
    monkeypatch.setattr(pdf_module, "lean", lambda page: page)
    made["full"] = pdf_module.render_pdf(evidence, evidence.to_json())
    assert len(made["lean"]) < len(made["full"])
    pictures = {}
    for kind, data in made.items():
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "card.pdf").write_bytes(data)
        subprocess.run([pdftoppm, "-r", "60", folder / "card.pdf", folder / "page"], check=True)
        pictures[kind] = [path.read_bytes() for path in sorted(folder.glob("*.ppm"))]
    assert len(pictures["lean"]) > 5
    assert pictures["lean"] == pictures["full"]
