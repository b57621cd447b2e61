"""Everything can be reached and used by keyboard, and the focus is always visible."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.chromium import DEVICES, PHONE, Open, first_card

FOCUS = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return null;
  const frame = focused.matches("svg a") && focused.querySelector("rect");
  let ring = frame && getComputedStyle(frame).strokeWidth === "5px";
  for (let e = focused, depth = 0; e && depth < 5 && !ring; e = e.parentElement, depth += 1) {
    const { outlineStyle, outlineWidth } = getComputedStyle(e);
    ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  }
  const shown = focused.labels?.[0] ?? focused;
  const box = shown.getBoundingClientRect();
  const corners = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8]].map(([x, y]) =>
    document.elementFromPoint(box.x + x * box.width, box.y + y * box.height));
  const seen = corners.some((hit) => hit && (shown.contains(hit) || hit.contains(shown)));
  return { what: focused.outerHTML.slice(0, 90), ring, seen };
}"""


def stops(page: Page, most: int = 120) -> list[dict[str, Any]]:
    """Return the elements that Tab focuses, from the start of the page to its end."""
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        found.append(focus)
    return found


@pytest.mark.parametrize("options", DEVICES.values(), ids=DEVICES)
@pytest.mark.parametrize("path", ["/", "/search?text=red+plate&colour=red", "/products/PLATE-RED"])
def test_the_focus_is_always_to_be_seen(
    open_page: Open, path: str, options: dict[str, Any]
) -> None:
    """WCAG 2.2, 2.4.7 and 2.4.11: it has a ring, and the consent bar does not cover it."""
    page = open_page(path, **options)
    expect(page.locator("main")).to_be_visible()

    found = stops(page)

    assert "Skip to content" in found[0]["what"]
    assert len(found) > 5
    assert [each["what"] for each in found if not each["ring"]] == []
    assert [each["what"] for each in found if not each["seen"]] == []


def test_the_drawer_of_filters_is_used_by_keyboard(open_page: Open) -> None:
    page = open_page("/search?text=plate", **PHONE)
    button = page.locator(".filters-open")
    button.focus()

    page.keyboard.press("Enter")
    expect(page.locator("#filters")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#filters') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("#filters")).to_be_hidden()
    expect(button).to_be_focused()

    page.keyboard.press("Enter")
    page.get_by_label("In stock only").press("Space")
    page.get_by_role("button", name="Show results").press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("[data-heading]")).to_be_focused()


def test_the_focus_is_not_lost_when_results_change(open_page: Open) -> None:
    page = open_page("/search?text=plate&in_stock=1")

    page.locator(".chip").press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("[data-heading]")).to_be_focused()
    page.get_by_role("link", name="Next").press("Enter")
    expect(page.locator(".pager-where")).to_have_text("Page 2 of 2")
    expect(page.locator("[data-heading]")).to_be_focused()
    page.locator("[data-filters] [name=colour]").first.press("Space")
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("[data-filters] [name=colour]").first).to_be_focused()


def test_nothing_moves_for_who_wants_no_motion(open_page: Open) -> None:
    page = open_page("/search?text=plate", reduced_motion="reduce")
    expect(first_card(page)).to_be_visible()

    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")]
          .filter((e) => getComputedStyle(e).transitionDuration.split(", ").some((s) => s !== "0s")
            || getComputedStyle(e).animationName !== "none")
          .map((e) => e.className)"""
    )

    assert moving == []
