"""Own templates: what they may do is done, and all else is refused in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from explainkit.artifact import sha256_of
from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.house import House, Template, sandbox
from explainkit.house.css import check_css
from explainkit.house.templates import MOST_BYTES, shipped_templates, templates_from
from explainkit.load.house import read_house, with_house
from explainkit.plan import plan_from
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from explainkit.report.own_page import difference
from explainkit.report.templating import document
from tests.assess.builders import subject_of
from tests.report import examples
from tests.report.conftest import pdf_of
from tests.report.number_check import problems

EXTENDED = '{{% extends "explainkit/document.html" %}}{{% block opening %}}{}{{% endblock %}}'


@pytest.fixture(scope="module")
def plain() -> Evidence:
    return examples.scores_only()


@pytest.fixture(scope="module")
def standard(plain: Evidence) -> str:
    return render_html(plain).decode()


def dressed(evidence: Evidence, **files: str) -> Evidence:
    """The evidence with templates, ``house_css`` and ``document_html`` being the names of files."""
    found = {name.replace("_", "."): text.encode() for name, text in files.items()}
    evidence = dataclasses.replace(evidence, house=House(templates=templates_from(found)))
    return Evidence.from_json(evidence.to_json())


def uncut(evidence: Evidence, style: str = "") -> str:
    """The page with every tag, as it is compared."""
    return document(build(evidence), medium="screen", style=style, policy=None)


def refused(evidence: Evidence, **files: str) -> str:
    """The line that says what is wrong with templates, when they are read or when the card is rendered."""
    with pytest.raises(PlanError) as caught:
        render_html(dressed(evidence, **files))
    line = str(caught.value)
    assert line.startswith("look.templates: ")
    assert "\n" not in line
    return line


@pytest.mark.slow
def test_they_add_words_and_restyle_on_page_and_paper(plain: Evidence) -> None:
    own = dressed(
        plain,
        document_html=EXTENDED.format('{% include "note.html" %}'),
        note_html='<p class="note">For {{ card.name | upper | printable }}: ask your validator.</p>',
        house_css="/* ours */ h1 { color: var(--accent); font-size: 2.5rem }",
    )
    made = render_html(own)
    assert problems(made, own) == []
    assert b"ask your validator.</p>" in made
    assert b"font-size: 2.5rem }</style>" in made
    assert difference(uncut(own, style="h1 { color: red }"), uncut(own)) is not None  # another style is not ours
    assert pdf_of(own) == pdf_of(own) != pdf_of(plain)
    assert render_html(own) == made


def test_a_copy_of_ours_makes_the_same_page(plain: Evidence, standard: str) -> None:
    ours = {name.replace(".", "_"): text for name, text in shipped_templates().items() if "/" not in name}
    own = dressed(plain, **ours)
    digest = "sha256 "
    assert render_html(own).decode().partition(digest)[0] == standard.partition(digest)[0]
    assert difference(uncut(own), uncut(own)) is None


HOSTILE: dict[str, tuple[str, str]] = {
    "class": ("{{ card.__class__ }}", "the attribute '__class__' cannot be used (document.html, line 1)"),
    "class by brackets": ("{{ card['__class__'] }}", "access to attribute '__class__' of 'Card' object is unsafe"),
    "subclasses": ("{{ ''['__class__']['__mro__'] }}", "is unsafe"),
    "attr": ("{{ card | attr('__class__') }}", "the filter 'attr' cannot be used"),
    "globals of a macro": ("{{ show.blocks['__globals__'] }}", "has no attribute '__globals__'"),
    "globals of a function": ("{{ card.look.style['__globals__'] }}", "unsafe"),
    "import of os": ('{% import "os" as os %}{{ os.system("id") }}', "a template 'os' that is not there"),
    "a file above": ('{% include "../../etc/passwd" %}', "a template '../../etc/passwd' that is not there"),
    "a file by its path": ('{% include "/etc/passwd" %}', "a template '/etc/passwd' that is not there"),
    "a name reckoned": ("{% include card.name %}", "a template is loaded by its name in quotes"),
    "several names": ('{% include ["a.html", "b.html"] %}', "cannot be used"),
    "range": ("{% for i in range(9) %}x{% endfor %}", "'range' is undefined"),
    "a method": ('{{ card.name.replace("a", "b") }}', "only macros can be called"),
    "a method of ours": ('{{ card.look.style("x") }}', "only macros can be called"),
    "format": ('{{ "{0.__class__}".format(card) }}', "only macros can be called"),
    "a long text": ('{{ "a" * 1000000000 }}', "'Mul' cannot be used"),
    "a large number": ("{{ 9 ** 9 ** 9 }}", "'Pow' cannot be used"),
    "width in a pattern": ('{{ "%1000000000d" % 1 }}', "'Mod' cannot be used"),
    "safe": ("{{ card.name | safe }}", "the filter 'safe' cannot be used"),
    "escaping off": ("{% autoescape false %}x{% endautoescape %}", "cannot be used"),
    "lists": ("{% set a = [1] %}", "'List' cannot be used"),
    "doubling": ("{% macro m(x) %}{{ m(x + x) }}{% endmacro %}{{ m('abcdefgh') }}", "puts too long a text together"),
    "doubling by printing": (
        "{% macro m(x) %}{{ m(m(x ~ 'a')) }}{% endmacro %}{{ m('a') }}",
        "'Concat' cannot be used",
    ),
    "macros without end": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "call each other without end"),
    "macros that branch": (
        "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "goes on for too long",
    ),
    "includes that branch": ('{% include "document.html" %}{% include "document.html" %}', "goes on for too long"),
    "loops within loops": (
        "".join(f"{{% for a{i} in card.title %}}" for i in range(12)) + "{% endfor %}" * 12,
        "goes on for too long",
    ),
    "a loop that writes much": (
        "{% for a in card.title %}{% for b in card.title %}{% for c in card.title %}"
        + "words " * 10_000
        + "{% endfor %}{% endfor %}{% endfor %}",
        "goes on for too long",
    ),
    "a loop that calls itself": ("{% for a in card.title recursive %}{{ loop(a) }}{% endfor %}", "cannot call itself"),
    "an object": ("{{ card }}", "prints 'Card': only texts and whole numbers are printed"),
    "a number of its own": ("<p>AUC: 0.99</p>", "a number that explainkit does not print: 'AUC: 0.99'"),
    "a number in pieces": ("<p>0.<b>9</b><i>9</i></p>", "a number that explainkit does not print: '0.'"),
    "a number reckoned": ("{{ (card.sections | length) + 100000 }}", "a number that explainkit does not print"),
    "a number as a label": ('<p data-text="label">Version 7</p>', "a number that explainkit does not print"),
    "a number of another script": ("<p>٠٫٩٩</p>", "a number that explainkit does not print"),
    "a number read aloud": ('<p aria-label="AUC 0.99">x</p>', "a number that explainkit does not print"),
    "a number unlike its figure": (
        '<p><data value="0.99" data-figure="performance.roc_auc" data-field="value">high</data></p>',
        "<data> where explainkit prints none",
    ),
    "a script": ("<script>alert()</script>", "<script> where explainkit prints none"),
    "a handler": ('<p onclick="alert()">x</p>', "the attribute onclick="),
    "a style": ('<p style="display:none">x</p>', "the attribute style="),
    "a style sheet": ("<style>p{display:none}</style>", "<style> where explainkit prints none"),
    "a link out": ('<a href="https://example.org/">x</a>', "the attribute href='https://example.org/' of <a>"),
    "a frame": ('<iframe src="data:text/html,x"></iframe>', "the element <iframe>"),
    "a form": ('<form action="https://example.org/"></form>', "the element <form>"),
    "a base": ('<base href="https://example.org/">', "the element <base>"),
    "a picture": ('<img src="data:image/png;base64,AAAA" alt="x">', "<img> where explainkit prints none"),
    "a comment": ("<!-- hidden -->", "a comment"),
    "a declaration": ("<![CDATA[x]]>", "a "),
    "what is never closed": ("<section>", "where <section> is open"),
    "an id twice": ('<p id="front">x</p>', "the id 'front' twice"),
    "another syntax": ("{% if %}", "Expected an expression"),
    "an unknown name": ("{{ nothing }}", "'nothing' is undefined"),
    "an unknown tag": ("{% system %}", "unknown tag 'system'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_does_more_than_set_type_is_refused(
    name: str, plain: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_MOST_WORK", 1 << 25)  # as much as the page of this evidence needs, several times
    body, message = HOSTILE[name]
    assert message in refused(plain, document_html=EXTENDED.format(body))


def swap(old: str, new: str, template: str = "document.html") -> Callable[[], dict[str, str]]:
    def change() -> dict[str, str]:
        text = shipped_templates()[template]
        assert old in text
        return {template.replace(".", "_"): text.replace(old, new)}

    return change


CHANGED: dict[str, tuple[Callable[[], dict[str, str]], str]] = {
    "figures dropped": (swap("{{ part | number }}", "", "blocks.html"), "no <data> where explainkit prints one"),
    "figures rounded": (
        swap("{{ part | number }}", "{{ part.figure.value }}", "blocks.html"),
        "prints 'float'",
    ),
    "figures as bare text": (
        swap("{{ part | number }}", "<b>{{ part.figure.id }}</b>", "blocks.html"),
        "no <data> where explainkit prints one",
    ),
    "marks dropped": (
        swap(
            '<span class="mark {{ part.tone }}{% if " " in part.text %} words{% endif %}">{{ part.text }}</span>',
            "",
            "blocks.html",
        ),
        " missing",
    ),
    "notes dropped": (
        swap(
            '<p class="{{ block.style }}">',
            '{% if block.style != "alert" %}<p class="{{ block.style }}">',
            "blocks.html",
        ),
        "Encountered unknown tag",
    ),
    "answers dropped": (swap('say("NOT PROVIDED")', '""', "blocks.html"), "'NOT PROVIDED' missing"),
    "answers filled in": (swap('say("NOT PROVIDED")', '"provided"', "blocks.html"), "'NOT PROVIDED' missing"),
    "a section dropped": (
        swap(
            "{% for section in card.sections %}\n<section",
            '{% for section in card.sections if section.id != "ledger" %}\n<section',
        ),
        "no <data> where explainkit prints one",
    ),
    "order changed": (
        swap(
            "{{ show.blocks(card.front",
            "{{ show.blocks(card.sections[0].blocks, card, medium, 2, escapes, marks, "
            '"front-title") }}{{ show.blocks(card.front',
        ),
        "explainkit",
    ),
    "hidden where it stood open": (
        swap('<section class="front" id="front">', '<section class="front away" id="front">'),
        " missing, and ",
    ),
    "hidden in what is folded": (
        swap("{{ show.blocks(card.front", "<details><summary>More</summary>{{ show.blocks(card.front"),
        "where",
    ),
    "policy dropped": (swap('<meta http-equiv="Content-Security-Policy" content="{{ policy }}">', ""), "no <meta>"),
    "charts dropped": (swap("{{ block | drawing(card, drawn) }}", "", "blocks.html"), "no <"),
    "the digest dropped": (swap('<code data-text="label">sha256:{{ card.digest }}</code>', ""), "missing"),
    "a name mistyped": (
        lambda: {"documnet_html": "x"},
        "a template 'documnet.html' that nothing uses; remedy: did you",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_page_that_is_not_the_card_is_refused(name: str, plain: Evidence) -> None:
    change, message = CHANGED[name]
    assert message in refused(plain, **change())


def test_dropping_on_paper_alone_is_refused_too(plain: Evidence) -> None:
    text = shipped_templates()["blocks.html"].replace(
        "{{ part | number }}", "{% if card.sections | length == 0 %}{% endif %}{{ part | number }}"
    )
    assert render_html(dressed(plain, blocks_html=text))
    text = (
        shipped_templates()["document.html"]
        .replace("{{ show.blocks(card.front", '{% if medium == "screen" %}{{ show.blocks(card.front')
        .replace('marks, "front-title") }}', 'marks, "front-title") }}{% endif %}')
    )
    own = dressed(plain, document_html=text)
    assert render_html(own)
    with pytest.raises(PlanError, match="the page is not the card"):
        pdf_of(own)


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("@import url(https://example.org/x.css);", "'@import', an at-rule"),
        ("@media print { p { margin: 0 } }", "'@media', an at-rule"),
        ("p { background: url(data:image/png;base64,AA) }", "the character '/'"),
        ("p { background: none }", "the property 'background'"),
        ("p { display: none }", "the property 'display'"),
        ("p { visibility: hidden }", "the property 'visibility'"),
        ("p { opacity: 0 }", "the property 'opacity'"),
        ("p { position: absolute }", "the property 'position'"),
        ("p::after { content: '0.99' }", 'the character "\'"'),
        ("p::after { content: counter(x) }", "the property 'content'"),
        ("p { color: #ffffff }", "color: #ffffff"),
        ("p { font-size: .1rem }", "font-size: .1rem"),
        ("p { font-size: 0 }", "font-size: 0"),
        ("p { margin-left: -999px }", "margin-left: -999px"),
        ("p { margin: 9999px }", "margin: 9999px"),
        ("p { line-height: 0 }", "line-height: 0"),
        ("p { --ink: #fff }", "the property '--ink'"),
        ("p { color: var(--page) }", "color: var(--page)"),
        ("p { di\\73play: none }", "the character '\\\\'"),
        ("p { margin: 0 } </style><script>alert(1)</script>", "the character '<'"),
        ("/* </style> */", "the character '<'"),
        ('p { font-family: "/*"; } q { display: none } a { color: "*/" }', "the character '\"'"),
        ("p { margin: 0", "which is no rule"),
        ("p { q { margin: 0 } }", "which is no rule"),
        ("p { margin: 0 } /* never closed", "the character '/'"),
        ("p { margin: 0; display }", "the property 'display'"),
    ],
)
def test_a_style_sheet_that_could_hide_or_write_is_refused(style: str, message: str, plain: Evidence) -> None:
    with pytest.raises(ValueError) as caught:
        check_css(style)
    assert message in str(caught.value)
    assert "house.css: a style sheet that cannot be used" in refused(plain, house_css=style)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "0 files"),
        ({"house.css": b"\xff"}, "bytes that are not UTF-8"),
        ({"page.php": b""}, "found 'page.php'; allowed: house.css and up to 16 templates"),
        ({"../document.html": b""}, "found '../document.html'"),
        ({"document.html": b"x" * (MOST_BYTES + 1)}, "the templates are too large"),
        ({f"t{i}.html": b"" for i in range(18)}, "18 files"),
    ],
)
def test_what_is_no_folder_of_templates(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        templates_from(files)
    assert message in str(caught.value)


def test_the_folder_is_read_and_the_ledger_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "house.css").write_text("h1 { margin: 0 }")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "document.html").write_text(EXTENDED.format("<p>Words.</p>"))
    plan = plan_from({"look": {"templates": "templates"}})
    house = read_house(plan, base=tmp_path)
    assert house is not None
    assert [file.name for file in house.templates] == ["document.html", "house.css"]
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    printed = "".join(f"{sha256_of(path.read_bytes())}  {path.name}\n" for path in names)
    assert house.templates_digest == "sha256:" + sha256_of(printed.encode())
    subject = with_house(subject_of(scores=[0.1, 0.9], labels=[0, 1]), plan, base=tmp_path)
    assert house.templates_digest in subject.ledger[-1].reason
    assert plan.document()["look"] == {"templates": "templates"}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "document.html").symlink_to("/etc/passwd")
    plan = plan_from({"look": {"templates": "templates"}})
    with pytest.raises(PlanError, match="document.html: not a folder of templates; found a link"):
        read_house(plan, base=tmp_path)
    with pytest.raises(PlanError, match="no such folder"):
        read_house(plan, base=tmp_path / "elsewhere")


def test_templates_in_a_card_are_checked_again(plain: Evidence) -> None:
    for name, text in (("../x.html", ""), ("document.html", "{{ x.__class__ }}"), ("house.css", "p{display:none}")):
        house = House(templates=(Template(name=name, text=text),))
        with pytest.raises(PlanError, match="look.templates"):
            render_html(dataclasses.replace(plain, house=house))
