"""Accessibility of what a page shows, by axe-core: WCAG 2.0 to 2.2, A and AA, and good practice."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast"]
"""What a dark page may break that a light one does not."""

FINGERS = ["target-size", "scrollable-region-focusable"]
"""What a narrow page may break that a wide one does not; the rest is in the same document."""


def violations(page: Page, rules: list[str] = RULES) -> list[str]:
    """Return each violation in a line: the rule, the element, and what is wrong with it."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
