"""Builds a generation: a snapshot of the catalogue, its vectors, a trained and measured index.

Everything is written under a temporary name, verified and then renamed. A build that fails leaves
nothing behind. What a killed build leaves, the next one removes. The live generation is never
touched.
"""

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from indexer.attributes.attribute_prediction import PredictedAttributes, predict_attributes
from indexer.attributes.attribute_rows import is_live_model, store_attributes
from indexer.building.index_training import Trainer, earlier_generation
from indexer.building.recall_measurement import make_queries
from indexer.building.threshold_fitting import calibrate
from indexer.snapshot.catalogue_snapshot import Snapshot, take_snapshot
from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.encoder import Encoder
from search.encoder.local_features import PATCH_DIM
from search.errors import NothingToBuild
from search.files.atomic_files import make_durable
from search.index.embedding_store import EmbeddingStore
from search.index.generation_files import (
    COLUMNS,
    FILES,
    FORMAT,
    INDEX,
    PATCHES,
    TEMPORARY,
    VECTORS,
    WORDS,
    Manifest,
    verify_files,
)
from search.index.index_planning import IndexPlan, plan_index
from search.index.manifest_files import file_entry, write_manifest
from search.index.product_columns import load_columns, write_columns
from search.index.vector_index import write_index
from search.jobs.exclusive_job import ExclusiveJob, exclusive_job
from search.live.stored_generations import generations_folder
from search.results import HalfVectors
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary
from search.text.word_counts import write_words

GATHER_ROWS = 20_000
STEPS = 7
"""Stages of a build, as its job counts them."""

log = structlog.get_logger()
Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""


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
        AlreadyRunning: another build is at work.
        DamagedShard: a shard is not what was written; `findalike reindex` encodes its pictures
            again.
        OSError: the disk refuses; nothing is left behind.
    """
    generations = generations_folder(settings.root)
    with exclusive_job(database, "build", STEPS) as job:
        remove_dead_builds(database, generations)
        tell = _teller(job, progress)
        tell("Reading the catalogue")
        vocabulary = load_vocabulary(settings.vocabulary)
        snapshot = take_snapshot(database, encoder.tag, vocabulary)
        if not snapshot.rows:
            raise NothingToBuild
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        generation_id = _start(database, name, encoder.tag)
        temporary = generations / f"{TEMPORARY}{name}"
        try:
            temporary.mkdir(parents=True)
            tell("Gathering vectors")
            vectors = _gather(temporary, snapshot, settings, encoder.tag)
            tell("Predicting attributes")
            attributes = predict_attributes(snapshot, vectors, encoder, vocabulary)
            snapshot = attributes.fill_snapshot(snapshot)
            manifest = _write(
                temporary, snapshot, vectors, settings, encoder, database=database, tell=tell
            )
            tell("Verifying")
            make_durable(temporary)
            verify_files(temporary)
            temporary.rename(generations / name)
            make_durable(generations)
            _finish(database, generation_id, manifest, attributes)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(generations / name, ignore_errors=True)
            with suppress(SQLAlchemyError):  # where the database is away, the next build marks it
                _mark_failed(database)
            raise
        job.report |= {"generation": generation_id} | _outcome(manifest)
    log.info("generation_built", generation=generation_id, vectors=manifest.vectors)
    return generation_id


def _outcome(manifest: Manifest) -> dict[str, Any]:
    """Return what a job keeps of a manifest, for a manifest is pruned with its generation."""
    named = {"model_tag", "dim", "vectors", "products", "factory", "nprobe", "measured"}
    stored = sum(file.bytes for file in manifest.files.values())
    return manifest.model_dump(mode="json", include=named) | {"bytes": stored}


def _teller(job: ExclusiveJob, progress: Progress | None) -> Progress:
    """Return a function to call as a stage of the job begins; the one before it is done then."""

    def tell(step: str) -> None:
        job.begin(step)
        if progress is not None:
            progress(step)

    return tell


def _write(
    directory: Path,
    snapshot: Snapshot,
    vectors: HalfVectors,
    settings: Settings,
    encoder: Encoder,
    *,
    database: sqlalchemy.Engine,
    tell: Progress,
) -> Manifest:
    """Write all files of a generation but its vectors, which are there; the manifest last."""
    write_columns(directory / COLUMNS, snapshot.rows, snapshot.facets)
    write_words(directory / WORDS, snapshot.words)
    name = directory.name.removeprefix(TEMPORARY)
    earlier = earlier_generation(database, directory.parent, encoder.tag)
    trainer = Trainer(name, plan_for(settings, *vectors.shape), vectors, settings, earlier)
    trained = trainer.make(lambda: make_queries(vectors, snapshot.titles, encoder), tell)
    write_index(trained.index.index, directory / INDEX)
    tell("Calibrating similarities")
    columns = load_columns(directory / COLUMNS)
    thresholds = calibrate(database, snapshot, columns, trained.index, encoder, settings)
    manifest = Manifest(
        format=FORMAT,
        name=name,
        created_at=datetime.now(UTC),
        model=settings.model,
        model_tag=encoder.tag,
        dim=vectors.shape[1],
        patch_dim=PATCH_DIM,
        vectors=len(vectors),
        products=snapshot.products,
        signature=snapshot.signature,
        changed_from=snapshot.changed_from,
        **asdict(trained.plan),
        nprobe=trained.index.nprobe,
        candidates=settings.candidates,
        left_out=snapshot.left_out,
        files={file: file_entry(directory / file) for file in sorted(FILES)},
        measured=trained.measured,
        training=trained.training,
        thresholds=thresholds,
    )
    return write_manifest(directory, manifest)


def plan_for(settings: Settings, n: int, d: int) -> IndexPlan:
    """Return the index that these settings ask for with n vectors of d dimensions."""
    memory_mb = settings.index_memory_mb
    return plan_index(n, d, memory_mb * 2**20 if memory_mb else None)


def _gather(directory: Path, snapshot: Snapshot, settings: Settings, model_tag: str) -> HalfVectors:
    """Write vectors and patches in index order, block by block; return the vectors, (n, d) float16.

    They are mapped, not loaded.
    """
    store = EmbeddingStore(settings.root)
    rows = np.asarray(snapshot.shard_rows, dtype=np.int64)
    with (directory / VECTORS).open("wb") as vectors, (directory / PATCHES).open("wb") as patches:
        for start in range(0, len(rows), GATHER_ROWS):
            part = slice(start, start + GATHER_ROWS)
            gathered = store.gather(model_tag, snapshot.shards[part], rows[part])
            gathered.vectors.tofile(vectors)
            gathered.patches.tofile(patches)
    mapped = np.memmap(directory / VECTORS, dtype=np.float16, mode="r")
    return np.asarray(mapped).reshape(len(rows), -1)


def remove_dead_builds(database: sqlalchemy.Engine, generations: Path) -> int:
    """Remove what killed builds left; return how many. The caller holds the lock of `build`."""
    dead = _mark_failed(database)
    for name in dead:
        shutil.rmtree(generations / name, ignore_errors=True)
    for directory in generations.glob(f"{TEMPORARY}*"):
        log.warning("dead_build_removed", directory=directory.name)
        shutil.rmtree(directory, ignore_errors=True)
    return len(dead)


def _mark_failed(database: sqlalchemy.Engine) -> list[str]:
    """Mark every unfinished build as failed; return their directories."""
    with session_scope(database) as session:
        unfinished = select(GenerationRow).where(GenerationRow.state == "building")
        rows = session.scalars(unfinished).all()
        for row in rows:
            row.state = "failed"
        return [row.directory for row in rows]


def _start(database: sqlalchemy.Engine, name: str, model_tag: str) -> int:
    with session_scope(database) as session:
        row = GenerationRow(state="building", model_tag=model_tag, directory=name)
        session.add(row)
        session.flush()
        return row.id


def _finish(
    database: sqlalchemy.Engine,
    generation_id: int,
    manifest: Manifest,
    attributes: PredictedAttributes,
) -> None:
    with session_scope(database) as session:
        if is_live_model(session, manifest.model_tag):
            store_attributes(session, attributes, manifest.model_tag)
        row = session.get_one(GenerationRow, generation_id)
        row.state, row.manifest = "verified", manifest.model_dump(mode="json")
