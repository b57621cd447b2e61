"""What every long run needs: to be the only one of its kind, its number, and what it cost.

Builds, ingests and nightly runs call it. It does not know what they do.
"""
