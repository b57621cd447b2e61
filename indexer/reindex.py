"""All of it: ingest, encode, build, publish; only what changed, one run at a time.

Whatever fails, the live generation stays as it was and the next run goes on from there.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.build import build_generation
from indexer.encode_run import run_encoding
from indexer.ingest import ingest
from indexer.locks import exclusively
from indexer.publish import publish
from indexer.snapshot import take_snapshot
from indexer.upkeep import forget_damaged_shards
from search.db import open_database, session_scope
from search.embeddings import EmbeddingStore
from search.encoder import Encoder, load_encoder
from search.errors import DamagedShard, UnusableCatalogue
from search.jobs import advance, fail, finish, start_job
from search.models import Generation as GenerationRow
from search.models import Product
from search.progress import track
from search.settings import Settings

log = structlog.get_logger()


@dataclass(slots=True)
class Reindex:
    """One run; `report` fills as it goes.

    Args:
        settings: What to run with.
        workers: Encode workers to start; None: as suits this machine, none where some run.
        allow_shrink: Retire products however many are gone from a source.
        quiet: Show no progress.
    """

    settings: Settings
    workers: int | None = None
    allow_shrink: bool = False
    quiet: bool = False
    report: dict[str, Any] = field(default_factory=lambda: {"seconds": {}})

    def run(self, sources: Sequence[str]) -> dict[str, Any]:
        """Bring the index up to date.

        Args:
            sources: Catalogues to read; none: those that were read before.

        Returns:
            What came of each stage, with the seconds it took.

        Raises:
            AlreadyRunning: another run is at work.
            FindalikeError: a stage failed; the live generation is as it was.
        """
        database = open_database(self.settings, application_name="findalike-reindex")
        try:
            with exclusively(database, "reindex"):
                with session_scope(database) as session:
                    job_id = start_job(session, "reindex", total=4)
                try:
                    self._stages(database, job_id, sources or known_sources(database))
                except BaseException as error:
                    with session_scope(database) as session:
                        fail(session, job_id, str(error) or type(error).__name__)
                    raise
                with session_scope(database) as session:
                    finish(session, job_id, self.report)
        finally:
            database.dispose()
        return self.report

    def _stages(self, database: sqlalchemy.Engine, job_id: int, sources: Sequence[str]) -> None:
        """Run the four stages, each counted in the job when it is done."""

        def done() -> None:
            with session_scope(database) as session:
                advance(session, job_id, done=1)

        with self._timed("ingest"):
            self.report["sources"] = [self._ingest(database, source) for source in sources]
        done()
        with self._timed("encode"):
            self.report["encode"] = self._encode(database)
        done()
        encoder = load_encoder(self.settings.model, self.settings.device)
        snapshot = take_snapshot(database, encoder.tag)
        live = self._live(database)
        if live is not None and live["signature"] == snapshot.signature:
            self.report |= {"changed": False, "generation": live["id"]}
            return
        with self._timed("build"):
            built = self._build(database, encoder)
        done()
        with self._timed("publish"):
            publish(database, self.settings, built)
        done()
        live = self._live(database)
        self.report |= {"changed": True, "generation": built, "manifest": live}

    def _ingest(self, database: sqlalchemy.Engine, source: str) -> dict[str, Any]:
        with track(f"Reading {source}", quiet=self.quiet) as bar:
            found = ingest(
                database,
                source,
                self.settings,
                allow_shrink=self.allow_shrink,
                progress=bar.update,
            )
        return {"source": source, **found.as_dict()}

    def _encode(self, database: sqlalchemy.Engine) -> dict[str, Any]:
        job = run_encoding(database, self.settings, workers=self.workers, quiet=self.quiet)
        return {"job": job.id, "total": job.total, **job.report}

    def _build(self, database: sqlalchemy.Engine, encoder: Encoder) -> int:
        """Build; where a shard is damaged, encode what it held again and build once more."""
        with track("Building the index", quiet=self.quiet) as bar:
            try:
                return build_generation(database, self.settings, encoder, progress=bar.describe)
            except DamagedShard as error:
                log.warning("shard_damaged", error=str(error))
                forgotten = forget_damaged_shards(database, EmbeddingStore(self.settings.root))
        self.report["embeddings_healed"] = sum(forgotten.values())
        self.report["encode"] = self._encode(database)
        with track("Building the index", quiet=self.quiet) as bar:
            return build_generation(database, self.settings, encoder, progress=bar.describe)

    def _live(self, database: sqlalchemy.Engine) -> dict[str, Any] | None:
        """Return the live generation's manifest with its id."""
        with session_scope(database) as session:
            row = session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))
            return None if row is None else {"id": row.id, **(row.manifest or {})}

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.report["seconds"][stage] = round(time.monotonic() - started, 2)


def known_sources(database: sqlalchemy.Engine) -> list[str]:
    """Return the catalogues that products came from.

    Raises:
        UnusableCatalogue: none was ever read.
    """
    with session_scope(database) as session:
        sources = list(session.scalars(select(Product.source).distinct().order_by(Product.source)))
    if not sources:
        raise UnusableCatalogue("No catalogue was read yet. Name one: `findalike reindex SOURCE`.")
    return sources
