"""One consistent look at the catalogue, and which of its products are variants of one.

Builds and deltas call it. It reads; it writes nothing.
"""
