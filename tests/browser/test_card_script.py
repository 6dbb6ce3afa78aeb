"""What the page's script offers, in a real browser and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page

from explainkit.figures import parse_figure_id
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


def test_one_group_at_a_time(page: Page) -> None:
    rows = page.locator("section:not(.front) tbody tr:not(.ids)")
    all_rows = rows.locator("visible=true").count()
    select, told = page.get_by_label("Show group"), page.locator(".choice [aria-live=polite]")
    assert set(select.locator("optgroup").evaluate_all("all => all.map(e => e.label)")) == {"age", "marital_status"}
    select.focus()
    page.keyboard.type("41 and over")
    page.keyboard.press("Enter")
    assert select.evaluate("e => e.selectedOptions[0].textContent") == "41 and over"
    shown = page.evaluate(
        "() => [...document.querySelectorAll('section:not(.front) tbody tr:not(.ids)')]"
        ".map(row => [row.getClientRects().length > 0, "
        "[...row.querySelectorAll('data')].map(d => d.dataset.figure ?? '')])"
    )
    hidden = 0
    for seen, ids in shown:
        ages = {keys["age"] for keys in (parse_figure_id(i)[1] for i in ids if i) if "age" in keys}
        if ages:
            assert seen == ("41 and over" in ages), ids
            hidden += not seen
    assert hidden > 5
    gone = all_rows - rows.locator("visible=true").count()
    assert gone >= hidden
    assert told.inner_text() == f"{gone} rows of other groups are hidden"
    assert violations(page, ".contents") == []
    place = page.locator("#fairness [data-only]").first
    assert place.get_attribute("data-only") == "Only age: 41 and over"
    page.emulate_media(media="print")
    assert page.locator("tr.aside:visible").count() == page.locator("tr.aside").count() >= gone
    page.emulate_media(media="screen")
    select.select_option("")
    assert rows.locator("visible=true").count() == all_rows
    assert told.inner_text() == ""
    assert page.locator("[data-only]").count() == 0


def test_landmarks_are_what_can_be_scrolled(page: Page) -> None:
    over = "e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1"
    counts = []
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "() => [...document.querySelectorAll('.scroll[role]')].filter(e => !e.closest('details:not([open])'))"
            f".every(e => ({over})(e) === e.matches('[tabindex]'))"
        )
        assert page.locator(".scroll[role=group][tabindex], .scroll[role=region]:not([tabindex])").count() == 0
        counts.append(page.get_by_role("region").count())
    assert counts[0] < 5 < counts[1]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#performance summary").first.click()
    page.wait_for_function("() => document.querySelector('#performance details .scroll').tabIndex === 0")


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
    assert violations(page, "#origin") == []
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
