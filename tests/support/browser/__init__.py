"""A real Chromium for tests, and checks of what a page shows."""
