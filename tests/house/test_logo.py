"""Which files may be the logo, and where it is shown."""

from __future__ import annotations

import dataclasses
import io

import pikepdf
import pytest
from PIL import Image

from explainkit.errors import PlanError
from explainkit.evidence import Evidence
from explainkit.house import House, Logo
from explainkit.house.logo import MOST_BYTES, checked, logo_from
from explainkit.plan import plan_from
from explainkit.report.html import render_html
from tests.house.pictures import SVG, chunk, png, svg
from tests.report import examples
from tests.report.conftest import pdf_of
from tests.report.number_check import Page, problems

LINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
ENTITIES = "".join(f'<!ENTITY e{i + 1} "&e{i};&e{i};&e{i};&e{i};&e{i};&e{i};&e{i};&e{i};">' for i in range(9))

HOSTILE_SVG: dict[str, tuple[bytes, str]] = {
    "script": (svg("<script>alert(1)</script>"), "element 'script' in 'svg'"),
    "script of another language": (svg("<SCRIPT/>"), "element 'SCRIPT'"),
    "handler": (svg(opening='onload="alert(1)"'), "attribute 'onload' of 'svg'"),
    "handler on a shape": (svg('<rect onclick="x()" width="1" height="1"/>'), "attribute 'onclick' of 'rect'"),
    "foreign object": (
        svg('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'),
        "foreignObject",
    ),
    "html within": (svg('<p xmlns="http://www.w3.org/1999/xhtml">x</p>'), "element 'p', which is none of SVG"),
    "no namespace": (b'<svg viewBox="0 0 1 1"/>', "element 'svg', which is none of SVG"),
    "entity bomb": (
        f'<!DOCTYPE svg [<!ENTITY e0 "ha">{ENTITIES}]>'.encode() + svg("<title>&e9;</title>"),
        "a document type declaration",
    ),
    "outer entity": (b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("&x;"), "a document type"),
    "doctype alone": (b'<!DOCTYPE svg SYSTEM "http://example.org/x.dtd">' + svg(), "a document type declaration"),
    "style sheet by instruction": (b'<?xml-stylesheet href="http://example.org/x.css"?>' + svg(), "a processing"),
    "style sheet": (svg("<style>@import url(http://example.org)</style>"), "element 'style'"),
    "picture": (svg('<image href="file:///etc/passwd"/>'), "element 'image'"),
    "use": (svg('<g id="a"/><use href="#a"/>'), "element 'use'"),
    "link": (svg('<a href="javascript:alert(1)"><path d="M0 0"/></a>'), "element 'a'"),
    "animation": (svg('<rect width="1" height="1"><set attributeName="x"/></rect>'), "element 'set'"),
    "text": (svg("<text>AUC 0.99</text>"), "element 'text'"),
    "loose text": (svg("0.99"), "text in 'svg'"),
    "href outside": (svg(f'<linearGradient {LINK} xlink:href="http://example.org/x#a"/>'), "href="),
    "href to a file": (svg('<linearGradient href="file:///etc/passwd#a"/>'), "href='file:///etc/passwd#a'"),
    "href on a shape": (svg('<path href="#a" d="M0 0"/>'), "attribute 'href' of 'path'"),
    "href to nothing": (svg('<linearGradient id="a" href="#b"/>'), "a reference to 'b'"),
    "gradients in a ring": (
        svg('<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>'),
        "a chain of gradients",
    ),
    "paint from outside": (svg('<rect fill="url(http://example.org/#a)" width="1" height="1"/>'), "fill="),
    "style from outside": (svg('<g style="fill:url(http://example.org/)"/>'), "fill="),
    "style unknown": (svg('<g style="background:red"/>'), "property 'background' in a style"),
    "style expression": (svg('<g style="fill:expression(alert(1))"/>'), "fill="),
    "clip within a clip": (
        svg('<clipPath id="a"/><clipPath id="b"><rect clip-path="url(#a)" width="1" height="1"/></clipPath>'),
        "a clip within a clip",
    ),
    "gradient that viewers drop": (
        svg('<linearGradient id="a"/><rect fill="url(#a)" width="1" height="1"/>'),
        "without gradientUnits",
    ),
    "number too large": (svg('<path d="M0 0L1e99 0"/>'), "the number 1e99"),
    "number beyond number": (svg('<path d="M0 0L1e999 0"/>'), "the number 1e99"),
    "other metadata": (svg('<x:name xmlns:x="urn:x"/>'), "element 'name'"),
    "no size": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a size that cannot be known"),
    "a thread": (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1"/>', "more than 20 times"),
    "nothing": (b"", "no element found"),
    "not XML": (b"\x89PNG", "not UTF-8"),
    "other encoding": (SVG.encode("utf-16"), "not UTF-8"),
    "many elements": (svg("<g/>" * 2001), "more than 2000 elements"),
    "deep": (svg("<g>" * 40 + "</g>" * 40), "more than 32 within each other"),
    "id twice": (svg('<g id="a"/><g id="a"/>'), "the id 'a' twice"),
}
HOSTILE_PNG: dict[str, tuple[bytes, str]] = {
    "svg within": (SVG.encode(), "no PNG signature"),
    "signature alone": (b"\x89PNG\r\n\x1a\n", "no chunk"),
    "cut short": (png()[:-20], "a chunk that goes beyond the file"),
    "bytes after": (png(after=b"MZ"), "bytes after the last chunk"),
    "a file after": (png(after=chunk(b"IDAT", b"x")), "chunks in a wrong order"),
    "text": (png(more=chunk(b"tEXt", b"Comment\0hello")), "chunk 'tEXt'"),
    "place taken": (png(more=chunk(b"eXIf", b"GPS")), "chunk 'eXIf'"),
    "animation": (png(more=chunk(b"acTL", bytes(8))), "chunk 'acTL'"),
    "profile": (png(more=chunk(b"iCCP", b"x\0\0x")), "chunk 'iCCP'"),
    "wrong checksum": (png().replace(b"IDAT", b"IDAX"), "a wrong checksum"),
    "wide": (png(2001, 1), "2001 × 1 pixels"),
    "huge by its word": (png(2**31 - 1, 2**31 - 1, pixels=b""), "pixels (at most 2000"),
    "bomb": (png(10, 10, pixels=bytes(50_000_000)), "more or fewer pixels"),
    "too few pixels": (png(10, 10, pixels=b"\0" * 7), "more or fewer pixels"),
    "unknown filter": (png(1, 1, pixels=b"\x05aaaa"), "an unknown filter"),
    "interlaced": (png(interlaced=1), "an interlaced picture"),
    "deep": (png(depth=16, colour=2, pixels=(b"\0" + bytes(240)) * 20), "16 bits of colour type 2"),
    "no palette": (png(colour=3).replace(chunk(b"PLTE", b"\x14\x5a\x3c"), b""), "a palette"),
    "not packed": (png(packed=b"not packed at all"), "pixels that cannot be unpacked"),
}


@pytest.mark.parametrize("name", HOSTILE_SVG)
def test_an_svg_that_does_more_than_draw_is_refused(name: str) -> None:
    data, message = HOSTILE_SVG[name]
    with pytest.raises(PlanError) as caught:
        logo_from("logo.svg", data)
    assert message in str(caught.value)
    assert str(caught.value).startswith("look.logo: logo.svg: the logo cannot be used; found ")
    assert "; allowed: an SVG of shapes" in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE_PNG)
def test_a_png_that_is_more_than_pixels_is_refused(name: str) -> None:
    data, message = HOSTILE_PNG[name]
    with pytest.raises(PlanError) as caught:
        logo_from("logo.png", data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("logo.jpg", b"", "not a logo; found 'logo.jpg'; allowed: a file that ends in .svg or .png"),
        ("svg", b"", "not a logo; found 'svg'"),
        ("logo.png", SVG.encode(), "no PNG signature"),
        ("logo.svg", png(), "not UTF-8"),
        ("logo.svg", svg("<!--" + "x" * MOST_BYTES + "-->"), "the logo is too large; found 65"),
    ],
)
def test_what_is_no_logo(name: str, data: bytes, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        logo_from(name, data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "1" * 60_000 + "x",
        "1 " * 30_000 + "x",
        "scale(" * 10_000,
        "1" + " " * 60_000 + "x",
        "translate(1)," * 5000 + "x",
    ],
)
def test_refusing_a_value_ends(value: str) -> None:
    # A pattern that tries all ways to match would take years.
    for attribute in ("viewBox", "transform", "d", "points", "width", "fill", "clip-path"):
        with pytest.raises(PlanError):
            logo_from("logo.svg", svg(f'<path {attribute}="{value}"/>'))


@pytest.mark.parametrize(
    "data",
    [
        png(),
        png(colour=0),
        png(colour=2),
        png(colour=3),
        png(colour=4),
        png(more=chunk(b"sRGB", b"\0")),
        png(8, 2, depth=1, colour=0, pixels=b"\0\xaa" * 2),
    ],
)
def test_a_png_that_passes_can_be_opened_by_others(data: bytes) -> None:
    logo = logo_from("logo.png", data)
    assert logo.content == data
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()


def card_with(logo: Logo) -> Evidence:
    """An evidence as read back from a card.json that has the logo."""
    evidence = examples.scores_only()
    look = {"organisation": "Bank <24>", "accent": "#7a1f5c", "logo": "logo"}
    evidence = dataclasses.replace(evidence, plan={**evidence.plan, "look": look}, house=House(logo=logo))
    return Evidence.from_json(evidence.to_json())


@pytest.mark.parametrize(("name", "data"), [("logo.svg", SVG.encode()), ("logo.PNG", png())])
def test_the_page_shows_it_from_card_json_alone(name: str, data: bytes) -> None:
    evidence = card_with(logo_from(name, data))
    made = render_html(evidence)
    assert problems(made, evidence) == []
    (shown,) = Page(made).named("img")
    assert shown.attributes["alt"] == "Bank <24>"
    kind, _, encoded = shown.attributes["src"].partition(";base64,")
    assert kind == "data:image/svg+xml" if name.endswith("svg") else "data:image/png"
    assert Logo(media_type="image/png", digest="", data=encoded).content == data


@pytest.mark.slow
@pytest.mark.parametrize(("name", "data"), [("logo.svg", SVG.encode()), ("logo.png", png()), ("l.png", png(colour=3))])
def test_paper_shows_it_with_its_name_and_as_pdf_a_allows(name: str, data: bytes) -> None:
    evidence = card_with(logo_from(name, data))
    made = pdf_of(evidence)
    assert made == pdf_of(evidence)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        things = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary | pikepdf.Stream)]
        assert "Bank <24>" in [str(o.Alt) for o in things if o.get("/S") == "/Figure"]
        pictures = [o for o in things if o.get("/Subtype") == "/Image"]
        assert len(pictures) == (0 if name == "logo.svg" else 2 if name == "logo.png" else 1)
        for picture in pictures:
            # ISO 19005-3, 6.2.8: no smoothing; 6.2.4.3: colours are those of the output intent, sRGB.
            assert picture.Interpolate == False  # noqa: E712
            assert picture.ColorSpace in ("/DeviceRGB", "/DeviceGray")
            assert int(picture.BitsPerComponent) == 8


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:" + "0" * 64},
        {"media_type": "image/png"},
        {"media_type": "text/html"},
        {"data": "not base64!"},
        {"data": "PHN2Zz4="},
    ],
)
def test_a_logo_in_a_card_is_checked_again(change: dict[str, str]) -> None:
    logo = dataclasses.replace(logo_from("logo.svg", SVG.encode()), **change)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="look.logo"):
        render_html(card_with(logo))
    with pytest.raises(PlanError):
        checked(logo)


def test_a_logo_needs_a_name() -> None:
    with pytest.raises(PlanError, match="look: a logo needs look.organisation"):
        plan_from({"look": {"logo": "logo.svg"}})


def test_the_plan_keeps_the_name_of_the_file_alone() -> None:
    plan = plan_from({"look": {"organisation": "Bank", "logo": "art/logo.svg"}})
    assert plan.document()["look"] == {"organisation": "Bank", "logo": "logo.svg"}


def test_colours_of_a_card_from_elsewhere_stay_colours() -> None:
    evidence = examples.scores_only()
    plan = {**evidence.plan, "look": {"attention": "#000}</style><script>alert(1)</script>"}}
    with pytest.raises(PlanError, match="look: not a look"):
        render_html(dataclasses.replace(evidence, plan=plan))
