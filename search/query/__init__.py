"""Understands a query: photo and words become a vector, wishes, exclusions and words to find.

The engine and evaluation call it. It knows the encoder, the text and the index; it ranks nothing.
"""
