"""Subcommands of `findalike` that the web package registers."""
