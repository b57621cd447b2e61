"""Sorting results, and sharing their address."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.support.browser.chromium import PHONE, Open, first_card

SHEET = "navigator.share = async (what) => { window.shared = what; }"


def test_the_address_is_copied_and_the_button_says_so(open_page: Open) -> None:
    page = open_page("/search?text=red+plate", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Share").click()

    expect(page.get_by_role("button", name="Address copied")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Address copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    expect(page.get_by_role("button", name="Share")).to_be_enabled()


def test_a_phone_opens_its_own_sheet(open_page: Open) -> None:
    page = open_page(**PHONE)
    page.add_init_script(SHEET)
    page.add_init_script(
        """const real = window.matchMedia.bind(window);
        window.matchMedia = (query) =>
          (query === "(pointer: coarse)" ? { matches: true } : real(query));"""
    )
    page.goto("/products/PLATE-RED")

    page.get_by_role("button", name="Share").click()

    assert page.evaluate("window.shared.url") == page.url
    assert "Red plate" in page.evaluate("window.shared.title")


def test_a_photo_is_private_and_not_shared(open_page: Open, red_plate: Path) -> None:
    page = open_page()
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")

    expect(page.get_by_role("button", name="Share")).to_have_count(0)


def test_results_are_ordered_by_price(open_page: Open) -> None:
    page = open_page("/search?text=plate&in_stock=1")
    order = page.get_by_role("navigation", name="Sort by")
    expect(order.get_by_role("link", name="Best match")).to_have_attribute("aria-current", "true")

    order.get_by_role("link", name="Price, low first").click()

    expect(page).to_have_url(re.compile(r"in_stock=1&sort=price_up$"))
    shown = page.locator(".grid:not(.skeleton) .card-price").all_inner_texts()
    prices = [float(price.lstrip("€")) for price in shown if price]
    assert prices == sorted(prices)
    page.locator(".filters .choice", has_text="red").click()
    expect(page).to_have_url(re.compile(r"sort=price_up.*colour=red"))
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"sort=price_up$"))
