"""Subcommands of `findalike` that the indexer package registers."""
