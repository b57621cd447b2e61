"""The web front end: shopper pages and JSON API. Imports `search`, never `indexer`."""
