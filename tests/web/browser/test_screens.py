"""Every page in every state: accessible, whole, quiet, and asking nothing of other machines.

`pytest tests/web/browser/test_screens.py --screenshots DIR` keeps a picture of each, and with
`--language de` in German.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.web.browser.axe import CONTRAST, RULES, violations
from tests.web.browser.chromium import DEVICES, is_error
from tests.web.browser.faults import faults
from tests.web.browser.screens import SCREENS, Screen
from tests.web.staff import log_in

SHOWN = [
    pytest.param(screen, device, id=f"{screen.name}-{device}")
    for screen in SCREENS
    for device in screen.devices
]


@pytest.fixture
def context(
    browser: Browser, app: Flask, request: pytest.FixtureRequest, screen: Screen, device: str
) -> Iterator[BrowserContext]:
    """A browser of who looks at the screen, on the device."""
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


@pytest.mark.parametrize(("screen", "device"), SHOWN)
def test_screen(
    context: BrowserContext, screen: Screen, device: str, pytestconfig: pytest.Config
) -> None:
    page = context.new_page()
    wrong = watch(page, screen)
    page.goto(screen.path)
    screen.prepare(page)

    for scheme, rules in (("light", RULES), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(200)  # colours glide
        keep(page, f"{screen.name}-{device}-{scheme}", pytestconfig.getoption("--screenshots"))
        if screen.javascript:  # the tools need it themselves
            wrong += [f"{scheme}: {each}" for each in violations(page, rules)]
    if screen.javascript:
        wrong += faults(page)

    assert not wrong, "\n".join(wrong)


def watch(page: Page, screen: Screen) -> list[str]:
    """Return a list that fills with what goes wrong while the page loads and is used."""
    wrong: list[str] = []

    def answered(response: Response) -> None:
        if response.status >= 400 and response.status != screen.status:
            wrong.append(f"{response.status}: {response.url}")

    def asked(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "blob:")):
            wrong.append(f"asked of another machine: {url}")

    page.on("request", lambda request: asked(request.url))
    page.on("response", answered)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda said: wrong.append(said.text) if is_error(said, screen.status) else None
    )
    return wrong


def keep(page: Page, name: str, folder: Path | None) -> None:
    """Keep a picture of the page, where somebody wants to look at it."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
