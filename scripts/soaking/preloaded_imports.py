"""Imports everything that a run needs, once, in the server that runs are forked from.

It starts no thread: a fork would not copy it.
"""

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

import faiss  # noqa: F401
import open_clip  # noqa: F401

import indexer.encode_jobs.encode_follow
import indexer.nightly.reindex_run  # noqa: F401
