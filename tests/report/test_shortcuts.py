"""The process that prints goes other ways than WeasyPrint itself: to the same bytes."""

from __future__ import annotations

import base64

import pytest
import weasyprint

from explainkit.report import shortcuts
from explainkit.report.faces import faces
from explainkit.report.layout import printed
from explainkit.report.parting import parted
from explainkit.report.printer import Sheet
from tests.report import examples
from tests.report.test_halves import sheet_of

DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 80" font-family="Plex Sans">
<text x="5" y="20" font-size="9">Share given</text><text x="5" y="40" font-size="9" font-weight="600">Share</text>
<text x="5" y="60" font-size="7" transform="rotate(-30 5 60)" letter-spacing="1">Share</text>
<text x="50 60 70" y="60" font-size="9" rotate="10 20">a b</text><text x="80" y="60" textLength="60">stretched</text>
<text x="5" y="75" font-size="9" direction="rtl">&#1513;&#1500;&#1493;&#1501;</text></svg>"""
WORDS = "Words of several lines, with Donaudampfschifffahrt and 12\u202f345\u00a0%, affluent offices " * 3
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>-</title><style>
{faces("paper")}
@page {{ size: 90mm 120mm; margin: 8mm; @bottom-right {{ content: counter(page) " of " counter(pages) }} }}
body {{ font: 9pt/1.4 "Plex Sans", sans-serif; font-variant-numeric: tabular-nums; --ink: #123; color: var(--ink) }}
* {{ box-sizing: border-box }}
.justified {{ text-align: justify; hyphens: auto; overflow-wrap: anywhere }}
.spaced {{ letter-spacing: .1em }} .words {{ word-spacing: .3em; text-decoration: underline overline line-through }}
.short {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis; width: 30mm }}
.clamped {{ max-height: 3em; line-clamp: 2; block-ellipsis: auto }}
.first::first-letter {{ font-size: 2em; float: left }} .first::first-line {{ font-weight: 600 }}
.logical {{ margin-inline-start: 5mm; padding-block: 1mm; border-inline-end: 1pt solid; inline-size: 40mm }}
.flex {{ display: flex }} .flex > * {{ width: 30%; padding: 2%; height: 9mm; border: 1px solid }}
.grid {{ display: grid; grid-template-columns: 1fr 2fr }} .narrow {{ width: 8mm; overflow-wrap: anywhere }}
.pre {{ white-space: pre-wrap; tab-size: 4 }} .content {{ box-sizing: content-box; width: calc(50% - 3mm) }}
table {{ border-collapse: collapse; width: 100% }} td {{ border-bottom: 1px solid; padding: 1mm 2% }}
.apart {{ border-collapse: separate; border-spacing: 2mm }} td.tall {{ height: 12mm; vertical-align: middle }}
li {{ list-style: decimal }} .turned {{ border-radius: 20% 3px; background: #eee; position: relative; left: 4% }}
</style></head><body>
<p class="justified">{WORDS}</p><p class="justified first">{WORDS}</p>
<p class="spaced">{WORDS}</p><p class="words">{WORDS}</p>
<p class="short">{WORDS}</p>
<p class="clamped">{WORDS}</p><div class="logical">{WORDS}</div><p class="narrow">{WORDS}</p>
<p class="pre">a\tb\n\n c \u2028d\u2029e\x85f</p>
<p dir="rtl">\u05e9\u05dc\u05d5\u05dd {WORDS}</p><p lang="de">soft\u00adhyphen</p>
<div class="flex"><div>{WORDS[:40]}</div><div>b</div></div><div class="grid"><p>a</p><p>{WORDS}</p></div>
<div class="content turned">{WORDS}</div><ol><li>a</li><li>b<br>c</li></ol>
<table><tbody><tr><td class="tall">a</td><td>{WORDS}</td></tr><tr><td>c</td><td>d</td></tr></tbody></table>
<table class="apart"><tbody><tr><td class="tall">a</td><td>{WORDS}</td></tr></tbody></table>
<img alt="a" src="data:image/svg+xml;base64,{base64.b64encode(DRAWING).decode()}">
<img alt="b" src="data:image/svg+xml;base64,{base64.b64encode(DRAWING.replace(b"Share", b"Sum")).decode()}">
</body></html>"""


def plain(page: str) -> Sheet:
    return Sheet(page=page, attachment=b"", name="-", described="-", date="2026-01-01")


@pytest.mark.parametrize("own", [False, True], ids=["card", "other styles"])
def test_shortcuts_change_no_byte(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = plain(PAGE) if own else sheet_of(examples.scores_only(), lambda page: parted(page, least=0))
    before = printed(sheet)
    assert shortcuts.take(monkeypatch.setattr)
    after = printed(sheet)
    monkeypatch.undo()
    assert after == before
    assert not own or before.pdf.count(b"/Type /Page/") > 1


def test_other_versions_go_their_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weasyprint, "__version__", "70.1")
    assert not shortcuts.take(pytest.fail)
