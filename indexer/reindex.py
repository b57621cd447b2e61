"""All of it: ingest, encode, build, publish; only what changed, one run at a time.

Whatever fails, the live generation stays as it was and the next run goes on from there. Where
FINDALIKE_MODEL is another than the live generation's, that one is brought up to date as ever, and a
generation of the new model is built beside it and waits, see `indexer.new_model`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.attribute_rows import predicted_by_another
from indexer.build import build_generation, plan_for
from indexer.changes import take_changes
from indexer.encode_run import run_encoding
from indexer.ingest import ingest
from indexer.inspect import look_after
from indexer.new_model import Model, load_model, model_of, waiting_of
from indexer.snapshot import Snapshot, take_snapshot
from indexer.sole_job import SoleJob, sole_job
from indexer.upkeep import forget_damaged_shards, forget_old_events, prune_thumbnails
from search.changes import API_SOURCE, waiting_changes
from search.db import open_database, session_scope
from search.embeddings import EmbeddingStore
from search.errors import DamagedGeneration, DamagedShard, UnusableCatalogue
from search.generation import load_generation
from search.models import Generation as GenerationRow
from search.models import Product
from search.progress import track
from search.publication import prune, publish
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
        publish_new_model: Publish the first generation of another model at once, instead of
            letting it wait.
    """

    settings: Settings
    workers: int | None = None
    allow_shrink: bool = False
    quiet: bool = False
    publish_new_model: bool = False
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
        """Run the stages, each counted in the job when it is done."""
        with job.stage("ingest"):
            taken = take_changes(database, self.settings, limit=None)
            self.report["changes"] = {"done": taken.done, "refused": taken.refused}
            self.report["sources"] = [self._ingest(database, source) for source in sources]
        model = load_model(self.settings)
        live = self._live(database)
        if self.publish_new_model or live is None or live.model_tag == model.tag:
            self._renew(database, job, model)
        else:
            before = model_of(live, self.settings)
            if before is not None:
                self._renew(database, job, before)
            else:  # nothing can be encoded or asked with the old model any more
                for _ in range(4):
                    job.step()
                self.report |= {"changed": False, "generation": live.id, "manifest": live.manifest}
            self.report["new_model"] = self._build_beside(database, job, model)
        self.report["products"] = self._account()
        self.report["events_forgotten"] = forget_old_events(
            database, self.settings.root, older_than_days=self.settings.events_days
        )
        prune_thumbnails(database, ThumbnailStore(self.settings.root))

    def _renew(self, database: sqlalchemy.Engine, job: SoleJob, model: Model) -> None:
        """Encode with a model; build and publish where that changes anything."""
        with job.stage("encode"):
            self.report["encode"] = self._encode(database, model)
        snapshot = self._snapshot(database, model)
        live = self._live(database)
        if (
            live is not None
            and self._is_current(live, snapshot)
            and self._described(database, live)
        ):
            for _ in range(3):  # nothing to build, publish and look over
                job.step()
            self.report |= {"changed": False, "generation": live.id, "manifest": live.manifest}
            return
        with job.stage("build"):
            built = self._built(database, model, snapshot)
        with job.stage("publish"):
            publish(database, model.settings, built)
        with job.stage("inspect"):
            self.report |= look_after(
                database, model.settings, started_by="reindex", encoder=model.encoder
            )
        live = self._live(database)
        manifest = live.manifest if live is not None else None
        self.report |= {"changed": True, "generation": built, "manifest": manifest}

    def _build_beside(
        self, database: sqlalchemy.Engine, job: SoleJob, model: Model
    ) -> dict[str, Any]:
        """Encode and build with a new model; what is built waits until somebody publishes it."""
        job.expect(2)
        with job.stage("encode with the new model"):
            encoded = self._encode(database, model)
        with job.stage("build with the new model"):
            built = self._built(database, model, self._snapshot(database, model))
        prune(database, model.settings)  # what waited before
        with session_scope(database) as session:
            manifest = session.get_one(GenerationRow, built).manifest
        return {
            "state": "waiting",
            "model": model.settings.model,
            "model_tag": model.tag,
            "generation": built,
            "encode": encoded,
            "manifest": manifest,
        }

    def _built(self, database: sqlalchemy.Engine, model: Model, snapshot: Snapshot) -> int:
        """Return a generation of the catalogue as it is: the one that waits, or else a new one."""
        waiting = waiting_of(database, model.tag)
        if waiting is not None and self._is_current(waiting, snapshot):
            return waiting.id
        return self._build(database, model)

    def _snapshot(self, database: sqlalchemy.Engine, model: Model) -> Snapshot:
        return take_snapshot(database, model.tag, load_vocabulary(self.settings.vocabulary))

    def _is_current(self, kept: GenerationRow, snapshot: Snapshot) -> bool:
        """Whether a new build would hold what a generation holds, in the same index."""
        if not kept.manifest or kept.manifest["signature"] != snapshot.signature:
            return False
        try:
            found = load_generation(self.settings.root / "generations" / kept.directory, kept.id)
        except DamagedGeneration as error:
            log.warning("generation_damaged", generation=kept.id, error=str(error))
            return False
        manifest = found.manifest
        return plan_for(self.settings, *found.vectors.shape).factory == manifest.factory

    def _described(self, database: sqlalchemy.Engine, live: GenerationRow) -> bool:
        """Whether what is said of products is what the live generation's model says."""
        with session_scope(database) as session:
            return not predicted_by_another(session, live.model_tag)

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
        with track(f"Reading {source}", quiet=self.quiet, unit="rows") as bar:
            found = ingest(
                database,
                source,
                self.settings,
                allow_shrink=self.allow_shrink,
                progress=bar.update,
            )
        return {"source": source, **found.as_dict()}

    def _encode(self, database: sqlalchemy.Engine, model: Model) -> dict[str, Any]:
        job = run_encoding(database, model.settings, workers=self.workers, quiet=self.quiet)
        encoded = {"job": job.id, "total": job.total, **job.report}
        self.report.setdefault("fetch", encoded.pop("fetch", {}))
        return encoded

    def _build(self, database: sqlalchemy.Engine, model: Model) -> int:
        """Build; where a shard is damaged, encode what it held again and build once more."""
        with track("Building the index", quiet=self.quiet) as bar:
            try:
                return build_generation(
                    database, model.settings, model.encoder, progress=bar.describe
                )
            except DamagedShard as error:
                log.warning("shard_damaged", error=str(error))
                forgotten = forget_damaged_shards(database, EmbeddingStore(self.settings.root))
        self.report["embeddings_healed"] = sum(forgotten.values())
        self.report["encode"] = self._encode(database, model)
        with track("Building the index", quiet=self.quiet) as bar:
            return build_generation(database, model.settings, model.encoder, progress=bar.describe)

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
