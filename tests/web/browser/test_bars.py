"""Limits for the weight of pages, and for layout shifts while they load."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support.browser.chromium import DEVICES, Open, first_card

OWN_BYTES = 150_000
LAYOUT_SHIFT = 0.05
SLOW = {
    "offline": False,
    "latency": 60,
    "downloadThroughput": 100_000,
    "uploadThroughput": 100_000,
}
"""Bytes per second; so slow that pictures arrive long after the page."""

RECORD_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((shift) => window.shifts.push({
  value: shift.value,
  asked: shift.hadRecentInput,
  moved: shift.sources.map((source) => source.node?.outerHTML?.slice(0, 80)),
}))).observe({ type: "layout-shift", buffered: true });
"""


def test_the_first_page_is_light(open_page: Open) -> None:
    """It counts HTML, styles and every module, uncompressed."""
    page = open_page("about:blank")
    got: list[Response] = []
    page.on("response", lambda answer: got.append(answer))  # noqa: PLW0108 - playwright marks it
    page.goto("/")
    page.wait_for_load_state("networkidle")

    own = {
        answer.url.rpartition("/")[2] or "/": len(answer.body())
        for answer in got
        if re.match("text/(html|css|javascript)", answer.headers.get("content-type", ""))
    }
    assert {"/", "style.css", "main.js", "swap.js", "wording.js"} <= set(own)
    assert sum(own.values()) < OWN_BYTES, own


@pytest.mark.parametrize("options", DEVICES.values(), ids=DEVICES)
def test_nothing_jumps_while_a_shop_is_walked_through(
    open_page: Open, options: dict[str, Any]
) -> None:
    """From home to results to a product; the shifts on each page are added up."""
    page = open_page("about:blank", **options)
    page.add_init_script(RECORD_SHIFTS)
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    page.goto("/")
    page.locator("#text").fill("red plate")

    page.keyboard.press("Enter")
    expect(first_card(page)).to_be_visible()
    see_all(page)
    searched = shifts(page)
    first_card(page).click()
    expect(page.locator("article.product")).to_be_visible()
    see_all(page)
    shown = shifts(page)

    assert unasked(searched) < LAYOUT_SHIFT, searched
    assert unasked(shown) < LAYOUT_SHIFT, shown


@pytest.mark.parametrize("options", DEVICES.values(), ids=DEVICES)
def test_nothing_jumps_when_a_photo_is_searched(
    open_page: Open, red_plate: Path, options: dict[str, Any]
) -> None:
    page = open_page("about:blank", **options)
    page.add_init_script(RECORD_SHIFTS)
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    page.goto("/")

    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(first_card(page)).to_be_visible()
    see_all(page)

    assert unasked(shifts(page)) < LAYOUT_SHIFT, shifts(page)


def see_all(page: Page) -> None:
    """Wait for the visible pictures."""
    page.wait_for_function(
        """() => [...document.images].every((image) => {
          const { top, left } = image.getBoundingClientRect();
          const seen = image.checkVisibility() && top < innerHeight && left < innerWidth;
          return image.complete || !seen;
        })"""
    )
    page.wait_for_timeout(200)


def shifts(page: Page) -> list[dict[str, Any]]:
    """Return the elements that moved on the open page, and by how much."""
    found: list[dict[str, Any]] = page.evaluate("window.shifts")
    return found


def unasked(found: list[dict[str, Any]]) -> float:
    """Return the cumulative layout shift, without shifts right after input."""
    return sum(shift["value"] for shift in found if not shift["asked"])
