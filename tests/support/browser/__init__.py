"""A real Chromium for tests, and what to look for on a page."""
