"""All of it: ingest, encode, build, publish; only what changed, one run at a time.

Whatever fails, the live generation stays as it was and the next run goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.build import build_generation, plan_for
from indexer.changes import take_changes
from indexer.encode_run import run_encoding
from indexer.ingest import ingest
from indexer.inspect import look_after
from indexer.snapshot import Snapshot, take_snapshot
from indexer.sole_job import SoleJob, sole_job
from indexer.upkeep import forget_damaged_shards, forget_old_events, prune_thumbnails
from search.changes import API_SOURCE, waiting_changes
from search.db import open_database, session_scope
from search.embeddings import EmbeddingStore
from search.encoder import Encoder, load_encoder
from search.errors import DamagedGeneration, DamagedShard, UnusableCatalogue
from search.generation import load_generation
from search.models import Generation as GenerationRow
from search.models import Product
from search.progress import track
from search.publication import publish
from search.sent_pictures import prune_sent_pictures
from search.settings import Settings
from search.thumbnails import ThumbnailStore
from search.vocabulary import load_vocabulary

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
            with sole_job(database, "reindex", steps=5) as job:
                job.report = self.report
                self._stages(database, job, sources or known_sources(database))
        finally:
            database.dispose()
        return self.report

    def _stages(self, database: sqlalchemy.Engine, job: SoleJob, sources: Sequence[str]) -> None:
        """Run the four stages, each counted in the job when it is done."""
        with job.stage("ingest"):
            taken = take_changes(database, self.settings, limit=None)
            self.report["changes"] = {"done": taken.done, "refused": taken.refused}
            self.report["sources"] = [self._ingest(database, source) for source in sources]
        with job.stage("encode"):
            self.report["encode"] = self._encode(database)
        encoder = load_encoder(self.settings.model, self.settings.device)
        vocabulary = load_vocabulary(self.settings.vocabulary)
        snapshot = take_snapshot(database, encoder.tag, vocabulary)
        live = self._live(database)
        if live is not None and self._is_current(live, snapshot):
            for _ in range(3):  # nothing to build, publish and look over
                job.step()
            self.report |= {"changed": False, "generation": live.id, "manifest": live.manifest}
        else:
            with job.stage("build"):
                built = self._build(database, encoder)
            with job.stage("publish"):
                publish(database, self.settings, built)
            with job.stage("inspect"):
                self.report |= look_after(
                    database, self.settings, started_by="reindex", encoder=encoder
                )
            live = self._live(database)
            manifest = live.manifest if live is not None else None
            self.report |= {"changed": True, "generation": built, "manifest": manifest}
        self.report["products"] = self._account()
        self.report["events_forgotten"] = forget_old_events(
            database, self.settings.root, older_than_days=self.settings.events_days
        )
        prune_sent_pictures(database, self.settings.root)
        prune_thumbnails(database, ThumbnailStore(self.settings.root))

    def _is_current(self, live: GenerationRow, snapshot: Snapshot) -> bool:
        """Whether a new build would hold what the live generation holds, in the same index."""
        if not live.manifest or live.manifest["signature"] != snapshot.signature:
            return False
        try:
            found = load_generation(self.settings.root / "generations" / live.directory, live.id)
        except DamagedGeneration as error:
            log.warning("live_generation_damaged", generation=live.id, error=str(error))
            return False
        manifest = found.manifest
        return plan_for(self.settings, *found.vectors.shape).factory == manifest.factory

    def _account(self) -> dict[str, int]:
        """Return what became of all that came in, so that nothing is missing silently.

        `rows` and `refused` count what this run read; `rows` is the sum of `refused`, `indexed`
        and `without_picture` when all catalogues were read.
        """
        manifest, sources = self.report["manifest"], self.report["sources"]
        return {
            "rows": sum(found["rows"] for found in sources),
            "refused": sum(found["refused"] for found in sources),
            "indexed": manifest["products"],
            "without_picture": manifest["left_out"]["products_without_picture"],
            "retired": manifest["left_out"]["products_retired"],
        }

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

    def _live(self, database: sqlalchemy.Engine) -> GenerationRow | None:
        """Return the live generation's row."""
        with session_scope(database) as session:
            return session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))


def known_sources(database: sqlalchemy.Engine) -> list[str]:
    """Return the catalogues that products came from; what was sent by the API is none.

    Raises:
        UnusableCatalogue: none was ever read, and nothing was sent.
    """
    with session_scope(database) as session:
        sources = list(session.scalars(select(Product.source).distinct().order_by(Product.source)))
        sent = waiting_changes(session).count
    if not sources and not sent:
        raise UnusableCatalogue("No catalogue was read yet. Name one: `findalike reindex SOURCE`.")
    return [source for source in sources if source != API_SOURCE]
