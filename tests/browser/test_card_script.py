"""What the page's script offers, in a real browser and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.browser.test_card_page import CardFile, opened, violations

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: Browser, card_file: CardFile) -> Iterator[Page]:
    """The credit card; whatever is logged, requested or asked fails the test."""
    with opened(browser, card_file("credit"), permissions=["clipboard-read", "clipboard-write"]) as (page, heard):
        yield page
        assert heard == []


def rows(table: Locator) -> list[str]:
    return table.locator("tbody tr").evaluate_all("rows => rows.map(row => row.textContent)")


def test_sorting_keeps_rows_and_their_ids_together(page: Page) -> None:
    table = page.locator("#fairness table").first
    before = rows(table)
    together = set(pairwise(before))
    head = table.locator("thead th").nth(1)
    head.locator("button").focus()
    for order, sign in (("ascending", 1), ("descending", -1)):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        numbers = table.locator("tbody tr:not(.ids)").evaluate_all(
            "rows => rows.map(row => row.cells[1].querySelector('data')).filter(Boolean).map(d => Number(d.value))"
        )
        assert len(numbers) > 2
        assert numbers == sorted(numbers, key=lambda n: sign * n)
        after = rows(table)
        assert after != before
        assert sorted(after) == sorted(before)
        for own, following in pairwise(after):
            if following.lstrip().startswith(("fairness.", "{")):
                assert (own, following) in together
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert rows(table) == before


def test_filtering_a_long_table_counts_aloud(page: Page) -> None:
    tool = page.locator(".tool:has(input)").first
    count, box = tool.locator("[aria-live=polite]"), tool.locator("input")
    table = page.locator(".tool:has(input) + .scroll table").first
    of = int(count.inner_text().split()[2])
    assert of > 12
    word = table.locator("tbody tr:not(.ids) th").last.inner_text().split("\n")[0]
    box.fill(word)
    seen = [t for t in table.locator("tbody tr:not(.ids)").all_inner_texts() if t]
    visible = table.locator("tbody tr:not(.ids):visible").count()
    assert seen
    assert 0 < visible < of
    assert count.inner_text() == f"{visible} of {of} rows"
    box.fill("no such row")
    assert table.locator("tbody tr:visible").count() == 0
    page.emulate_media(media="print")
    assert table.locator("tbody tr:not(.ids):visible").count() == of
    assert page.locator(".tool:visible").count() == 0
    page.emulate_media(media="screen")
    box.fill("")
    assert count.inner_text() == f"{of} of {of} rows"


def test_one_case_at_a_time(page: Page) -> None:
    cases = page.locator("#cases > .group[id^='case-']")
    several = cases.count()
    assert several > 1
    page.locator("#case-choice").select_option(index=2)
    assert cases.evaluate_all("all => all.map(e => e.getClientRects().length > 0)") == [i == 1 for i in range(several)]
    page.locator("#case-choice").select_option("all")
    assert page.locator("#cases > .group[id^='case-']:visible").count() == several


def test_a_number_tells_where_it_stands(page: Page) -> None:
    number = page.locator("#fairness table data").first
    figure, value = number.get_attribute("data-figure") or "", number.get_attribute("value") or ""
    number.click()
    origin = page.locator("#origin")
    text = origin.inner_text()
    assert figure in text
    assert value in text
    assert "card.json has the rest" in text
    origin.get_by_role("button", name="Copy id").click()
    origin.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == figure
    box = origin.bounding_box()
    assert box is not None
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert not origin.is_visible()


def test_numbers_are_reached_by_keyboard(page: Page) -> None:
    stops = page.locator("#fairness table").first.locator("data[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    first = page.evaluate("document.activeElement.dataset.figure")
    row = page.evaluate("document.activeElement.closest('tr').rowIndex")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") > row
    assert page.evaluate("document.activeElement.closest('td').cellIndex") == 1
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.figure") == first
    page.keyboard.press("ArrowRight")
    assert stops.count() == 1
    figure = page.evaluate("document.activeElement.dataset.figure")
    page.keyboard.press("Enter")
    assert figure in page.locator("#origin").inner_text()
    assert page.evaluate("document.activeElement.textContent") == "Copy id"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.figure") == figure


def test_the_script_is_allowed_by_its_digest_alone(browser: Browser, card_file: CardFile) -> None:
    path = card_file("species")
    changed = path.with_name("changed.html")
    changed.write_text(re.sub(r'(<script type="module">)', r"\1alert();", path.read_text("utf-8")), "utf-8")
    with opened(browser, changed) as (page, heard):
        assert page.locator("main data").first.is_visible()
        assert page.locator(".sort").count() == 0
        assert any("Content Security Policy" in line for line in heard)
        assert not any(line.startswith("dialog") for line in heard)
