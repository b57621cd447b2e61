"""Words: normalised, matched to attribute values, counted, corrected, found by full text search.

Queries and builds call it. It knows the vocabulary and PostgreSQL's text search; it ranks nothing.
"""
