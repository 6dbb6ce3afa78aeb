"""Pages read as XML: the tree that a reader of HTML finds, or none."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5

from explainkit.evidence import Evidence
from explainkit.report.assemble import build
from explainkit.report.lean import lean
from explainkit.report.parting import parted
from explainkit.report.reading import read
from explainkit.report.templating import document
from tests.report import examples

HEAD = '<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>a &amp; b</title>\n</head>\n'
HOSTILE = "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &#39; 🦄 שלום \u202e\u2028\x85\x7f]] &amp;lt; &nbsp;"


def whole(body: str, head: str = HEAD) -> str:
    return f"<!DOCTYPE html>\n{head}<body>\n{body}\n</body>\n</html>\n"


def parts(root: Element) -> list[Any]:
    return [(each.tag, list(each.items()), each.text or "", each.tail or "", len(each)) for each in root.iter()]


def as_html(page: str) -> list[Any]:
    return parts(tinyhtml5.parse(page, namespace_html_elements=False))


def assert_same(page: str) -> None:
    found = read(page)
    assert found is not None
    assert parts(found) == as_html(page)


def test_a_card_is_read(evidence: Evidence) -> None:
    page = document(build(evidence), medium="paper", style="p > a { content: '<&' }", policy=None)
    assert_same(page)
    for half in parted(lean(page), least=0):
        assert_same(half)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(examples.ALL))
def test_cards_are_read(name: str) -> None:
    assert_same(document(build(examples.ALL[name]()), medium="paper", style="", policy=None))


@pytest.mark.parametrize(
    "body",
    [
        f"<p>{HOSTILE}</p>",
        f'<p><bdi data-text="{HOSTILE}">{HOSTILE}</bdi></p>',
        "<p>" + "a" * 5000 + "</p>",
        "text <em>of <strong>a</strong></em> body",
        '<p>one<br>two<wbr>three <img alt="a &gt; b" src="data:image/png;base64,AAA="></p><hr>',
        "<dl><div><dt>a</dt><dd><p>b</p><dl><dt>c</dt></dl></dd></div></dl>",
        "<table>\n<caption>a</caption> <thead><tr><th>b</th></tr></thead>\n</table>",
        "<table><tbody> <tr> <td>a <p>b</p></td></tr>\n</tbody></table>",
        "<ul>\n<li>a<ul><li>b</li></ul></li></ul>",
        '<p dir="auto">a\nb\tc</p>',
        "",
    ],
)
def test_what_both_languages_share_is_read(body: str) -> None:
    assert_same(whole(body))


@pytest.mark.parametrize(
    "body",
    [
        "<p>a<p>b</p></p>",
        "<p>a<div>b</div></p>",
        "<p><span><ul><li>a</li></ul></span></p>",
        "<h2>a<h3>b</h3></h2>",
        "<table><tr><td>a</td></tr></table>",
        "<table><tbody><tr>a<td>b</td></tr></tbody></table>",
        "<table><tbody><div>a</div></tbody></table>",
        "<ul><li>a<li>b</li></li></ul>",
        "<dl><dd><div><dt>a</dt></div></dd></dl>",
        '<a href="#a">a<span><a href="#b">b</a></span></a>',
        "<div/>a",
        "<p>a</p/>",
        "a<br></br>b",
        "<p>a<!-- b -->c</p>",
        "<?a b?>c",
        "<![CDATA[a]]>",
        "a\r\nb",
        "a\x0cb",
        "a\x00b",
        "a\x01b",
        "\ufffe",
        "]]>",
        "&#128;&eacute;&copy",
        "&",
        '<p title="a\nb">c</p>',
        "<p title='a\nb'>c</p>",
        "<p title=a>b</p>",
        "<p hidden>b</p>",
        '<p Title="a">b</p>',
        '<p title="a" title="b">c</p>',
        '<p xml:lang="de">a</p>',
        '<p xmlns="b">a</p>',
        '<p xmlns:c="b">a</p>',
        "<P>a</P>",
        "<pre>\na</pre>",
        "<svg><p>a</p></svg>",
        "<textarea><p></p></textarea>",
        "<script>a</script>",
        "<style>p { }</style>",
        "<b>a</b>",
        "</body></html><p>a</p>",
        "<em><p>a</em></p>",
    ],
)
def test_what_they_do_not_share_is_not_read(body: str) -> None:
    assert read(whole(body)) is None


@pytest.mark.parametrize(
    "page",
    [
        whole("a").removeprefix("<!DOCTYPE html>\n"),
        whole("a", head=HEAD.replace("a &amp; b", "<em>a</em>")),
        whole("a", head=HEAD.replace("</head>", '<style media="a">b &amp; c</style></head>')),
        whole("a", head=HEAD.replace("</head>", "</head><p>a</p>")),
        whole("a", head=HEAD.replace("<meta", "b<meta")),
        whole("a", head="<html>"),
        "",
    ],
)
def test_other_heads_are_not_read(page: str) -> None:
    assert read(page) is None


def test_a_style_is_read_as_it_stands() -> None:
    rules = 'p > a::before { content: "&amp;\\26" } /* <p> </head> ]]> */'
    assert_same(whole("<p>a</p>", head=HEAD.replace("</head>", f"<style>{rules}</style><style></style></head>")))
