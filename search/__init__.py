"""The search engine: settings, encoder, index, ranking. Imports neither `indexer` nor `web`."""
