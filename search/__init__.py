"""The search engine: settings, encoder, index, query, ranking, publication, and what staff sees.

`web` and `indexer` call it. It imports neither of them; `pyproject.toml` says which room here may
import which.
"""
