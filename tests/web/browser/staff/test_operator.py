"""The operator's pages in a real browser, on a desk and on a phone."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import delete, update
from sqlalchemy.engine import URL

from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.database.connection import session_scope
from search.database.models import Embedding, ProductImage
from search.encoder import Encoder
from search.engine.search_engine import SearchEngine
from search.jobs.job_records import latest_job
from search.publication.publishing import publish
from tests.conftest import open_engine, own_settings
from tests.support.browser.chromium import DESK, PHONE, Open
from tests.support.servers.serving import serving
from tests.support.shops.plain_shop import write_catalogue
from tests.support.staff import PASSWORD, make_account
from web import create_app
from web.state import WebState

SCREENS = pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
PAGES = ("/ops", "/ops/jobs", "/ops/generations", "/ops/charts")
WITHIN_MS = 30_000

Shop = tuple[Flask, str, int, int]


@pytest.fixture(scope="module")
def shop(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[Shop]:
    """A separate served shop with two generations; the second is live."""
    folder = tmp_path_factory.mktemp("ops")
    for settings in own_settings(postgres_server, folder / "home"):
        for engine in open_engine(settings, encoder):
            database = engine.database
            ingest(database, write_catalogue(folder / "catalogue"), settings)
            encode_all(database, settings, encoder)
            first, second = (
                publish(
                    engine.database, settings, build_generation(engine.database, settings, encoder)
                )
                for _ in range(2)
            )
            app = create_app(settings, engine)
            make_account(app, "operator")
            with serving(app) as address:
                yield app, address, first, second


@pytest.fixture
def open_page(browser: Browser, shop: Shop) -> Iterator[Open]:
    """Open pages as an operator; check afterwards that no error was logged."""
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=shop[1], **{**DESK, **options})
        context.set_default_timeout(WITHIN_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        page.goto(f"/login?next={path}")
        page.get_by_label("Name").fill("operator")
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("main button").click()
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []


def engine_of(shop: Shop) -> SearchEngine:
    state: WebState = shop[0].extensions["findalike"]
    return state.engine


class Gated:
    """The encoder, which waits before each group of pictures until a test lets it continue."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self.gate = encoder, threading.Semaphore(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def describe_pixels(self, pixels: Any) -> Any:
        """Wait, then encode."""
        self.gate.acquire()
        return self._encoder.describe_pixels(pixels)


@SCREENS
def test_the_progress_of_a_running_job_moves(
    open_page: Open, shop: Shop, encoder: Encoder, screen: dict[str, Any]
) -> None:
    """With a real job: pictures are encoded again, batch by batch, while the page is open."""
    engine, gated = engine_of(shop), Gated(encoder)
    state: WebState = shop[0].extensions["findalike"]
    forget_embeddings(engine)
    small = state.settings.model_copy(update={"batch_images": 4})
    worker = threading.Thread(target=encode_all, args=(engine.database, small, gated))
    worker.start()
    try:
        gated.gate.release()
        page = open_page("/ops", **screen)
        bar = page.locator("#running progress")
        expect(bar).to_be_visible()
        expect(bar).to_have_attribute("aria-label", re.compile(r"Encode \d+"))
        expect(page.locator("#running [data-text]")).to_contain_text("4 of ")
        gated.gate.release(2)
        expect(page.locator("#running [data-text]")).to_contain_text("12 of ")
        assert float(bar.evaluate("bar => bar.value")) == 12
        expect(page.locator("#running [data-text]")).to_contain_text("left")
        gated.gate.release(100)
        expect(page.locator("#running")).to_contain_text("Nothing runs.")
        expect(page.locator("[data-announce]")).to_have_text("Nothing runs any more.")
    finally:
        gated.gate.release(1000)
        worker.join(60)
    with session_scope(engine.database) as session:
        job = latest_job(session, "encode")
    assert job is not None
    assert job.state == "done"


def forget_embeddings(engine: SearchEngine) -> None:
    """Delete all embeddings, so that everything is encoded again."""
    with session_scope(engine.database) as session:
        session.execute(delete(Embedding))
        session.execute(update(ProductImage).values(state="pending"))


def test_nobody_asks_while_the_tab_is_hidden(open_page: Open) -> None:
    page = open_page("/ops")
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))

    show(page, hidden=True)
    page.clock.run_for(60_000)
    assert "running" not in asked
    show(page, hidden=False)
    with page.expect_request("**/ops/running"):
        page.clock.run_for(100)
    with page.expect_request("**/ops/running"):
        page.clock.run_for(15_000)


def show(page: Page, *, hidden: bool) -> None:
    """Make the page believe that its tab is hidden or visible."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


@SCREENS
def test_rolling_back_asks_in_the_browser(
    open_page: Open, shop: Shop, screen: dict[str, Any]
) -> None:
    _, _, first, second = shop
    page = open_page("/ops/generations", **screen)
    asked: list[str] = []
    roll_back = page.get_by_role("button", name=f"Roll back to {first}")

    def refuse(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    roll_back.click()
    assert asked == [f"Roll back to generation {first}? Searches use it within seconds."]
    assert engine_of(shop).generation().id == second

    page.once("dialog", lambda dialog: dialog.accept())
    roll_back.click()
    expect(page.get_by_role("status")).to_have_text(f"Generation {first} is live again.")
    assert engine_of(shop).generation().id == first
    publish_second(page, shop)


def publish_second(page: Page, shop: Shop) -> None:
    """Publish the second generation again through the page."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_have_text(f"Generation {shop[3]} is live.")
    assert engine_of(shop).generation().id == shop[3]


def test_without_javascript_a_page_asks(open_page: Open, shop: Shop) -> None:
    _, _, first, second = shop
    page = open_page("/ops/generations", java_script_enabled=False)
    page.get_by_role("button", name=f"Roll back to {first}").click()
    expect(page.locator("h1")).to_have_text(f"Roll back to generation {first}?")
    assert engine_of(shop).generation().id == second
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("status")).to_have_text(f"Generation {first} is live again.")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_have_text(f"Generation {second} is live.")


@SCREENS
@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_its_screen(
    open_page: Open, screen: dict[str, Any], path: str
) -> None:
    page = open_page(path, **screen)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"]
