"""Catalogue health: what is missing, refused, doubled or doubtful, for merchandisers to put right.

The studio and the nightly inspection call it. It reads a generation and the tables; it corrects
nothing by itself.
"""
