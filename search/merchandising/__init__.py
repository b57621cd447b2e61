"""What merchandisers keep and see: edits, saved descriptions, rule previews, health, gaps.

The studio, commands and the nightly run call it. It asks the engine; the engine does not know it.
"""
