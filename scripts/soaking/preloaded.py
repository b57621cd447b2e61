"""What a run imports, imported once by the server that runs are forked from. Starts no thread."""

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

import faiss  # noqa: F401
import open_clip  # noqa: F401

import indexer.encode_jobs.encode_follow
import indexer.nightly.reindex_run  # noqa: F401
