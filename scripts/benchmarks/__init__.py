"""Measurements of speed. Everything that is compared runs in turns, within one process."""

import search.encoder  # noqa: F401 - before torch: it settles how threads wait
