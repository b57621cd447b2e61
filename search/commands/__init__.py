"""Subcommands of `findalike` that the search package registers."""
