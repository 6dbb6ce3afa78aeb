"""A release in a notebook: the card in a frame that runs nothing, asks for nothing, and cannot be left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from explainkit.artifact import Artifact
from explainkit.release import Release
from tests.report import examples


@pytest.fixture
def shown(
    browser: Browser, card_file: Callable[[str], Path], tmp_path: Path
) -> Callable[[str], tuple[Page, list[str]]]:
    """A page with the output of a cell, as a notebook puts it there; and what was asked of any network."""

    def show(name: str) -> tuple[Page, list[str]]:
        card = Artifact(name="card.html", data=card_file(name).read_bytes(), media_type="text/html")
        output = Release(evidence=examples.credit(), files=(card,))._repr_html_()
        notebook = tmp_path / "notebook.html"
        notebook.write_text(
            f"<!doctype html><title>notebook</title><div id='cell'>{output}</div><p id='next'>", "utf-8"
        )
        page, asked = browser.new_page(), []

        def note(request: Request) -> None:
            if not request.url.startswith(("data:", "about:")) and request.url != notebook.as_uri():
                asked.append(request.url)

        page.on("request", note)
        page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}") or dialog.dismiss())
        page.goto(notebook.as_uri())
        return page, asked

    return show


@pytest.mark.slow
@pytest.mark.parametrize("name", ["species", "hostile"])
def test_the_card_stands_in_a_frame_of_its_own(
    name: str, shown: Callable[[str], tuple[Page, list[str]]], card_file: Callable[[str], Path], browser: Browser
) -> None:
    page, asked = shown(name)
    alone = browser.new_page(java_script_enabled=False)
    alone.goto(card_file(name).as_uri())
    frame = page.frame_locator("iframe")
    # Not a character is lost on the way into the attribute.
    assert frame.locator("body").inner_text() == alone.locator("body").inner_text()
    assert frame.locator("h1").count() == 1
    assert page.locator("#cell > *").count() == 1
    assert page.locator("iframe").bounding_box()["height"] > 300  # type: ignore[index]
    assert asked == []
    alone.close()
    page.close()


@pytest.mark.slow
def test_nothing_runs_in_the_frame(
    shown: Callable[[str], tuple[Page, list[str]]], card_file: Callable[[str], Path], browser: Browser
) -> None:
    page, asked = shown("hostile")
    (frame,) = page.main_frame.child_frames
    # The script of a card marks the page that it runs in; here it is not even started.
    assert frame.locator("body.live").count() == 0
    frame.locator("a[href='#fairness']").first.click()
    assert page.url.endswith("notebook.html")
    assert frame.url.startswith("about:srcdoc")
    assert asked == []
    page.close()
    alone = browser.new_page()
    alone.goto(card_file("hostile").as_uri())
    assert alone.locator("body.live").count() == 1
    alone.close()
