"""Products as searches and people see them: cards, fields, waiting changes, sources of attributes.

The engine, the pages and the indexer call it. It knows the database; it knows no index.
"""
