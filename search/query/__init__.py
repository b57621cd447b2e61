"""From a query to what is searched for: words, photo and both as a vector, wishes and exclusions.

The engine calls it. It knows the encoder, the text and the index; it orders nothing.
"""
