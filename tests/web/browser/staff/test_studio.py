"""Marking products and reading gaps, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from search.database.connection import session_scope
from search.database.models import Product, SavedDescription, SavedJudgement, SearchEvent, SuiteRun
from search.engine.search_engine import SearchEngine
from tests.support.browser.chromium import DESK, PHONE, Open
from tests.support.staff import PASSWORD, make_account


@pytest.fixture
def merchandiser(app: Flask, engine: SearchEngine) -> Iterator[str]:
    """The name of a merchandiser's account; saved descriptions are removed afterwards."""
    yield make_account(app, "merchandiser")
    with session_scope(engine.database) as session:
        for table in (SavedDescription, SuiteRun, SearchEvent):
            session.execute(delete(table))


def log_in_at(page: Page, name: str) -> None:
    """Open a page that requires a login, and log in."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():  # wait for the load to end, when scripts run
        page.keyboard.press("Enter")


@pytest.mark.parametrize(
    "options", [DESK, PHONE, {"java_script_enabled": False}], ids=["desk", "phone", "no script"]
)
def test_products_are_marked_right_and_wrong(
    open_page: Open, merchandiser: str, engine: SearchEngine, options: dict[str, Any]
) -> None:
    page = open_page("/studio/saved", **options)
    log_in_at(page, merchandiser)
    page.get_by_label("A description to keep").fill("red plate")
    with page.expect_navigation():
        page.get_by_role("button", name="Save and mark products").click()
    expect(page.locator("h1")).to_have_text("“red plate”")
    first = page.locator(".hit").first
    right = first.get_by_role("button", name="Right")
    expect(right).to_have_attribute("aria-pressed", "false")

    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".marked-list li")).to_have_count(1)
    first.get_by_role("button", name="Wrong").click()
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".marked-list .mark")).to_have_text("Wrong")
    page.get_by_label("Product by sku").fill("TRAY-BLUE")
    page.locator("aside").get_by_role("button", name="Right").click()

    expect(page.locator(".marked-list li")).to_have_count(2)
    with session_scope(engine.database) as session:
        marks = select(Product.sku, SavedJudgement.right).join(SavedJudgement)
        kept = {row.sku: row.right for row in session.execute(marks)}
    assert kept == {"PLATE-RED": False, "TRAY-BLUE": True}
    page.get_by_role("link", name="Saved descriptions").click()
    page.get_by_role("button", name="Run all now").click()
    expect(page.locator("tbody tr")).to_contain_text("0 of 1")


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])
def test_a_gap_is_seen_and_saved(
    open_page: Open, merchandiser: str, engine: SearchEngine, options: dict[str, Any]
) -> None:
    with session_scope(engine.database) as session:
        shown = session.scalars(select(Product.id).limit(3)).all()
        session.add(
            SearchEvent(
                kind="text",
                text="hammock",
                filters={"in_stock": True},
                page=1,
                total=3,
                shown=[[product, 0.2, rank] for rank, product in enumerate(shown, 1)],
                verdict="nothing",
                elapsed_ms=1.0,
            )
        )
    page = open_page("/studio/gaps", **options)
    log_in_at(page, merchandiser)
    gap = page.locator(".gap")
    expect(gap.locator("h2")).to_have_text("hammock")
    expect(gap.locator(".strip img")).to_have_count(3)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "nothing is wider than the screen"

    gap.get_by_role("button", name="Save as description").click()

    expect(page.locator("h1")).to_have_text("“hammock”")
