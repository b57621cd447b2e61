"""Recent searches, which only the shopper's browser stores."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.browser.chromium import Open, first_card

REFUSE = (
    """Object.defineProperty(window, "localStorage", { get() { throw new Error("refused"); } })"""
)


def remembered(page: Page) -> list[str]:
    page.goto("/")
    expect(page.locator(".hero")).to_be_visible()
    page.wait_for_timeout(100)
    return page.locator("[data-recents] li").all_inner_texts()


def test_searches_products_and_photos_are_remembered(open_page: Open, red_plate: Path) -> None:
    page = open_page("/search?text=blue+cushion&brand=Nordlys")
    page.goto("/products/PLATE-RED")
    page.goto("/")
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")
    page.wait_for_function("() => localStorage.getItem('recent').includes('data:image/jpeg')")

    assert remembered(page) == ["Your picture", "Red plate", "blue cushion"]
    expect(page.locator(".ways")).to_be_hidden()
    thumbnail = page.locator("[data-recents] img").first
    expect(thumbnail).to_have_attribute("src", re.compile("^blob:"))
    page.wait_for_function("image => image.naturalWidth > 0", arg=thumbnail.element_handle())
    page.get_by_role("link", name="blue cushion").click()
    expect(page.locator("h1")).to_contain_text("for “blue cushion”")
    assert "brand" not in page.url


def test_the_same_search_is_remembered_once_and_first(open_page: Open) -> None:
    page = open_page("/search?text=plate")
    page.goto("/search?text=tray")
    page.goto("/search?text=Plate&page=2")

    assert remembered(page) == ["Plate", "tray"]


def test_all_is_forgotten_at_once(open_page: Open) -> None:
    page = open_page("/search?text=plate")
    remembered(page)

    page.get_by_role("button", name="Forget all").click()

    expect(page.locator("[data-recents]")).to_be_hidden()
    expect(page.locator(".ways")).to_be_visible()
    assert page.evaluate("localStorage.getItem('recent')") is None
    assert remembered(page) == []


def test_photos_are_forgotten_with_the_server(open_page: Open, red_plate: Path) -> None:
    page = open_page()
    page.locator("[data-file]").first.set_input_files(red_plate)
    page.wait_for_function("() => localStorage.getItem('recent')")

    page.evaluate(
        """() => localStorage.setItem("recent", JSON.stringify(
          JSON.parse(localStorage.getItem("recent")).map((one) => ({ ...one, until: 1 }))))"""
    )

    assert remembered(page) == []


def test_where_the_browser_keeps_nothing_all_else_works(open_page: Open) -> None:
    page = open_page()
    page.add_init_script(REFUSE)
    page.goto("/search?text=plate")
    page.get_by_label("In stock only").check()
    expect(page.locator(".chip")).to_have_count(1)

    assert remembered(page) == []
    expect(page.locator(".ways")).to_be_visible()


def test_what_is_remembered_is_only_text(open_page: Open) -> None:
    page = open_page("/search?text=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")

    assert remembered(page) == ["<img src=x onerror=alert(1)>"]
    assert page.locator("[data-recents] img").count() == 0
