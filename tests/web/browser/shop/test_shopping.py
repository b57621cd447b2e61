"""Shopping in a real browser: with and without JavaScript, on a desk and on a phone."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.support.browser.chromium import PHONE, Open, first_card


def test_words_then_filters_then_a_product(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Describe what you are looking for").fill("cushion")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("25 products for “cushion”")

    page.get_by_label("In stock only").check()
    expect(page.locator(".chip")).to_have_text(["in stockremove this filter"])
    expect(page.get_by_label("In stock only")).to_be_focused()
    page.locator(".filters .choice", has_text="red").click()
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_label("Highest price").fill("32")
    page.keyboard.press("Tab")
    expect(page.locator(".chip")).to_have_count(3)
    expect(first_card(page)).to_have_text(re.compile("^Red"))
    assert all(part in page.url for part in ("colour=red", "max_price=32", "in_stock=1"))

    title = first_card(page).text_content()
    first_card(page).click()
    expect(page.locator("h1")).to_have_text(str(title))
    expect(page.get_by_role("link", name="View in the shop")).to_be_visible()
    page.go_back()
    expect(page.locator(".chip")).to_have_count(3)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("h1")).to_contain_text("25 products")


def test_more_like_this(open_page: Open) -> None:
    page = open_page("/search?text=plate&colour=green")
    card = page.locator(".card", has_text="Green plate").first

    card.get_by_role("link", name="More like Green plate").click()

    expect(page.locator(".seed")).to_contain_text("Green plate")
    assert page.url.endswith("/products/PLATE-GREEN/similar")
    expect(page.locator(".grid .card-title", has_text="Green plate")).to_have_count(0)


def test_everything_works_without_javascript(open_page: Open, red_plate: Path) -> None:
    page = open_page(java_script_enabled=False)

    page.locator("[data-file]").first.set_input_files(red_plate)
    page.get_by_role("button", name="Search").click()
    expect(first_card(page)).to_have_text("Red plate")

    page.get_by_label("Describe what to change").fill("green")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("h1")).to_contain_text("like your picture, “green”")

    page.get_by_label("In stock only").check()
    page.get_by_role("button", name="Show results").click()
    expect(page.locator(".chip")).to_have_count(1)
    page.locator(".chip").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager-where")).to_have_text("Page 2 of 2")


def test_on_a_phone(open_page: Open, red_plate: Path) -> None:
    page = open_page(**PHONE)
    expect(page.get_by_text("Take a photo")).to_be_visible()

    page.locator("[data-file][capture]").set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.locator("#filters")).to_be_visible()
    page.locator("#filters").get_by_text("Nordlys").click()
    page.get_by_role("button", name="Show results").click()

    expect(page.locator(".chip")).to_contain_text(["Nordlys"])
    expect(page.locator("#filters")).to_be_hidden()
