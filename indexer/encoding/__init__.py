"""One batch of pictures becomes embeddings: read, decoded, encoded, stored, in one transaction.

Encode jobs call it. It knows the encoder and the embedding store; it knows no queue.
"""
