"""Looks at one page in one state: accessible, whole, quiet, asking nothing of other machines."""

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
    "phone": [("light", FINGERS)],  # the document and its colours are those of the desk
}


def as_parameters(screens: tuple[Screen, ...]) -> pytest.MarkDecorator:
    """Return the parameters `screen` and `device` of a test that looks at all these screens."""
    shown = [
        pytest.param(screen, device, id=f"{screen.name}-{device}")
        for screen in screens
        for device in screen.devices
    ]
    return pytest.mark.parametrize(("screen", "device"), shown)


def look_at(context: BrowserContext, screen: Screen, device: str, folder: Path | None) -> None:
    """Fail with all that is wrong; keep pictures in a folder, where there is one."""
    page = context.new_page()
    wrong = watch(page, screen)
    page.goto(screen.path)
    screen.prepare(page)

    for scheme, rules in SCHEMES[device]:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours do not glide
        keep(page, f"{screen.name}-{device}-{scheme}", folder)
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
