"""The card in a real browser: axe-core finds nothing, nothing leaves the page, and it works without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.bounded import LONG
from tests.real_cards import REAL

pytestmark = pytest.mark.slow

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CASES = (*REAL, "scores_only")
UNFOLD = "() => document.querySelectorAll('details').forEach(e => { e.open = true })"
FIVE_ROWS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("tbody tr:nth-child(n + 6), svg text { display: none }");
  document.adoptedStyleSheets = [sheet];
}"""
ALL_ROWS = "() => { document.adoptedStyleSheets = [] }"
CardFile = Callable[[str], Path]

# Contrast of the text in drawings, which axe leaves open, by the formula of WCAG.
CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = text => rgb(text).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const page = light(getComputedStyle(document.body).backgroundColor);
  return [...new Set([...document.querySelectorAll("svg text")].map(e => getComputedStyle(e).fill))].map(fill => {
    const own = light(fill);
    return [fill, (Math.max(page, own) + 0.05) / (Math.min(page, own) + 0.05)];
  });
}"""


@contextmanager
def opened(browser: Browser, path: Path, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page with what it should not do: requests, messages, dialogs, errors."""
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    page, heard = context.new_page(), []
    page.on("request", lambda r: heard.append(f"request {r.url[:200]}") if not _own(r.url, path) else None)
    page.on("console", lambda message: heard.append(f"console {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error {error}"))
    page.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    try:
        page.goto(path.as_uri())
        yield page, heard
    finally:
        context.close()


def _own(url: str, path: Path) -> bool:
    return url.startswith("data:") or url.partition("#")[0] == path.as_uri()


def violations(page: Page, within: str = "html", *, only: Sequence[str] = (), but: Sequence[str] = ()) -> list[str]:
    """What axe-core finds in a part of the page, as lines; by some rules only, or by all but some."""
    page.evaluate(AXE)
    options = {
        "runOnly": {"type": "rule", "values": only} if only else {"type": "tag", "values": TAGS},
        "rules": {rule: {"enabled": False} for rule in but},
        "resultTypes": ["violations"],
        "selectors": False,
    }
    found = page.evaluate(
        "([within, options]) => axe.run(within, options)"
        ".then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))",
        [within, options],
    )
    return [f"{rule}: {nodes}" for rule, nodes in found]


@contextmanager
def five_rows(page: Page) -> Iterator[None]:
    """Show the first rows of tables alone."""
    page.evaluate(FIVE_ROWS)
    yield
    page.evaluate(ALL_ROWS)


@pytest.mark.parametrize("name", CASES)
def test_axe_finds_nothing(browser: Browser, card_file: CardFile, name: str) -> None:
    path = card_file(name)
    assert path.stat().st_size < 1_500_000
    with opened(browser, path, viewport={"width": 1280, "height": 900}, color_scheme="light") as (page, heard):
        # Contrast takes nine tenths of the time, and rows of a table look alike: five of each are enough.
        assert violations(page, but=["color-contrast"]) == []
        with five_rows(page):
            assert violations(page, only=["color-contrast"]) == []
        page.evaluate(UNFOLD)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 320, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        if LONG or name in ("credit", "scores_only"):
            assert violations(page, but=["color-contrast"]) == []
            with five_rows(page):
                assert violations(page, only=["color-contrast"]) == []
        assert heard == []


def test_axe_would_find_something(browser: Browser, card_file: CardFile) -> None:
    with opened(browser, card_file("species")) as (page, _):
        page.evaluate("() => document.querySelector('h1').parentElement.append(document.createElement('button'))")
        assert any(line.startswith("button-name") for line in violations(page, ".front header"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CASES)
def test_words_in_drawings_have_contrast(browser: Browser, card_file: CardFile, name: str, scheme: str) -> None:
    with opened(browser, card_file(name), color_scheme=scheme) as (page, _):
        fills = page.evaluate(CONTRAST)
        assert fills
        assert [fill for fill in fills if fill[1] < 4.5] == []


@pytest.mark.parametrize("name", [*CASES, "hostile"])
def test_nothing_scrolls_sideways_but_what_the_keyboard_reaches(
    browser: Browser, card_file: CardFile, name: str
) -> None:
    with opened(browser, card_file(name), viewport={"width": 320, "height": 900}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        outside = page.evaluate(
            "() => [...document.querySelectorAll('body *')].filter(e => !e.closest('svg, .skip') && "
            "/auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1 && "
            "!(e.matches('.scroll[tabindex=\"0\"][role=region]') && e.getAttribute('aria-labelledby').split(' ')"
            ".every(id => document.getElementById(id)))).map(e => e.outerHTML.slice(0, 200))"
        )
        assert outside == []
        # The keyboard does scroll them.
        region = page.locator(".scroll[tabindex='0']:has(table.many)").first
        region.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("e => e.scrollLeft > 0", arg=region.element_handle())


def test_hostile_content_stays_text(browser: Browser, card_file: CardFile) -> None:
    with opened(browser, card_file("hostile")) as (page, heard):
        page.evaluate(UNFOLD)
        assert "<script>alert(1)</script>" in page.inner_text("body")
        page.evaluate("() => document.querySelectorAll('.sort').forEach(button => button.click())")
        for number in page.locator("#cases td data").all()[:3]:
            number.click()
            assert (number.get_attribute("data-figure") or "?") in page.locator("#origin").inner_text()
            page.keyboard.press("Escape")
        assert page.locator("body img, body object, body b, body script").count() == 0
        assert heard == []


@pytest.mark.parametrize("name", CASES)
def test_every_number_is_seen_without_scripts(browser: Browser, card_file: CardFile, name: str) -> None:
    path = card_file(name)
    written = len(re.findall(r"<data value=", path.read_text("utf-8")))
    with opened(browser, path, java_script_enabled=False) as (page, heard):
        unseen = "e => !e.closest('details:not([open])') && e.getClientRects().length === 0"
        assert page.locator("data").count() == written > 50
        assert page.evaluate(f"() => [...document.querySelectorAll('data')].filter({unseen}).length") == 0
        assert page.locator("svg").count() == page.locator("svg:visible").count() > 2
        # What is folded away opens without scripts, and rows of ids show at the tick of a box.
        for summary in page.locator("summary").all():
            summary.click()
        assert page.locator("data:visible").count() == written
        ids = page.locator("tr.ids").first
        assert not ids.is_visible()
        page.locator("#ids").check()
        assert ids.is_visible()
        assert heard == []
