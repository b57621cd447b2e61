"""One Chromium and one server for all browser tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.browser.chromium import ARGUMENTS, CHROMIUM, DESK, DEVICES, Open, is_error
from tests.support.browser.screens import Screen
from tests.support.servers.serving import serving
from tests.support.shops.plain_shop import photo
from tests.support.staff import log_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """The address of the served shop."""
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def empty_address(empty_app: Flask) -> Iterator[str]:
    """The address of a served shop without a published index."""
    with serving(empty_app) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Open pages; check afterwards that no request left the machine and no error was logged."""
    requests: list[str] = []
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=address, **{**DESK, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(  # refused pictures get a 422 on purpose
            "console",
            lambda message: errors.append(message.text) if is_error(message, 422) else None,
        )
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []
    assert {url for url in requests if not url.startswith((address, "blob:"))} == set()


@pytest.fixture
def red_plate(tmp_path: Path) -> Path:
    path = tmp_path / "holiday photo.jpg"
    path.write_bytes(photo("Plate", "red"))
    return path


@pytest.fixture
def context(
    browser: Browser, app: Flask, request: pytest.FixtureRequest, screen: Screen, device: str
) -> Iterator[BrowserContext]:
    """A browser context for the role and the device of a screen."""
    address = request.getfixturevalue("address" if screen.shop == "shop" else "empty_address")
    options = {**DEVICES[device], "java_script_enabled": screen.javascript}
    options["locale"] = request.config.getoption("--language")
    context = browser.new_context(base_url=address, **options)
    context.set_default_timeout(10_000)
    if screen.role is not None:
        cookie = log_in(app, screen.role).get_cookie("session")
        assert cookie is not None
        context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    yield context
    context.close()
