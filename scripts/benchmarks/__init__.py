"""Measurements of speed. Whatever is compared takes turns within one process."""

import search.encoder  # noqa: F401 - before torch: it sets how idle threads wait
