"""The studio in a real browser: editing an attribute, adding a rule, on a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import delete

from search.database.connection import session_scope
from search.database.models import ProductAttribute, Rule
from search.engine.search_engine import SearchEngine
from tests.support.browser.chromium import DEVICES, Open
from tests.support.staff import PASSWORD, make_account


@pytest.fixture
def open_page(browser: Browser, address: str, app: Flask, engine: SearchEngine) -> Iterator[Open]:
    """Open pages as a merchandiser; check afterwards for errors, and undo changes."""
    make_account(app, "merchandiser")
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=address, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(path)
        page.get_by_label("Name").fill("merchandiser")
        page.get_by_label("Password").fill(PASSWORD)
        with page.expect_navigation():  # wait for the load to end, when scripts run
            page.get_by_role("button", name="Log in").click()
        expect(page.locator(".me")).to_be_visible()
        return page

    yield visit
    for context in contexts:
        context.close()
    with session_scope(engine.database) as session:
        by_hand = ProductAttribute.source == "merchandiser"
        session.execute(delete(ProductAttribute).where(by_hand))
        session.execute(delete(Rule))
    assert errors == []


def assert_no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("screen", DEVICES.values(), ids=DEVICES)
def test_an_attribute_is_edited_and_taken_back(open_page: Open, screen: dict[str, Any]) -> None:
    page = open_page("/studio?text=red+plate", **screen)
    assert_no_sideways_scrolling(page)
    page.get_by_role("link", name="Red plate", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Red plate")
    colour = page.get_by_role("row", name="Colour")
    colour.get_by_text("Edit").click()
    assert_no_sideways_scrolling(page)
    colour.get_by_role("combobox").fill("crimson")
    colour.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Colour is now crimson")).to_be_visible()
    expect(page.get_by_text("merchandiser set colour to crimson").first).to_be_visible()

    colour.get_by_text("Edit").click()
    colour.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Your colour is removed")).to_be_visible()
    expect(colour).not_to_contain_text("crimson")


@pytest.mark.parametrize("screen", DEVICES.values(), ids=DEVICES)
def test_a_rule_is_previewed_kept_and_removed(open_page: Open, screen: dict[str, Any]) -> None:
    page = open_page("/studio/rules/new?query=green+plate", **screen)
    expect(page.get_by_label("Article number")).to_be_visible()
    expect(page.get_by_label("Address")).to_be_hidden()
    page.get_by_text("Send to").click()
    expect(page.get_by_label("Address")).to_be_visible()
    expect(page.get_by_label("Article number")).to_be_hidden()
    page.get_by_text("Pin", exact=True).click()
    page.get_by_label("Article number").fill("TRAY-PINK")
    page.get_by_role("button", name="Preview").click()
    after = page.get_by_role("region", name="With this rule")
    expect(after.get_by_role("listitem").first).to_contain_text("TRAY-PINK")
    before = page.get_by_role("region", name="Now")
    expect(before.get_by_role("listitem").first).to_contain_text("PLATE-GREEN")
    assert_no_sideways_scrolling(page)

    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("TRAY-PINK")).to_be_visible()
    assert_no_sideways_scrolling(page)
    page.get_by_role("link", name="Remove rule").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No rules yet")).to_be_visible()


def test_filters_and_orders_apply_as_they_are_chosen(open_page: Open) -> None:
    page = open_page("/studio")
    page.get_by_role("checkbox", name="red").check()
    expect(page.get_by_role("status").first).to_have_text("4 products")
    page.get_by_label("Order").select_option("dearest")
    expect(page.locator("tbody th").first).to_contain_text("Red tray")
    assert page.url.endswith("/studio?sort=dearest&colour=red") or page.url.endswith(
        "/studio?colour=red&sort=dearest"
    )


def test_arrow_keys_move_through_the_list(open_page: Open) -> None:
    page = open_page("/studio?sort=title")
    titles = page.locator("tbody th a")
    titles.nth(0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(titles.nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(titles.nth(1)).to_be_focused()


def test_in_the_drawer_of_a_phone_filters_wait_for_the_button(open_page: Open) -> None:
    page = open_page("/studio", **DEVICES["phone"])
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("checkbox", name="red").check()
    page.get_by_role("checkbox", name="blue").check()
    page.get_by_role("button", name="Show results").click()
    expect(page.get_by_role("status").first).to_have_text("8 products")
