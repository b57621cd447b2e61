"""The time from tap to first result of a photo search in a real browser, and the encoder's time.

Both are measured for each photo in turn on the same machine, so that their ratio holds whatever its
load. Searches the live generation of FINDALIKE_HOME.
"""

import logging
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table
from werkzeug.serving import make_server

from search.errors import UnusableQuery, WrongSetting
from search.pictures.decoding import decode_picture
from web import create_app
from web.state import WebState

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
WARM = 3
"""Photos that are searched first, to warm up, and not counted."""
WATCH = """
document.addEventListener('change', () => { window.tappedAt = performance.now(); }, true);
new MutationObserver(() => {
  if (window.shownAt || !document.querySelector('.grid:not(.skeleton) .card')) return;
  window.shownAt = performance.now();
  requestAnimationFrame(() => {
    const drawn = new MessageChannel();
    drawn.port1.onmessage = () => { window.paintedAt = performance.now(); };
    drawn.port2.postMessage(0);
  });
}).observe(document, { subtree: true, childList: true });
"""
MEASURED = """() => {
  const entries = performance.getEntriesByType('resource');
  const sent = entries.find((entry) => entry.initiatorType === 'xmlhttprequest');
  return {
    tap: paintedAt - tappedAt,
    answer: sent.responseEnd - sent.requestStart,
    search: parseFloat(document.querySelector('.took').textContent),
    draw: paintedAt - sent.responseEnd,
  };
}"""


@dataclass(frozen=True, slots=True)
class Tap:
    """The times of one photo, in milliseconds."""

    encoder: float  # encoding the decoded photo once, for comparison
    tap: float  # from choosing the photo until the first hit is painted
    answer: float  # part of `tap`: from the request to the end of the response
    search: float  # part of `answer`: the search, which encodes the photo and its region
    draw: float  # part of `tap`: from the response to the painted page


def measure_pages(photos: Path) -> dict[str, float]:
    """Return medians over the photos of a folder, among them of the ratio of tap to encoder.

    Raises:
        UnusableQuery: the folder holds too few photos.
        WrongSetting: there is no Chromium.
        NoGeneration: nothing is published under FINDALIKE_HOME.
    """
    files = sorted(photos.glob("*.jpg"))
    if len(files) <= WARM:
        raise UnusableQuery(f"{photos} holds {len(files)} .jpg files; more than {WARM} are needed.")
    chromium = shutil.which("chromium")
    if chromium is None:
        raise WrongSetting("PATH", "…", "Debian's chromium must be on it")
    app = create_app()
    with serving(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        taps = []
        for file in files:
            context = browser.new_context(base_url=address, bypass_csp=True, **PHONE)
            taps.append(measure(app, context.new_page(), file))
            context.close()
        browser.close()
    return summary(taps[WARM:])


def measure(app: Flask, page: Page, file: Path) -> Tap:
    """Encode one photo by itself, then search with it."""
    state: WebState = app.extensions["findalike"]
    with file.open("rb") as content:
        photo = decode_picture(content.read(), max_pixels=10**9, max_side_px=1024)
    encoder_ms = encoding_ms(state, photo)
    page.add_init_script(WATCH)
    page.goto("/")
    page.wait_for_timeout(300)  # let the page load to its end first
    page.locator("[data-file]").first.set_input_files(file)
    page.wait_for_function("window.paintedAt")
    return Tap(encoder=encoder_ms, **page.evaluate(MEASURED))


def encoding_ms(state: WebState, photo: Image.Image, rounds: int = 5) -> float:
    """Return the median time of encoding one photo with the engine's encoder."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        state.engine.answering().encoder.encode_images([photo])
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def summary(taps: list[Tap]) -> dict[str, float]:
    """Return the median of each part, and of the ratio of tap to encoder."""
    parts = {
        f"{name}_ms": round(statistics.median(asdict(tap)[name] for tap in taps), 1)
        for name in asdict(taps[0])
    }
    ratio = statistics.median(tap.tap / tap.encoder for tap in taps)
    return {"photos": len(taps), **parts, "ratio": round(ratio, 2)}


def table(found: dict[str, float]) -> None:
    """Print the figures."""
    shown = Table("", "ms", title=f"{found['photos']} photos, medians", title_justify="left")
    for name, label in (
        ("encoder_ms", "encoding the photo once"),
        ("tap_ms", "from tap to first result"),
        ("answer_ms", "  request and response"),
        ("search_ms", "    the search, which encodes twice"),
        ("draw_ms", "  painting the page"),
    ):
        shown.add_row(label, f"{found[name]:.1f}")
    console = Console()
    console.print(shown)
    console.print(f"From tap to first result takes {found['ratio']:.2f} × encoding the photo once.")


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve the application from this process; yields its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
