"""Builds a generation: a snapshot of the catalogue, its vectors, a trained and measured index.

Everything is written under a temporary name, verified, then renamed; a build that fails or is
killed leaves the live generation as it was.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
import structlog

from indexer.locks import exclusively
from indexer.snapshot import Snapshot, take_snapshot
from search.columns import write_columns
from search.db import session_scope
from search.embeddings import EmbeddingStore
from search.encoder import Encoder
from search.errors import NothingToBuild
from search.generation import (
    COLUMNS,
    FORMAT,
    INDEX,
    MANIFEST,
    VECTORS,
    Latency,
    Manifest,
    Measured,
    file_entry,
    verify_files,
)
from search.index import (
    ExactIndex,
    FaissIndex,
    HalfVectors,
    IndexPlan,
    plan_index,
    recall_at,
    rescore,
    train_index,
    tune_nprobe,
    write_index,
)
from search.models import Generation as GenerationRow
from search.results import Embeddings
from search.settings import Settings

TEMPORARY = ".building-"
QUERIES = 200
"""Queries of each kind that recall is measured on."""
GATHER_ROWS = 100_000
NOISE = 0.35
"""Length of the random step from a stored vector to a query made of it; a shopper's photo of a
thing is about as far from the shop's own picture."""

log = structlog.get_logger()
Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Vectors that recall is measured with."""

    photos: Embeddings  # (q, d) float32
    texts: Embeddings  # (t, d) float32; t is 0 where no model was at hand


def build_generation(
    database: sqlalchemy.Engine,
    settings: Settings,
    encoder: Encoder,
    *,
    progress: Progress | None = None,
) -> int:
    """Build a generation of everything that is encoded under the encoder's model.

    Args:
        database: The catalogue.
        settings: State root, recall target, memory for the index.
        encoder: Its tag chooses the embeddings; it encodes titles to measure text queries with.
        progress: Told what is being done.

    Returns:
        The id of the new row of `generation`, in state `verified`.

    Raises:
        NothingToBuild: no picture is encoded.
        AlreadyRunning: another build or publication is at work.
        DamagedShard: a shard is not what it was; `findalike reindex` heals that.
        OSError: the disk refuses; nothing is left behind.
    """
    tell = progress or (lambda _step: None)
    with exclusively(database, "build"):
        tell("Reading the catalogue")
        snapshot = take_snapshot(database, encoder.tag)
        if not snapshot.rows:
            raise NothingToBuild
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        generation_id = _start(database, name, encoder.tag)
        generations = settings.root / "generations"
        temporary = generations / f"{TEMPORARY}{name}"
        try:
            temporary.mkdir(parents=True)
            manifest = _write(temporary, name, snapshot, settings, encoder, tell)
            tell("Verifying")
            verify_files(temporary)
            _sync(temporary)
            temporary.rename(generations / name)
            _sync(generations)
            _finish(database, generation_id, manifest)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(generations / name, ignore_errors=True)
            _give_up(database, generation_id)
            raise
    log.info("generation_built", generation=generation_id, vectors=manifest.vectors)
    return generation_id


def _write(
    directory: Path,
    name: str,
    snapshot: Snapshot,
    settings: Settings,
    encoder: Encoder,
    tell: Progress,
) -> Manifest:
    """Write all files of a generation, the manifest last."""
    tell("Gathering vectors")
    vectors = _gather(directory / VECTORS, snapshot, EmbeddingStore(settings.root), encoder)
    write_columns(directory / COLUMNS, snapshot.rows)
    memory = settings.index_memory_mb
    plan = plan_index(len(vectors), vectors.shape[1], memory * 2**20 if memory else None)
    tell(f"Training {plan.factory}")
    faiss_index = train_index(plan, vectors)
    write_index(faiss_index, directory / INDEX)
    tell("Measuring recall")
    queries = make_queries(vectors, snapshot.titles, encoder)
    nprobe, measured = measure(plan, faiss_index, vectors, queries, settings)
    manifest = Manifest(
        format=FORMAT,
        name=name,
        created_at=datetime.now(UTC),
        model_tag=encoder.tag,
        dim=vectors.shape[1],
        vectors=len(vectors),
        products=snapshot.products,
        signature=snapshot.signature,
        factory=plan.factory,
        reason=plan.reason,
        nlist=plan.nlist,
        m=plan.m,
        nbits=plan.nbits,
        nprobe=nprobe,
        candidates=settings.candidates,
        left_out=snapshot.left_out,
        files={name: file_entry(directory / name) for name in (INDEX, VECTORS, COLUMNS)},
        measured=measured,
    )
    (directory / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return manifest


def _gather(path: Path, snapshot: Snapshot, store: EmbeddingStore, encoder: Encoder) -> HalfVectors:
    """Write the vectors in index order, block by block, and map the file."""
    rows = np.asarray(snapshot.shard_rows, dtype=np.int64)
    with path.open("wb") as file:
        for start in range(0, len(rows), GATHER_ROWS):
            part = slice(start, start + GATHER_ROWS)
            store.gather(encoder.tag, snapshot.shards[part], rows[part]).tofile(file)
    return np.memmap(path, dtype=np.float16, mode="r").reshape(len(rows), -1)


def make_queries(vectors: HalfVectors, titles: Sequence[str], encoder: Encoder) -> Queries:
    """Make queries like those to come: stored pictures seen differently, and titles as words.

    Returns:
        At most 200 of each, seeded; a picture's query is its vector plus a random step, so that
        the exact top 10 is not led by a perfect match.
    """
    rng = np.random.default_rng(len(vectors))
    chosen = rng.choice(len(vectors), min(QUERIES, len(vectors)), replace=False)
    steps = rng.standard_normal((len(chosen), vectors.shape[1])).astype(np.float32)
    steps *= NOISE / np.linalg.norm(steps, axis=1, keepdims=True)
    photos = vectors[chosen].astype(np.float32) + steps
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    distinct = sorted(set(titles))
    picked = rng.choice(len(distinct), min(QUERIES, len(distinct)), replace=False)
    return Queries(photos, encoder.encode_texts([distinct[i] for i in picked]))


def measure(
    plan: IndexPlan,
    faiss_index: Any,  # noqa: ANN401 - FAISS has no types
    vectors: HalfVectors,
    queries: Queries,
    settings: Settings,
) -> tuple[int, Measured]:
    """Find nprobe and measure what the index reaches with it.

    Returns:
        The smallest nprobe that meets the recall target on both kinds of query together, 0
        where there is no IVF index; and the recall and latency with it.
    """
    both = np.concatenate([queries.photos, queries.texts])
    index = FaissIndex(faiss_index, vectors, nprobe=max(plan.nlist, 1))
    nprobe, _ = tune_nprobe(
        index, both, target=settings.recall_target, candidates=settings.candidates
    )
    tuned = FaissIndex(faiss_index, vectors, nprobe)
    exact = ExactIndex(vectors)
    shares, ann_ms, exact_ms = [], [], []
    for query in both:
        started = time.perf_counter()
        found = rescore(vectors, query, tuned.search(query, settings.candidates))
        between = time.perf_counter()
        truth = exact.search(query, 10)
        exact_ms.append((time.perf_counter() - between) * 1000)
        ann_ms.append((between - started) * 1000)
        shares.append(recall_at(10, [found.rows], [truth.rows]))
    of_photos, of_texts = shares[: len(queries.photos)], shares[len(queries.photos) :]
    return nprobe, Measured(
        recall_at_10=round(float(np.mean(shares)), 5),
        recall_at_10_photo=round(float(np.mean(of_photos)), 5),
        recall_at_10_text=round(float(np.mean(of_texts)), 5),
        queries=len(both),
        ann_ms=_latency(ann_ms),
        exact_ms=_latency(exact_ms),
    )


def _latency(elapsed_ms: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(elapsed_ms, [50, 95])
    return Latency(p50=round(float(p50), 3), p95=round(float(p95), 3))


def _sync(directory: Path) -> None:
    """Make a directory and the files in it durable."""
    for path in (*(p for p in directory.iterdir() if p.is_file()), directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _start(database: sqlalchemy.Engine, name: str, model_tag: str) -> int:
    with session_scope(database) as session:
        row = GenerationRow(state="building", model_tag=model_tag, directory=name)
        session.add(row)
        session.flush()
        return row.id


def _finish(database: sqlalchemy.Engine, generation_id: int, manifest: Manifest) -> None:
    with session_scope(database) as session:
        row = session.get_one(GenerationRow, generation_id)
        row.state, row.manifest = "verified", manifest.model_dump(mode="json")


def _give_up(database: sqlalchemy.Engine, generation_id: int) -> None:
    with session_scope(database) as session:
        session.get_one(GenerationRow, generation_id).state = "failed"
