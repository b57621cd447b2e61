"""The indexer: catalogue in, published generation out. Imports `search`, never `web`."""
