"""Checks one page in one state: accessibility, layout, console, and requests to other machines."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, Response

from tests.support.browser.axe import CONTRAST, FINGERS, RULES, violations
from tests.support.browser.chromium import is_error
from tests.support.browser.page_faults import faults
from tests.support.browser.screens import Screen

Scheme = Literal["light", "dark"]
SCHEMES: dict[str, list[tuple[Scheme, list[str]]]] = {
    "desk": [("light", RULES), ("dark", CONTRAST)],
    "phone": [("light", FINGERS)],  # document and colours are the same as on the desk
}


def as_parameters(screens: tuple[Screen, ...]) -> pytest.MarkDecorator:
    """Return parameters `screen` and `device` for a test of all these screens."""
    shown = [
        pytest.param(screen, device, id=f"{screen.name}-{device}")
        for screen in screens
        for device in screen.devices
    ]
    return pytest.mark.parametrize(("screen", "device"), shown)


def look_at(context: BrowserContext, screen: Screen, device: str, folder: Path | None) -> None:
    """Fail with a list of all faults; save screenshots if a folder is given."""
    page = context.new_page()
    wrong = watch(page, screen)
    page.goto(screen.path)
    screen.prepare(page)

    for scheme, rules in SCHEMES[device]:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour transitions
        keep(page, f"{screen.name}-{device}-{scheme}", folder)
        if screen.javascript:  # the tools need JavaScript
            wrong += [f"{scheme}: {each}" for each in violations(page, rules)]
    if screen.javascript:
        wrong += faults(page)

    assert not wrong, "\n".join(wrong)


def watch(page: Page, screen: Screen) -> list[str]:
    """Return a list that collects errors while the page loads and is used."""
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
    """Save a screenshot of the page if a folder is given."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
