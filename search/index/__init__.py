"""The vector index and the files around it: columns, embeddings, generations, deltas.

The engine searches it and the indexer writes it. It knows arrays and files; it knows no query,
no ranking and no web.
"""
