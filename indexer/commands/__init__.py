"""Subcommands of `findalike` that the indexer package registers, a module each.

The entry points in `pyproject.toml` name them. They read options and show results; the work is
done elsewhere.
"""
