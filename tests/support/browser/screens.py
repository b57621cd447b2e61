"""All pages in all their states, for tests that check every one.

A new page is a new line in `SHOPPERS` or `STAFF`; it is then checked on a phone and on a desk, in
light and dark, for accessibility, faults of layout, requests and errors, and photographed on
request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.support.shops.plain_shop import draw, photo


@dataclass(frozen=True)
class Screen:
    """A page in one of its states.

    Args:
        name: Name of the test and of the screenshot.
        path: Address on the server.
        role: A role of `web.accounts`, or None for a shopper.
        prepare: Brings the page into the state.
        status: Status of the server's response.
        devices: Devices on which the state exists.
        shop: `shop`, or `empty` for one where nothing is published yet.
        javascript: Whether the browser runs JavaScript.
    """

    name: str
    path: str
    role: str | None = None
    prepare: Callable[[Page], Any] = lambda page: None
    status: int = 200
    devices: tuple[str, ...] = ("desk", "phone")
    shop: str = "shop"
    javascript: bool = True


def jpeg(content: bytes) -> FilePayload:
    """Return a file for a form."""
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": content}


def two_things() -> bytes:
    """Return a photo of a red plate and, beside it, a blue cushion."""
    both = Image.new("RGB", (520, 240), "#f4f2ee")
    both.paste(draw("Plate", "red"), (0, 0))
    both.paste(draw("Cushion", "blue"), (280, 0))
    file = BytesIO()
    both.save(file, "JPEG", quality=92)
    return file.getvalue()


def send_photo(page: Page) -> None:
    """Search for a photo of two things."""
    page.locator("[data-file]").first.set_input_files(jpeg(two_things()))
    expect(page.locator(".looked rect").first).to_be_visible()


def draw_box(page: Page) -> None:
    """Draw a box around the cushion, and leave the focus on it."""
    send_photo(page)
    photo = page.locator("[data-stage] img").bounding_box()
    assert photo
    x, y, wide, high = photo["x"], photo["y"], photo["width"], photo["height"]
    page.mouse.move(x + 0.98 * wide, y + 0.05 * high)
    page.mouse.down()
    page.mouse.move(x + 0.56 * wide, y + 0.95 * high, steps=4)
    page.mouse.up()
    expect(page.locator(".grid:not(.skeleton) .card-title").first).to_have_text("Blue cushion")
    page.locator("[data-box]").focus()


def look_at_all(page: Page) -> None:
    """Search for the whole photo, without a box."""
    send_photo(page)
    page.get_by_role("link", name="the whole photo").click()
    expect(page.get_by_role("button", name="Mark a part")).to_be_visible()


def come_back(page: Page) -> None:
    """Return to the home page after a photo, a product and words."""
    send_photo(page)
    page.goto("/products/PLATE-RED")
    page.goto("/")
    expect(page.locator("[data-recents] li")).to_have_count(3)


def send_broken_photo(page: Page) -> None:
    """Send a truncated photo."""
    page.locator("[data-file]").first.set_input_files(jpeg(photo("Plate", "red")[:1200]))
    expect(page.get_by_role("alert")).to_be_visible()


def send_too_much(page: Page) -> None:
    """Send a text that exceeds the limit of every form."""
    page.evaluate("document.querySelector('#text').value = 'x'.repeat(1_100_000)")
    with page.expect_navigation():
        page.evaluate("document.querySelector('[data-panel]').submit()")


def ask_why(page: Page) -> None:
    """Unfold the reasons of the first hit."""
    send_photo(page)
    page.locator(".why summary").first.click()
    expect(page.locator(".why-said").first).to_be_visible()


def open_filters(page: Page) -> None:
    """Open the drawer with the filters."""
    page.locator(".filters-open").click()
    expect(page.locator("#filters")).to_be_visible()


def save_description(page: Page) -> None:
    """Save a description, which opens its hits for marking; mark one."""
    page.locator("#text").fill("red plate")
    with page.expect_navigation():  # wait for the load to end, when scripts run
        page.get_by_role("button", name="Save and mark products").click()
    page.locator("[data-mark=right]").first.click()
    expect(page.locator(".marked-list li")).to_have_count(1)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def preview_rule(page: Page) -> None:
    """Preview a rule before saving it."""
    page.get_by_label("When shoppers ask for").fill("red plate")
    page.get_by_label("Article number").fill("PLATE-BLUE")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview .place").first).to_be_visible()


def open_first(page: Page) -> None:
    """Open the first row of a table."""
    page.locator("main tbody a").first.click()
    expect(page.locator("main h1")).to_be_visible()


SHOPPERS = (
    Screen("home", "/"),
    Screen("home-problem", "/", prepare=send_broken_photo, status=422),
    Screen("home-empty", "/", shop="empty"),
    Screen("home-no-script", "/", javascript=False),
    Screen("results-text", "/search?text=red+cushion&brand=Nordlys&in_stock=1"),
    Screen("results-photo", "/", prepare=send_photo),
    Screen("results-sorted", "/search?text=plate&sort=price_up"),
    Screen("results-box", "/", prepare=draw_box),
    Screen("results-whole", "/", prepare=look_at_all),
    Screen("home-recent", "/search?text=red+plate", prepare=come_back),
    Screen("results-why", "/", prepare=ask_why),
    Screen("results-filters", "/search?text=plate", prepare=open_filters, devices=("phone",)),
    Screen("results-none", "/search?text=plate&brand=Nobody"),
    Screen("results-far", "/search?text=asdfgh+qwertz"),
    Screen("product", "/products/PLATE-RED"),
    Screen("product-why", "/products/PLATE-RED?text=red+plate"),
    Screen("similar", "/products/PLATE-RED/similar"),
    Screen("error-404", "/nothing", status=404),
    Screen("error-413", "/", prepare=send_too_much, status=413),
    Screen("error-500", "/broken", status=500),
    Screen("error-503", "/search?text=plate", status=503, shop="empty"),
    Screen("login", "/login"),
    Screen("api", "/api/v1/docs"),
)
STAFF = (
    Screen("password", "/password", role="merchandiser"),
    Screen("saved", "/studio/saved", role="merchandiser"),
    Screen("marking", "/studio/saved", role="merchandiser", prepare=save_description),
    Screen("health", "/studio/health", role="merchandiser"),
    Screen("health-refused", "/studio/health/refused", role="merchandiser"),
    Screen("health-missing", "/studio/health/missing?attribute=price", role="merchandiser"),
    Screen("gaps", "/studio/gaps", role="merchandiser"),
    Screen("studio", "/studio", role="merchandiser"),
    Screen("studio-words", "/studio?text=red+plate", role="merchandiser"),
    Screen("studio-grid", "/studio?view=grid", role="merchandiser"),
    Screen("record", "/studio/products/PLATE-RED", role="merchandiser"),
    Screen("rules", "/studio/rules", role="merchandiser"),
    Screen("rule-preview", "/studio/rules/new", role="merchandiser", prepare=preview_rule),
    Screen("health-pictures", "/studio/health/pictures", role="merchandiser"),
    Screen("health-doubles", "/studio/health/doubles", role="merchandiser"),
    Screen("health-titles", "/studio/health/titles", role="merchandiser"),
    Screen("health-colours", "/studio/health/colours", role="merchandiser"),
    Screen("ops", "/ops", role="operator"),
    Screen("ops-jobs", "/ops/jobs", role="operator"),
    Screen("ops-job", "/ops/jobs", role="operator", prepare=open_first),
    Screen("ops-run", "/ops/jobs?kind=reindex", role="operator", prepare=open_first),
    Screen("ops-generations", "/ops/generations", role="operator"),
    Screen("ops-generation", "/ops/generations", role="operator", prepare=open_first),
    Screen("ops-charts", "/ops/charts", role="operator"),
    Screen("accounts", "/people", role="admin"),
    Screen("keys", "/people/keys", role="admin"),
    Screen("changes", "/people/audit", role="admin"),
)
