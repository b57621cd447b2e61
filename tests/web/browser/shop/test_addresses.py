"""Addresses of pictures: typed, pasted, or dragged here from another page."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from search.engine.search_engine import SearchEngine
from search.settings import Settings
from tests.support.browser.chromium import DESK, first_card
from tests.support.servers.loopback_site import Page as Answer
from tests.support.servers.loopback_site import Site, serving
from tests.support.servers.serving import serving as serving_app
from tests.support.shops.plain_shop import photo
from web import create_app

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const on = document.activeElement;
  on.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""
DROP = """([kind, text]) => {
  const data = new DataTransfer();
  data.setData(kind, text);
  for (const name of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Another site with a picture of a red plate."""
    with serving({"/plate.jpg": Answer(photo("Plate", "red"))}) as site:
        yield site


@pytest.fixture(scope="module")
def open_shop(
    browser: Browser, shop_settings: Settings, engine: SearchEngine
) -> Iterator[Callable[..., Page]]:
    """Open the home page of a shop that fetches pictures from this machine too."""
    app: Flask = create_app(shop_settings.model_copy(update={"photo_addresses": "any"}), engine)
    with serving_app(app) as address:
        contexts = []

        def visit(path: str = "/", **options: Any) -> Page:
            context = browser.new_context(base_url=address, **{**DESK, **options})
            context.set_default_timeout(10_000)
            contexts.append(context)
            page = context.new_page()
            page.goto(path)
            return page

        yield visit
        for context in contexts:
            context.close()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_typed(open_shop: Callable[..., Page], site: Site, javascript: bool) -> None:
    page = open_shop(java_script_enabled=javascript)

    page.get_by_label("or give the address of one").fill(f"{site.address}/plate.jpg")
    page.keyboard.press("Enter")

    expect(first_card(page)).to_have_text("Red plate")
    expect(page).to_have_url(re.compile("photo=[0-9a-f]{32}$"))


@pytest.mark.parametrize("path", ["/", "/search?text=tray"])
def test_pasted(open_shop: Callable[..., Page], site: Site, path: str) -> None:
    page = open_shop(path)
    page.locator("#text").focus()

    page.evaluate(PASTE, f" {site.address}/plate.jpg\n")

    expect(first_card(page)).to_have_text("Red plate")


def test_other_words_are_pasted_as_words(open_shop: Callable[..., Page]) -> None:
    page = open_shop()
    page.locator("#text").focus()

    page.evaluate(PASTE, "see https://example.org/x.jpg")
    page.wait_for_timeout(100)

    expect(page.locator("h1")).to_have_text("Find it by its looks")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/uri-list", "# a comment\r\n{}/plate.jpg\r\n"),
        ("text/html", '<a href="https://example.org/"><img src="{}/plate.jpg"></a>'),
    ],
)
def test_dragged_from_another_page(
    open_shop: Callable[..., Page], site: Site, kind: str, text: str
) -> None:
    page = open_shop()
    if kind == "text/html":  # browsers list the link's address beside it
        page.evaluate(
            DROP.replace(
                "data.setData(kind, text);",
                'data.setData(kind, text); data.setData("text/uri-list", "https://example.org/");',
            ),
            [kind, text.format(site.address)],
        )
    else:
        page.evaluate(DROP, [kind, text.format(site.address)])

    expect(first_card(page)).to_have_text("Red plate")


def test_what_can_not_be_fetched_is_explained(open_shop: Callable[..., Page], site: Site) -> None:
    page = open_shop()
    field = page.get_by_label("or give the address of one")
    field.fill(f"{site.address}/nothing.jpg")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("does not hand out this picture")
    expect(field).to_have_value(f"{site.address}/nothing.jpg")
