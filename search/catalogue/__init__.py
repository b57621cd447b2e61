"""Products as searches and people see them: cards, fields, changes that wait, who is believed.

The engine, the pages and the indexer call it. It knows the database; it knows no index.
"""
