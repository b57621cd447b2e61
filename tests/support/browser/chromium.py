"""Debian's Chromium, and the devices that it imitates."""

import shutil
from collections.abc import Callable
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page

Open = Callable[..., Page]
"""Opens an address of the shop, with options of a browser context."""

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DEVICES = {"desk": DESK, "phone": PHONE}


def is_error(message: ConsoleMessage, *statuses: int) -> bool:
    """Return whether a console message is an error; responses with `statuses` are expected."""
    expected = any(f"status of {status}" in message.text for status in statuses)
    return message.type == "error" and not expected


def first_card(page: Page) -> Locator:
    """Return the title of the first hit."""
    return page.locator(".grid:not(.skeleton) .card-title").first
