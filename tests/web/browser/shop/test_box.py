"""The box on the photo: dragged, resized, drawn anew, by mouse, touch and keyboard."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from tests.support.browser.chromium import DESK, PHONE, Open, first_card
from tests.support.browser.screens import jpeg, send_photo, two_things

BOTH = pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def open_photo(open_page: Open) -> Callable[..., Page]:
    """Open the results of a photo of a red plate and a blue cushion beside it."""

    def visit(**options: Any) -> Page:
        page = open_page(**options)
        send_photo(page)
        expect(page.locator(".grid:not(.skeleton)")).to_be_visible()
        return page

    return visit


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return the screen position of a point, given in shares of the photo."""
    stage = page.locator("[data-stage] img").bounding_box()
    assert stage
    return stage["x"] + x * stage["width"], stage["y"] + y * stage["height"]


def free_of_parts(page: Page, y: float) -> float:
    """Return where, at a height in shares of the photo, no part of it lies; nearest to the middle.

    Parts differ a little by processor. A box there, two fifths wide, is not cut by the edges.
    """
    spans = page.locator("[data-parts] rect").evaluate_all(
        """rects => rects.map((rect) => ["x", "y", "width", "height"].map(
             (name) => rect[name].baseVal.valueInSpecifiedUnits / 100))"""
    )
    free = [
        x
        for x in (step / 100 for step in range(20, 81))
        if not any(
            left - 0.02 < x < left + wide + 0.02 and top <= y <= top + high
            for left, top, wide, high in spans
        )
    ]
    return min(free, key=lambda x: abs(x - 0.5))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the mouse, by shares of the photo."""
    page.mouse.move(*point(page, *start))
    page.mouse.down()
    page.mouse.move(*point(page, *end), steps=5)
    page.mouse.up()


def box(page: Page) -> list[float]:
    """Return left, top, width and height of the box from the page's address."""
    asked = parse_qs(urlsplit(page.url).query).get("box", [""])[0]
    return [float(side) for side in asked.split(",") if side]


def middle(page: Page) -> tuple[float, float]:
    """Return the middle of the box, in shares of the photo."""
    return tuple(  # type: ignore[return-value]
        page.locator("[data-stage]").evaluate(
            """stage => ["x", "y"].map((at, i) =>
                 Number(stage.style.getPropertyValue(`--box-${at}`))
                 + Number(stage.style.getPropertyValue(`--box-${"wh"[i]}`)) / 2)"""
        )
    )


@BOTH
def test_a_box_that_is_drawn_is_searched(
    open_photo: Callable[..., Page], options: dict[str, Any]
) -> None:
    page = open_photo(**options)

    drag(page, (0.98, 0.05), (0.56, 0.95))

    expect(first_card(page)).to_have_text("Blue cushion")
    assert box(page) == pytest.approx([0.56, 0.05, 0.42, 0.9], abs=0.02)
    expect(page.locator("[data-box]")).to_be_visible()
    drag(page, (0.02, 0.05), (0.44, 0.95))
    expect(first_card(page)).to_have_text("Red plate")


def test_the_box_is_moved_and_resized(open_photo: Callable[..., Page]) -> None:
    page = open_photo()
    drag(page, (0.98, 0.05), (0.6, 0.5))
    page.wait_for_url(lambda url: "box=" in url and box(page)[2] > 0.37)
    before = box(page)

    drag(page, middle(page), (middle(page)[0] - 0.3, middle(page)[1] + 0.2))
    page.wait_for_url(lambda _: box(page)[0] < 0.301)
    moved = box(page)
    assert moved == pytest.approx([before[0] - 0.3, before[1] + 0.2, *before[2:]], abs=0.02)

    right, lower = moved[0] + moved[2], moved[1] + moved[3]
    drag(page, (right, lower), (right + 0.2, lower + 0.2))
    page.wait_for_url(lambda _: box(page)[2] > before[2] + 0.1)
    assert box(page)[:2] == pytest.approx(moved[:2], abs=0.01)
    assert box(page)[2:] == pytest.approx([before[2] + 0.2, before[3] + 0.2], abs=0.02)


def test_a_drag_is_one_step_back_and_leaves_the_photo_alone(
    open_photo: Callable[..., Page],
) -> None:
    page = open_photo()
    start = page.url
    page.evaluate("window.kept = document.querySelector('[data-stage] img')")
    at = page.locator("[data-stage] img").bounding_box()
    steps = page.evaluate("history.length")

    page.mouse.move(*point(page, 0.55, 0.05))
    page.mouse.down()
    for x in (0.8, 0.9, 0.99):
        page.mouse.move(*point(page, x, 0.95), steps=3)
        page.wait_for_url(re.compile(rf"box=[0-9.]+%2C[0-9.]+%2C0?{str(round(x - 0.55, 2))[1:4]}"))
        expect(page.locator(".grid:not(.skeleton)")).to_be_visible()
        assert page.evaluate("document.querySelector('[data-stage] img') === window.kept")
        assert page.locator("[data-stage] img").bounding_box() == at
    page.mouse.up()

    expect(first_card(page)).to_have_text("Blue cushion")
    assert page.evaluate("history.length") == steps + 1
    page.go_back()
    expect(page).to_have_url(start)


def test_older_answers_never_replace_newer_ones(open_photo: Callable[..., Page]) -> None:
    page = open_photo()
    held: list[Any] = []
    page.route(
        "**/search?*box=*",
        lambda route: route.continue_() if held else held.append(route),
    )
    drag(page, (0.98, 0.9), (0.9, 0.5))
    page.wait_for_timeout(300)
    assert len(held) == 1
    drag(page, (0.98, 0.05), (0.56, 0.95))
    expect(page).to_have_url(re.compile(r"box=0\.56%2C0\.05%2C0\.42%2C0\.9$"))  # not while dragging
    expect(first_card(page)).to_have_text("Blue cushion")
    newest = page.url

    with suppress(Error):  # the browser has aborted the outdated request
        held[0].continue_()
    page.wait_for_timeout(300)

    assert page.url == newest
    expect(first_card(page)).to_have_text("Blue cushion")


@BOTH
def test_a_tap_beside_all_things_places_the_box(open_page: Open, options: dict[str, Any]) -> None:
    page = open_page(**options)
    send_photo(page)
    x = free_of_parts(page, 0.04)

    tap = page.touchscreen.tap if options.get("has_touch") else page.mouse.click
    tap(*point(page, x, 0.04))

    expect(page).to_have_url(re.compile("box="))
    left, top, wide, high = box(page)
    assert left + wide / 2 == pytest.approx(x, abs=0.02)
    assert (top, wide, high) == pytest.approx((0, 0.4, 0.4), abs=0.001)


def test_by_keyboard(open_photo: Callable[..., Page]) -> None:
    page = open_photo()
    drag(page, (0.98, 0.1), (0.6, 0.8))  # outside the box, so that a new one is drawn
    page.wait_for_url(lambda _: box(page) == pytest.approx([0.6, 0.1, 0.38, 0.7], abs=0.02))
    before = box(page)
    edge = page.get_by_role("application", name="Box around what is searched for")
    edge.focus()
    expect(edge).to_have_accessible_description(re.compile("Arrow keys move it"))

    page.keyboard.press("ArrowLeft")
    expect(page.locator("#announcement")).to_have_text(
        re.compile(r"Left \d+%, top \d+%, \d+% wide, \d+% high\.|products like your picture")
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")

    after = [before[0] - 0.02, before[1] + 0.02, before[2] + 0.02, before[3] - 0.02]
    page.wait_for_url(lambda _: box(page) == pytest.approx(after, abs=0.001))
    expect(page.locator("#announcement")).to_have_text(re.compile("products like your picture"))
    expect(edge).to_be_focused()


def test_by_buttons(open_photo: Callable[..., Page]) -> None:
    """Whatever dragging does can be done without it (WCAG 2.5.7)."""
    page = open_photo()
    page.get_by_role("link", name="the whole photo").click()
    expect(page.locator(".looked strong")).to_have_text("the whole photo")

    page.get_by_role("button", name="Mark a part").click()
    page.wait_for_url(lambda _: box(page) == [0.2, 0.2, 0.6, 0.6])
    expect(page.locator("[data-box]")).to_be_focused()
    page.get_by_role("button", name="Larger").click()
    page.wait_for_url(lambda _: box(page)[2] > 0.6)
    page.get_by_role("button", name="Smaller").click()
    page.get_by_role("button", name="Smaller").click()

    page.wait_for_url(lambda _: box(page)[2] < 0.6)
    expect(page.get_by_role("button", name="Mark a part")).to_be_hidden()


def test_words_added_later_keep_the_box(open_photo: Callable[..., Page]) -> None:
    page = open_photo()
    drag(page, (0.98, 0.05), (0.56, 0.95))
    expect(first_card(page)).to_have_text("Blue cushion")
    drawn = box(page)

    page.get_by_label("Describe what to change").fill("green")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_contain_text("“green”")
    assert box(page) == drawn


def test_on_a_phone_a_swipe_beside_the_box_scrolls(open_photo: Callable[..., Page]) -> None:
    page = open_photo(**PHONE)
    url = page.url
    x, y = point(page, 0.77, 0.5)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *at: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(at)})

    send("touchStart", {"x": x, "y": y})
    for step in range(1, 13):
        send("touchMove", {"x": x, "y": y - 12 * step})
    send("touchEnd")

    page.wait_for_function("() => scrollY > 60")
    page.wait_for_timeout(300)
    assert page.url == url


def test_on_a_phone_a_finger_moves_the_box(open_photo: Callable[..., Page]) -> None:
    page = open_photo(**PHONE)
    drag(page, (0.02, 0.1), (0.4, 0.6))
    expect(page).to_have_url(re.compile("box="))
    before = box(page)
    touch = page.context.new_cdp_session(page)
    (x, y), (to_x, to_y) = point(page, *middle(page)), point(page, 0.5, 0.6)

    def send(kind: str, *at: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(at)})

    send("touchStart", {"x": x, "y": y})
    for step in range(1, 9):
        send("touchMove", {"x": x + (to_x - x) * step / 8, "y": y + (to_y - y) * step / 8})
    send("touchEnd")

    page.wait_for_url(lambda _: box(page)[0] > before[0] + 0.15)
    assert page.evaluate("scrollY") == 0
    assert box(page)[2:] == pytest.approx(before[2:], abs=0.001)


@BOTH
def test_corners_are_large_enough(open_photo: Callable[..., Page], options: dict[str, Any]) -> None:
    page = open_photo(**options)
    drag(page, (0.2, 0.2), (0.8, 0.8))
    expect(page.locator("[data-box]")).to_be_visible()

    for corner in page.locator("[data-corner]").all():
        size = corner.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 24


def test_another_picture_shows_where_the_last_was_looked_at(
    open_photo: Callable[..., Page],
) -> None:
    page = open_photo()
    held: list[Any] = []
    page.route("**/search", lambda route: held.append(route))  # noqa: PLW0108

    page.locator("[data-file]").first.set_input_files(jpeg(two_things()))

    expect(page.locator("[data-stage] img")).to_have_attribute("src", re.compile("^blob:"))
    expect(page.locator("[data-box]")).to_have_count(0)
    expect(page.locator(".skeleton .card").first).to_be_visible()
    held[0].continue_()
    expect(page.locator("[data-stage] img")).to_have_attribute("src", re.compile("^/uploads/"))
