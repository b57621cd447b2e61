"""Faults in the layout of any page, found by the boxes of its elements, whatever the fonts."""

from playwright.sync_api import Page

LOAD_ALL = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
    scrollTo({ top: y, behavior: "instant" });
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  scrollTo({ top: 0, behavior: "instant" });
  const shown = [...document.images].filter((image) => image.checkVisibility() && image.src);
  await Promise.all(shown.map((image) => image.decode().catch(() => {})));
  return shown.filter((image) => !image.naturalWidth).map((image) => image.src);
}"""
"""Scrolls through the page, so that lazy pictures load; returns those that failed."""

TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1)
    .slice(0, 5)
    .map((e) => `${e.tagName}.${e.className} ends at ${e.getBoundingClientRect().right}`);
}"""

CLIPPED = """() => [...document.querySelectorAll("header *, main *, footer *")]
  .filter((e) => {
    const style = getComputedStyle(e);
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const meant = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none"
      || e.closest(".unseen") || e.matches("input, textarea, select, option");
    if (!text || meant || !e.checkVisibility() || e.clientWidth < 2) return false;
    const hides = ["hidden", "clip"];
    return (hides.includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
      || (hides.includes(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
  })
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""
"""Finds text that its own box cuts off without an ellipsis."""

COVERED = """() => {
  const open = document.querySelector(":popover-open") ?? document;
  const faults = [];
  for (const control of open.querySelectorAll("a, button, input, select, textarea, summary")) {
    if (control.closest("svg") || !control.checkVisibility({ visibilityProperty: true })) continue;
    control.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = control.getClientRects()[0];
    if (!box || box.width < 8 || box.height < 8) continue;
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!hit) continue; // a link that comes into the page with the focus
    const own = control.contains(hit) || hit.contains(control)
      || [...control.labels ?? []].some((label) => label.contains(hit));
    const named = (element) => element.outerHTML.slice(0, 80);
    if (!own) faults.push(`${named(control)} lies under ${named(hit)}`);
  }
  scrollTo({ top: 0, behavior: "instant" });
  return faults;
}"""
"""Finds controls that another element covers."""


def faults(page: Page) -> list[str]:
    """Return elements that are too wide, cut off or covered, and pictures that did not load."""
    found = [f"not loaded: {address}" for address in page.evaluate(LOAD_ALL)]
    for name, script in (("too wide", TOO_WIDE), ("cut off", CLIPPED), ("covered", COVERED)):
        found += [f"{name}: {each}" for each in page.evaluate(script)]
    return found
