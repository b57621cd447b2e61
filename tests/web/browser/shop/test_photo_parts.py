"""Things in a photo can be chosen, and hits give their reasons, in a real browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import screens
from tests.support.browser.chromium import DESK, PHONE, Open, first_card

WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def two_things(tmp_path: Path) -> Path:
    """A photo of a red plate and, beside it, a blue cushion."""
    path = tmp_path / "two things.jpg"
    path.write_bytes(screens.two_things())
    return path


def part_at(page: Page, x: float) -> None:
    """Click the photo at a share of its width, in the middle of its height."""
    photo = page.get_by_role("img", name="Your picture, whole")
    expect(photo).to_be_visible()
    box = photo.bounding_box()
    assert box
    page.mouse.click(box["x"] + x * box["width"], box["y"] + box["height"] / 2)


@pytest.mark.parametrize(
    "options", [DESK, PHONE, {"java_script_enabled": False}], ids=["desk", "phone", "no script"]
)
def test_a_click_on_a_thing_in_the_photo_searches_for_it(
    open_page: Open, two_things: Path, options: dict[str, Any]
) -> None:
    page = open_page(**options)
    page.locator("[data-file]").first.set_input_files(two_things)
    if options.get("java_script_enabled") is False:
        page.get_by_role("button", name="Search").click()

    part_at(page, 0.77)

    expect(page).to_have_url(re.compile("box="))
    expect(first_card(page)).to_have_text("Blue cushion")
    current = page.locator(".looked [aria-current]")
    expect(current).to_have_count(1)
    expect(current).to_have_attribute("aria-label", re.compile("Search this part, . of ."))
    part_at(page, 0.23)
    expect(first_card(page)).to_have_text("Red plate")
    page.get_by_role("link", name="the whole photo").click()
    expect(page).to_have_url(re.compile("box=0%2C0%2C1%2C1"))
    expect(page.locator(".looked strong")).to_have_text("the whole photo")


def test_parts_of_the_photo_are_reached_by_keyboard(open_page: Open, two_things: Path) -> None:
    page = open_page()
    page.locator("[data-file]").first.set_input_files(two_things)
    parts = page.get_by_role("navigation", name="Parts of your picture").get_by_role(
        "link", name=re.compile("Search this part")
    )
    expect(parts.first).to_be_visible()
    offered = parts.count()
    assert offered >= 2

    page.get_by_role("link", name="the whole photo").focus()
    page.keyboard.press("Shift+Tab")
    expect(parts.last).to_be_focused()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("box="))
    expect(parts).to_have_count(offered)


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])
def test_a_hit_says_why_and_shows_where(
    open_page: Open, red_plate: Path, options: dict[str, Any]
) -> None:
    page = open_page(**options)
    heat: list[str] = []
    page.on("request", lambda r: heat.append(r.url) if "/api/v1/heat" in r.url else None)
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")
    assert heat == []

    card = page.locator(".grid:not(.skeleton) .card").first
    height = card.evaluate("card => card.offsetHeight")
    card.get_by_text("Why?").click()

    expect(card.get_by_text("Parts of both pictures agree")).to_be_visible()
    drawn = card.locator(".why img")
    expect(drawn).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 0", arg=drawn.element_handle())
    assert len(heat) == 1
    assert card.evaluate("card => card.offsetHeight") == height, "other cards stay where they are"
    assert page.evaluate(WIDTH) <= options["viewport"]["width"]
    card.get_by_text("Why?").click()
    expect(drawn).to_be_hidden()
