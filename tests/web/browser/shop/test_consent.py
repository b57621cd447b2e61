"""Clicks are counted and photos kept only with consent, in a real browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, select, update

from search.database.connection import session_scope
from search.database.models import Click, Product, SearchEvent
from search.engine.search_engine import SearchEngine
from search.settings import Settings
from tests.support.browser.chromium import Open, first_card

CLICKS = "/api/v1/clicks"


@pytest.fixture
def recorded(engine: SearchEngine) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return the recorded clicks; they are deleted afterwards."""

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


@pytest.fixture
def finds_nothing(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, shop_settings: Settings
) -> Iterator[None]:
    """Make every photo unlike anything in the shop; kept photos are removed afterwards."""
    asked = shop_settings.root / "asked"
    shutil.rmtree(asked, ignore_errors=True)
    monkeypatch.setattr("search.engine.result_page.verdict", lambda *_: "nothing")
    yield
    shutil.rmtree(asked, ignore_errors=True)
    with session_scope(engine.database) as session:
        session.execute(update(SearchEvent).values(photo=None))


def test_a_photo_is_kept_once_the_shopper_agreed(
    open_page: Open,
    red_plate: Path,
    finds_nothing: None,
    shop_settings: Settings,
) -> None:
    page = open_page("/search?text=plate")
    question = page.get_by_label("Keeping of photos")
    expect(page.locator("[data-consent]")).to_be_visible()
    expect(question).to_be_hidden()
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(question).to_be_visible()
    expect(page.locator("[data-consent]")).to_be_hidden()  # one question at a time
    assert not (shop_settings.root / "asked").exists()

    with page.expect_response("**/api/v1/photos") as kept:
        question.get_by_role("button", name="Yes, keep them").click()

    assert kept.value.json() == {"kept": True}
    expect(question).to_be_hidden()
    assert len(list((shop_settings.root / "asked").iterdir())) == 1
    page.get_by_role("button", name="Keeping of photos").click()
    question.get_by_role("button", name="No", exact=True).click()
    with page.expect_request("**/search"):
        page.locator("[data-file]").first.set_input_files(red_plate)
    expect(page.locator("[data-unmet]")).to_be_visible()
    assert len(list((shop_settings.root / "asked").iterdir())) == 1


def test_who_wants_no_tracking_is_not_asked_for_a_photo(
    open_page: Open, red_plate: Path, finds_nothing: None
) -> None:
    page = open_page("/")
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto("/")
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(page.locator("[data-unmet]")).to_be_visible()
    expect(page.get_by_label("Keeping of photos")).to_be_hidden()
