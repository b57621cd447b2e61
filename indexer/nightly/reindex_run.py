"""The nightly run: ingest, encode, build, publish; only what changed, one run at a time.

Whatever fails, an alarm is raised, the live generation stays as it was, and the next run goes on
from there. Where the database restarts, the present stage is repeated, not the run. Where
FINDALIKE_MODEL is not the live generation's model, the live generation is brought up to date all
the same, and a generation of the new model is built beside it and waits, see
`indexer.building.new_model`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from indexer.attributes.attribute_rows import has_predictions_of_another
from indexer.building.build_generation import build_generation
from indexer.building.new_model import (
    NamedModel,
    load_model,
    model_of,
    report_of_waiting,
    waiting_generation,
)
from indexer.building.staleness import is_current
from indexer.encode_jobs.encode_follow import run_encoding
from indexer.ingest.ingest_run import ingest
from indexer.ingest.settle_changes import take_changes
from indexer.nightly.crash_cleanup import clean_up
from indexer.nightly.run_account import conclude
from indexer.pictures.orphans import forget_damaged_shards
from search.catalogue.change_inbox import API_SOURCE, waiting_changes
from search.database.connection import open_database, session_scope
from search.database.models import GenerationRow, Product
from search.errors import (
    AlreadyRunning,
    DamagedShard,
    DatabaseUnavailable,
    RehearsalRefused,
    UnusableCatalogue,
)
from search.index.embedding_store import EmbeddingStore
from search.jobs.exclusive_job import ExclusiveJob, exclusive_job, repeat_while_away
from search.jobs.progress_bar import track
from search.live.live_pointer import live_row
from search.operation.alarm import alarm_about, raise_alarm
from search.publication.checks import latest_rehearsal
from search.publication.inspection import inspect_live
from search.publication.publishing import prune, publish
from search.settings import Settings

log = structlog.get_logger()


@dataclass(slots=True)
class Reindex:
    """One run; `report` fills as it goes.

    Args:
        settings: What to run with.
        workers: Encode workers to start; None: as many as suit this machine, none where some run.
        allow_shrink: Retire products however many are gone from a catalogue.
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
    _job: int | None = None  # the run's job, once it has begun

    def run(self, sources: Sequence[str]) -> dict[str, Any]:
        """Bring the index up to date; raise an alarm where that fails.

        Args:
            sources: Catalogues to read; none: those that were read before.

        Returns:
            The report: the outcome of each stage, with the seconds it took.

        Raises:
            AlreadyRunning: another run is at work.
            CatalogueShrunk: too many products are gone from a catalogue; nothing is published.
            RehearsalRefused: what was built is not fit to go live; it is kept for a look.
            FindalikeError: a stage failed; the live generation is as it was.
        """
        try:
            return self._run(sources)
        except AlreadyRunning as error:
            if self._job is not None:  # else the other run raises its own alarm
                raise_alarm(self.settings, alarm_about(error, self._job))
            raise
        except OperationalError as error:
            unavailable = DatabaseUnavailable(
                f"The database went away and did not come back ({error.orig}). The live index is "
                "as it was; run `findalike reindex` again, which goes on where this run was."
            )
            raise_alarm(self.settings, alarm_about(unavailable, self._job))
            raise unavailable from error
        except Exception as error:
            raise_alarm(self.settings, alarm_about(error, self._job))
            raise

    def _run(self, sources: Sequence[str]) -> dict[str, Any]:
        database = open_database(self.settings, application_name="findalike-reindex")
        try:
            with exclusive_job(database, "reindex", steps=5) as job:
                self._job, job.report = job.id, self.report
                self.report["swept"] = repeat_while_away(lambda: clean_up(database, self.settings))
                self._stages(database, job, sources or known_sources(database))
        finally:
            database.dispose()
        return self.report

    def _stages(
        self, database: sqlalchemy.Engine, job: ExclusiveJob, sources: Sequence[str]
    ) -> None:
        """Run the stages; each is counted in the job when it is done."""
        with job.stage("ingest"):
            taken = repeat_while_away(lambda: take_changes(database, self.settings, limit=None))
            self.report["changes"] = {"done": taken.done, "refused": taken.refused}
            self.report["sources"] = [
                repeat_while_away(partial(self._ingest, database, source)) for source in sources
            ]
        model = load_model(self.settings)
        live = repeat_while_away(lambda: self._live(database))
        if self.publish_new_model or live is None or live.model_tag == model.tag:
            self._bring_up_to_date(database, job, model)
        else:
            if before := model_of(live, self.settings):
                self._bring_up_to_date(database, job, before)
            else:  # the old model is gone, so nothing can be encoded or searched with it
                self._skip(job, live, steps=4)
            self.report["new_model"] = self._build_beside(database, job, model)
        self.report |= repeat_while_away(
            lambda: conclude(database, self.settings, job.id, self.report["sources"])
        )

    def _bring_up_to_date(
        self, database: sqlalchemy.Engine, job: ExclusiveJob, model: NamedModel
    ) -> None:
        """Encode with a model; build, publish and inspect where that changes anything.

        What a lost connection interrupted is begun again.
        """
        with job.stage("encode"):
            self.report["encode"] = repeat_while_away(lambda: self._encode(database, model))
        live = repeat_while_away(lambda: self._live_if_current(database, model))
        if live is not None:
            self._skip(job, live, steps=3)  # nothing to build, publish and inspect
            return
        with job.stage("build"):
            built = repeat_while_away(lambda: self._build_if_needed(database, model))
        with job.stage("publish"):
            repeat_while_away(lambda: self._publish(database, built, model))
        with job.stage("inspect"):
            self.report |= inspect_live(
                database,
                model.settings,
                started_by="reindex",
                encoder=model.encoder,
                use_last_run=True,
            )
        self.report |= {"changed": True, "generation": built}

    def _skip(self, job: ExclusiveJob, live: GenerationRow, *, steps: int) -> None:
        """Leave the live generation as it is; count so many steps as done."""
        for _ in range(steps):
            job.step()
        self.report |= {"changed": False, "generation": live.id}

    def _build_beside(
        self, database: sqlalchemy.Engine, job: ExclusiveJob, model: NamedModel
    ) -> dict[str, Any]:
        """Encode and build with a new model; the generation waits until a person publishes it."""
        job.expect(2)
        with job.stage("encode with the new model"):
            encoded = repeat_while_away(lambda: self._encode(database, model))
        with job.stage("build with the new model"):
            built = repeat_while_away(lambda: self._build_if_needed(database, model))
        prune(database, model.settings)  # the generation that waited before
        return {"encode": encoded, **report_of_waiting(database, model, built)}

    def _build_if_needed(self, database: sqlalchemy.Engine, model: NamedModel) -> int:
        """Return the generation that waits, if it holds the catalogue as it is; else a new one."""
        waiting = waiting_generation(database, model.tag)
        if waiting is not None and is_current(database, model, waiting):
            return waiting.id
        return self._build(database, model)

    def _publish(self, database: sqlalchemy.Engine, built: int, model: NamedModel) -> None:
        """Publish; the rehearsal goes into the report, whatever its outcome."""
        try:
            publish(database, model.settings, built, encoder=model.encoder)
        except RehearsalRefused as refused:
            self.report["rehearsal"] = refused.rehearsal
            raise
        with session_scope(database) as session:
            self.report["rehearsal"] = latest_rehearsal(session, built)

    def _live(self, database: sqlalchemy.Engine) -> GenerationRow | None:
        with session_scope(database) as session:
            return live_row(session)

    def _live_if_current(
        self, database: sqlalchemy.Engine, model: NamedModel
    ) -> GenerationRow | None:
        """Return the live generation if a new build would change nothing; None otherwise."""
        live = self._live(database)
        if live is None or not is_current(database, model, live):
            return None
        with session_scope(database) as session:
            return None if has_predictions_of_another(session, model.tag) else live

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

    def _encode(self, database: sqlalchemy.Engine, model: NamedModel) -> dict[str, Any]:
        job = run_encoding(
            database,
            model.settings,
            encoder=model.encoder,
            workers=self.workers,
            quiet=self.quiet,
        )
        encoded = {"job": job.id, "total": job.total, **job.report}
        self.report.setdefault("fetch", encoded.pop("fetch", {}))
        return encoded

    def _build(self, database: sqlalchemy.Engine, model: NamedModel) -> int:
        """Build; where a shard is damaged, encode its pictures again and build once more."""
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


def known_sources(database: sqlalchemy.Engine) -> list[str]:
    """Return the catalogues that products came from; the API is not one of them.

    Raises:
        UnusableCatalogue: none was ever read, and nothing was sent.
    """
    with session_scope(database) as session:
        sources = list(session.scalars(select(Product.source).distinct().order_by(Product.source)))
        waiting = waiting_changes(session).count
    if not sources and not waiting:
        raise UnusableCatalogue("No catalogue was read yet. Name one: `findalike reindex SOURCE`.")
    return [source for source in sources if source != API_SOURCE]
