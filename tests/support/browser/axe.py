"""Accessibility checks with axe-core: WCAG 2.0 to 2.2, levels A and AA, and best practices."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast"]
"""Rules that a dark page may break although the light one does not."""

FINGERS = ["target-size", "scrollable-region-focusable"]
"""Rules that a narrow page may break although the wide one does not."""


def violations(page: Page, rules: list[str] = RULES) -> list[str]:
    """Return a line for each violation: the rule, the element, and what is wrong with it."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
