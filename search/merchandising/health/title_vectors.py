"""Stored vectors of titles, so that a nightly run encodes new titles only.

One file below FINDALIKE_HOME holds those of one model: `digests` (n, 32) uint8, the sha256 of each
title; `vectors` (n, d) float16; and in its metadata the model's tag and a checksum. A file that
can't be used is ignored and replaced: the titles can be encoded again at any time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from search.encoder import Encoder
from search.files.atomic_files import TEMPORARY, write_durably
from search.index.embedding_store import checksum_of
from search.results import Embeddings, HalfVectors

FILE = "title-vectors.safetensors"
AT_A_TIME = 256

log = structlog.get_logger()


def title_vectors(root: Path, encoder: Encoder, titles: Sequence[str]) -> Embeddings:
    """Return (n, d) float32, the vector of each title; those not seen before are encoded.

    The file then holds the vectors of these titles and no others.

    Args:
        root: `FINDALIKE_HOME`.
        encoder: The model. Stored vectors of another model are ignored.
        titles: n different ones, at least one.
    """
    path = root / FILE
    # Left by a run that was killed; no two surveys run at a time.
    for half in root.glob(f".{FILE}.*{TEMPORARY}"):
        half.unlink(missing_ok=True)
    digests = [hashlib.sha256(title.encode()).digest() for title in titles]
    known = _read(path, encoder.tag)
    new = [place for place, digest in enumerate(digests) if digest not in known]
    encoded = dict(zip(new, _encode(encoder, [titles[place] for place in new]), strict=True))
    vectors = np.stack([
        encoded[place] if place in encoded else known[digest]
        for place, digest in enumerate(digests)
    ])  # fmt: skip
    if new or len(known) > len(digests):
        _keep(path, encoder.tag, digests, vectors)
    return vectors.astype(np.float32)


def _encode(encoder: Encoder, titles: list[str]) -> HalfVectors:
    """Return (n, d) float16."""
    blocks = [
        encoder.encode_texts(titles[start : start + AT_A_TIME])
        for start in range(0, len(titles), AT_A_TIME)
    ]
    return np.concatenate([np.empty((0, encoder.dim), np.float16), *blocks], dtype=np.float16)


def _read(path: Path, model_tag: str) -> Mapping[bytes, HalfVectors]:
    """Return the stored (d,) vectors by digest; none where the file can't be used."""
    if not path.exists():
        return {}
    try:
        with safe_open(path, framework="numpy") as opened:
            metadata: Mapping[str, str] = opened.metadata() or {}
            digests = opened.get_tensor("digests")
            vectors: HalfVectors = opened.get_tensor("vectors")
    except (OSError, SafetensorError) as error:
        log.warning("title_vectors_unusable", path=str(path), error=str(error))
        return {}
    if metadata.get("model_tag") != model_tag:
        return {}
    if metadata.get("checksum") != checksum_of(vectors, digests):
        log.warning("title_vectors_unusable", path=str(path), error="its checksum fails")
        return {}
    return dict(zip(map(bytes, digests), vectors, strict=True))


def _keep(path: Path, model_tag: str, digests: Sequence[bytes], vectors: HalfVectors) -> None:
    """Write the file anew. Where the disk refuses, the next survey encodes the titles again."""
    rows = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    content = save(
        {"digests": rows, "vectors": vectors},
        metadata={"model_tag": model_tag, "checksum": checksum_of(vectors, rows)},
    )
    try:
        write_durably(path, content)
    except OSError as error:
        log.warning("title_vectors_not_kept", path=str(path), error=str(error))
