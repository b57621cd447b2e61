"""What a run imports, imported once by the server that runs are forked from. Starts no thread."""

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

import faiss  # noqa: E402, F401
import open_clip  # noqa: E402, F401

import indexer.encode_run  # noqa: E402
import indexer.reindex  # noqa: E402, F401
