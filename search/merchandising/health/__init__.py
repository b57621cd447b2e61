"""Catalogue health: what is missing, refused, duplicate or doubtful, for merchandisers to correct.

The studio and the nightly inspection call it. It reads a generation and the tables; it corrects
nothing by itself.
"""
