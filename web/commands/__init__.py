"""Subcommands of `findalike` that the web package registers, a module each.

The entry points in `pyproject.toml` name them. They read options and print results; other modules
do the work.
"""
