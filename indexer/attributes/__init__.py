"""What products are like: attribute values predicted from their pictures and kept beside the
fields.

Builds and deltas call it. It knows vectors and the vocabulary; it changes no merchant's field.
"""
