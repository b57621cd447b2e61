"""Photos that are chosen, pasted or dropped in a real browser."""

import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.support.browser.chromium import Open, first_card
from tests.support.shops.plain_shop import photo


def test_choosing_a_picture_searches_at_once(open_page: Open, red_plate: Path) -> None:
    page = open_page()

    page.locator("[data-file]").first.set_input_files(red_plate)

    expect(first_card(page)).to_have_text("Red plate")
    assert re.search(r"/search\?photo=[0-9a-f]{32}$", page.url)
    expect(page.locator("#announcement")).to_have_text(re.compile(r"products like your picture"))
    expect(page.locator("[data-heading]")).to_be_focused()
    page.go_back()
    expect(page.locator("h1")).to_have_text("Find it by its looks")
    page.go_forward()
    expect(first_card(page)).to_have_text("Red plate")


def test_the_picture_is_shown_while_it_is_searched(open_page: Open, red_plate: Path) -> None:
    page = open_page()
    held: list[Any] = []
    page.route("**/search", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks it

    page.locator("[data-file]").first.set_input_files(red_plate)

    preview = page.locator("[data-preview]")
    expect(preview).to_be_visible()
    assert str(preview.get_attribute("src")).startswith("blob:")
    expect(page.locator(".skeleton .card").first).to_be_visible()
    expect(page.locator("[data-sending]")).to_be_visible()
    held[0].continue_()
    expect(first_card(page)).to_have_text("Red plate")


def test_a_pasted_picture(open_page: Open) -> None:
    page = open_page()

    page.evaluate(
        """async (bytes) => {
          const file = new File([new Uint8Array(bytes)], "image.png", { type: "image/png" });
          const data = new DataTransfer();
          data.items.add(file);
          const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.dispatchEvent(paste);
        }""",
        list(photo("Cushion", "blue", "PNG")),
    )

    expect(first_card(page)).to_have_text("Blue cushion")


def test_a_dropped_picture_replaces_the_last(open_page: Open, red_plate: Path) -> None:
    page = open_page()
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")

    page.evaluate(
        """(bytes) => {
          const file = new File([new Uint8Array(bytes)], "x.jpg", { type: "image/jpeg" });
          const data = new DataTransfer();
          data.items.add(file);
          for (const kind of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(
              new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }""",
        list(photo("Tray", "yellow")),
    )

    expect(first_card(page)).to_have_text("Yellow tray")


def test_large_pictures_are_reduced_before_they_are_sent(open_page: Open, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.effect_noise((1500, 3000), 90).convert("RGB").save(large, compress_level=1)
    page = open_page()

    with page.expect_request("**/search") as sent:
        page.locator("[data-file]").first.set_input_files(large)

    expect(page.locator("[data-results] .grid:not(.skeleton)")).to_be_visible()
    assert int(sent.value.header_value("content-length") or 0) < large.stat().st_size / 5
    kept = page.locator("[data-preview]")
    assert kept.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [512, 1024]


def test_an_unreadable_picture_is_explained(open_page: Open, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo("Plate", "red")[:1200])
    page = open_page()

    page.locator("[data-file]").first.set_input_files(broken)

    expect(page.get_by_role("alert")).to_contain_text("ends early")
    expect(page.locator("[data-panel]")).to_be_visible()
    assert page.url.endswith("/")
