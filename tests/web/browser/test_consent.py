"""Clicks are counted with consent only, in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, select

from search.db import session_scope
from search.engine import SearchEngine
from search.models import Click, Product
from tests.web.browser.chromium import Open, first_card

CLICKS = "/api/v1/clicks"


@pytest.fixture
def recorded(engine: SearchEngine) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return the clicks that were recorded; afterwards they are deleted."""

    def clicks() -> list[dict[str, Any]]:
        with session_scope(engine.database) as session:
            joined = select(Click.search_event_id, Product.sku, Click.rank).join(
                Product, Product.id == Click.product_id
            )
            return [dict(row) for row in session.execute(joined).mappings()]

    yield clicks
    with session_scope(engine.database) as session:
        session.execute(delete(Click))


def test_clicks_are_sent_once_the_shopper_agreed(
    open_page: Open, recorded: Callable[[], list[dict[str, Any]]]
) -> None:
    page = open_page("/search?text=plate")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith(CLICKS) else None)
    question = page.get_by_label("Consent")
    expect(question).to_be_visible()
    first_card(page).click()
    expect(page.locator("article.product")).to_be_visible()
    assert sent == []

    page.go_back()
    page.get_by_role("button", name="Yes, count them").click()
    expect(question).to_be_hidden()
    event = page.locator("[data-event]").get_attribute("data-event")
    sku = page.locator(".card").first.get_attribute("data-sku")
    with page.expect_request_finished(lambda r: r.url.endswith(CLICKS)):
        first_card(page).click()

    assert recorded() == [{"search_event_id": int(str(event)), "sku": sku, "rank": 1}]


def test_a_refusal_is_remembered_and_can_be_changed(open_page: Open) -> None:
    page = open_page("/search?text=plate")
    page.get_by_role("button", name="No", exact=True).click()
    page.reload()
    expect(page.locator(".grid")).to_be_visible()
    expect(page.get_by_label("Consent")).to_be_hidden()

    page.get_by_role("button", name="Counting of opened results").click()

    expect(page.get_by_label("Consent")).to_be_visible()


def test_who_wants_no_tracking_is_not_asked(open_page: Open) -> None:
    page = open_page("/")
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto("/search?text=plate")

    expect(page.locator(".grid")).to_be_visible()
    expect(page.get_by_label("Consent")).to_be_hidden()
    expect(page.locator("[data-consent-again]")).to_be_hidden()
