"""The pages in a real browser: with and without JavaScript, on a desk and on a phone."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from sqlalchemy import delete, select, update
from werkzeug.serving import make_server

from search.db import session_scope
from search.engine import SearchEngine
from search.models import Click, Product, SavedDescription, SavedJudgement, SearchEvent
from search.settings import Settings
from tests.shop import draw, photo
from tests.web.staff import PASSWORD, make_account

pytestmark = [
    pytest.mark.browser,
    # Browsers hang up when they leave a page; Werkzeug's server, which only these tests use,
    # then leaves files to the garbage collector.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
    ),
]

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
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

CLICKS = "/api/v1/clicks"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """The application, served by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Open pages; afterwards no request may have left the machine, and no error been logged."""
    requests: list[str] = []
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=address, **{**DESK, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if is_error(message) else None,
        )
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []
    assert {url for url in requests if not url.startswith((address, "blob:"))} == set()


@pytest.fixture
def red_plate(tmp_path: Path) -> Path:
    path = tmp_path / "holiday photo.jpg"
    path.write_bytes(photo("Plate", "red"))
    return path


def is_error(message: ConsoleMessage) -> bool:
    """Chromium also reports answers of status 422, which refused pictures get on purpose."""
    return message.type == "error" and "status of 422" not in message.text


def first_card(page: Page) -> Any:
    return page.locator(".grid:not(.skeleton) .card-title").first


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


def test_words_then_filters_then_a_product(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Describe what you are looking for").fill("cushion")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("25 products for “cushion”")

    page.get_by_label("In stock only").check()
    expect(page.locator(".chip")).to_have_text(["in stockremove this filter"])
    expect(page.get_by_label("In stock only")).to_be_focused()
    page.locator(".filters .choice", has_text="red").click()
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_label("Highest price").fill("32")
    page.keyboard.press("Tab")
    expect(page.locator(".chip")).to_have_count(3)
    expect(first_card(page)).to_have_text(re.compile("^Red"))
    assert all(part in page.url for part in ("colour=red", "max_price=32", "in_stock=1"))

    title = first_card(page).text_content()
    first_card(page).click()
    expect(page.locator("h1")).to_have_text(str(title))
    expect(page.get_by_role("link", name="View in the shop")).to_be_visible()
    page.go_back()
    expect(page.locator(".chip")).to_have_count(3)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("h1")).to_contain_text("25 products")


def test_more_like_this(open_page: Open) -> None:
    page = open_page("/search?text=plate&colour=green")
    card = page.locator(".card", has_text="Green plate").first

    card.get_by_role("link", name="More like Green plate").click()

    expect(page.locator(".seed")).to_contain_text("Green plate")
    assert page.url.endswith("/products/PLATE-GREEN/similar")
    expect(page.locator(".grid .card-title", has_text="Green plate")).to_have_count(0)


@pytest.fixture
def recorded(engine: SearchEngine) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return the clicks that were recorded; afterwards they are deleted."""

    def clicks() -> list[dict[str, Any]]:
        with session_scope(engine.database) as session:
            joined = select(Click.search_event_id, Product.sku, Click.rank).join(
                Product, Product.id == Click.product_id
            )
            return [dict(row) for row in session.execute(joined).mappings()]

    yield clicks
    with session_scope(engine.database) as session:
        session.execute(delete(Click))


def test_clicks_are_sent_once_the_shopper_agreed(
    open_page: Open, recorded: Callable[[], list[dict[str, Any]]]
) -> None:
    page = open_page("/search?text=plate")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith(CLICKS) else None)
    question = page.get_by_label("Consent")
    expect(question).to_be_visible()
    first_card(page).click()
    expect(page.locator("article.product")).to_be_visible()
    assert sent == []

    page.go_back()
    page.get_by_role("button", name="Yes, count them").click()
    expect(question).to_be_hidden()
    event = page.locator("[data-event]").get_attribute("data-event")
    sku = page.locator(".card").first.get_attribute("data-sku")
    with page.expect_request_finished(lambda r: r.url.endswith(CLICKS)):
        first_card(page).click()

    assert recorded() == [{"search_event_id": int(str(event)), "sku": sku, "rank": 1}]


def test_a_refusal_is_remembered_and_can_be_changed(open_page: Open) -> None:
    page = open_page("/search?text=plate")
    page.get_by_role("button", name="No", exact=True).click()
    page.reload()
    expect(page.locator(".grid")).to_be_visible()
    expect(page.get_by_label("Consent")).to_be_hidden()

    page.get_by_role("button", name="Counting of opened results").click()

    expect(page.get_by_label("Consent")).to_be_visible()


def test_who_wants_no_tracking_is_not_asked(open_page: Open) -> None:
    page = open_page("/")
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto("/search?text=plate")

    expect(page.locator(".grid")).to_be_visible()
    expect(page.get_by_label("Consent")).to_be_hidden()
    expect(page.locator("[data-consent-again]")).to_be_hidden()


@pytest.fixture
def finds_nothing(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, shop_settings: Settings
) -> Iterator[None]:
    """No photo is close to anything in the shop; kept photos are removed."""
    monkeypatch.setattr("search.engine.verdict", lambda *_: "nothing")
    yield
    shutil.rmtree(shop_settings.root / "asked", ignore_errors=True)
    with session_scope(engine.database) as session:
        session.execute(update(SearchEvent).values(photo=None))


def test_a_photo_is_kept_once_the_shopper_agreed(
    open_page: Open,
    red_plate: Path,
    finds_nothing: None,
    shop_settings: Settings,
    tmp_path: Path,
) -> None:
    page = open_page("/search?text=plate")
    question = page.get_by_label("Keeping of photos")
    expect(page.locator("[data-consent]")).to_be_visible()
    expect(question).to_be_hidden()
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(question).to_be_visible()
    expect(page.locator("[data-consent]")).to_be_hidden()  # one question at a time
    assert not (shop_settings.root / "asked").exists()
    page.screenshot(path=tmp_path / "question.png")

    with page.expect_response("**/api/v1/photos") as kept:
        question.get_by_role("button", name="Yes, keep them").click()

    assert kept.value.json() == {"kept": True}
    expect(question).to_be_hidden()
    assert len(list((shop_settings.root / "asked").iterdir())) == 1
    page.get_by_role("button", name="Keeping of photos").click()
    question.get_by_role("button", name="No", exact=True).click()
    with page.expect_request("**/search"):
        page.locator("[data-file]").first.set_input_files(red_plate)
    expect(page.locator("[data-unmet]")).to_be_visible()
    assert len(list((shop_settings.root / "asked").iterdir())) == 1


def test_who_wants_no_tracking_is_not_asked_for_a_photo(
    open_page: Open, red_plate: Path, finds_nothing: None
) -> None:
    page = open_page("/")
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto("/")
    page.locator("[data-file]").first.set_input_files(red_plate)
    expect(page.locator("[data-unmet]")).to_be_visible()
    expect(page.get_by_label("Keeping of photos")).to_be_hidden()


def test_an_unreadable_picture_is_explained(open_page: Open, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo("Plate", "red")[:1200])
    page = open_page()

    page.locator("[data-file]").first.set_input_files(broken)

    expect(page.get_by_role("alert")).to_contain_text("ends early")
    expect(page.locator("[data-panel]")).to_be_visible()
    assert page.url.endswith("/")


@pytest.fixture
def two_things(tmp_path: Path) -> Path:
    """A photo of a red plate and, beside it, a blue cushion."""
    both = Image.new("RGB", (520, 240), "#f4f2ee")
    both.paste(draw("Plate", "red"), (0, 0))
    both.paste(draw("Cushion", "blue"), (280, 0))
    path = tmp_path / "two things.jpg"
    both.save(path, quality=92)
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
    assert page.evaluate(UNNAMED) == []
    card.get_by_text("Why?").click()
    expect(drawn).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reasons_and_parts_stand_out_from_their_ground(
    open_page: Open, two_things: Path, scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    page.locator("[data-file]").first.set_input_files(two_things)
    expect(page.locator(".looked")).to_be_visible()
    page.locator(".grid:not(.skeleton) .why summary").first.click()

    assert page.evaluate(CONTRAST) == []


def test_everything_works_without_javascript(open_page: Open, red_plate: Path) -> None:
    page = open_page(java_script_enabled=False)

    page.locator("[data-file]").first.set_input_files(red_plate)
    page.get_by_role("button", name="Search").click()
    expect(first_card(page)).to_have_text("Red plate")

    page.get_by_label("Describe what to change").fill("green")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("h1")).to_contain_text("like your picture, “green”")

    page.get_by_label("In stock only").check()
    page.get_by_role("button", name="Show results").click()
    expect(page.locator(".chip")).to_have_count(1)
    page.locator(".chip").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager-where")).to_have_text("Page 2 of 2")


def test_on_a_phone(open_page: Open, red_plate: Path) -> None:
    page = open_page(**PHONE)
    expect(page.get_by_text("Take a photo")).to_be_visible()

    page.locator("[data-file][capture]").set_input_files(red_plate)
    expect(first_card(page)).to_have_text("Red plate")
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.locator("#filters")).to_be_visible()
    page.locator("#filters").get_by_text("Nordlys").click()
    page.get_by_role("button", name="Show results").click()

    expect(page.locator(".chip")).to_contain_text(["Nordlys"])
    expect(page.locator("#filters")).to_be_hidden()


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_fit_the_screen_and_name_their_controls(
    open_page: Open, options: dict[str, Any]
) -> None:
    page = open_page(**options)
    for path in SHOWN:
        page.goto(path)

        assert page.evaluate(WIDTH) <= options["viewport"]["width"], path
        assert page.evaluate(UNNAMED) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_page: Open, scheme: str) -> None:
    """WCAG 2.2 AA: contrast of 4.5, or 3 for large text."""
    page = open_page(color_scheme=scheme)
    for path in SHOWN:
        page.goto(path)

        assert page.evaluate(CONTRAST) == [], path


SHOWN = (
    "/",
    "/search?text=plate&in_stock=1",
    "/search?text=plate&brand=Nobody",
    "/products/PLATE-RED",
    "/products/PLATE-RED/similar",
)
WIDTH = "document.documentElement.scrollWidth"
UNNAMED = """() => [...document.querySelectorAll("a, button, input:not([type=hidden])")]
  .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length
    || e.querySelector("img[alt]:not([alt=''])")))
  .map((e) => e.outerHTML)"""
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 200) return colour;
    }
    return [255, 255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest(".unseen, svg, .skip")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgba(style.color)), light(ground(element))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24;
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) {
      weak.push(`${element.className}: ${element.textContent.trim().slice(0, 30)}`);
    }
  }
  return weak;
}"""


@pytest.fixture
def merchandiser(app: Flask, engine: SearchEngine) -> Iterator[str]:
    """The name of a merchandiser's account; what is saved is removed."""
    yield make_account(app, "merchandiser")
    with session_scope(engine.database) as session:
        session.execute(delete(SavedDescription))
        session.execute(delete(SearchEvent))


def log_in_at(page: Page, name: str) -> None:
    """Log in at the page that asks for it."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    "options", [DESK, PHONE, {"java_script_enabled": False}], ids=["desk", "phone", "no script"]
)
def test_products_are_marked_right_and_wrong(
    open_page: Open, merchandiser: str, engine: SearchEngine, options: dict[str, Any]
) -> None:
    page = open_page("/studio/saved", **options)
    log_in_at(page, merchandiser)
    page.get_by_label("A description to keep").fill("red plate")
    page.get_by_role("button", name="Save and mark products").click()
    expect(page.locator("h1")).to_have_text("“red plate”")
    first = page.locator(".hit").first
    right = first.get_by_role("button", name="Right")
    expect(right).to_have_attribute("aria-pressed", "false")

    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".marked-list li")).to_have_count(1)
    first.get_by_role("button", name="Wrong").click()
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".marked-list .mark")).to_have_text("Wrong")
    page.get_by_label("Product by sku").fill("TRAY-BLUE")
    page.locator("aside").get_by_role("button", name="Right").click()

    expect(page.locator(".marked-list li")).to_have_count(2)
    with session_scope(engine.database) as session:
        marks = select(Product.sku, SavedJudgement.right).join(SavedJudgement)
        kept = dict(session.execute(marks).tuples().all())
    assert kept == {"PLATE-RED": False, "TRAY-BLUE": True}
    page.get_by_role("link", name="Saved descriptions").click()
    page.get_by_role("button", name="Run all now").click()
    expect(page.locator("tbody tr")).to_contain_text("0 of 1")


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])
def test_a_gap_is_seen_and_saved(
    open_page: Open, merchandiser: str, engine: SearchEngine, options: dict[str, Any]
) -> None:
    with session_scope(engine.database) as session:
        shown = session.scalars(select(Product.id).limit(3)).all()
        session.add(
            SearchEvent(
                kind="text",
                text="hammock",
                filters={"in_stock": True},
                page=1,
                total=3,
                shown=[[product, 0.2, rank] for rank, product in enumerate(shown, 1)],
                verdict="nothing",
                elapsed_ms=1.0,
            )
        )
    page = open_page("/studio/gaps", **options)
    log_in_at(page, merchandiser)
    gap = page.locator(".gap")
    expect(gap.locator("h2")).to_have_text("hammock")
    expect(gap.locator(".strip img")).to_have_count(3)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "nothing is wider than the screen"

    gap.get_by_role("button", name="Save as description").click()

    expect(page.locator("h1")).to_have_text("“hammock”")
