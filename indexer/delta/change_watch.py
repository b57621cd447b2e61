"""Brings changes of single products to searchers all day, round by round, until told to stop.

A round takes the changes that wait in the inbox. It fetches and encodes a few pictures that are
pending, with the live generation's model, those of the products that changed last first. It
publishes a delta where products changed. What fails is logged and tried again in the next round, so
the watcher outlasts restarts of the database, damaged shards and a full disk. It never builds, and
does no harm beside a `reindex`, workers or another watcher.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import sqlalchemy
import structlog

from indexer.building.new_model import model_of
from indexer.delta.delta_writer import DeltaWriter
from indexer.encoding.encode_batch import BatchEncoder, EncodeResult
from indexer.encoding.storage_outage import PicturesAway
from indexer.fetching.circuit_breaker import Patience
from indexer.fetching.fetch_batch import BatchFetcher
from indexer.ingest.settle_changes import take_changes
from indexer.pictures.encode_claims import newest, unencoded
from indexer.pictures.orphans import forget_damaged_shards
from search.database.connection import session_scope
from search.errors import AlreadyRunning, DamagedShard
from search.index.embedding_store import EmbeddingStore
from search.live.live_pointer import live_row
from search.settings import Settings

PICTURES_A_ROUND = 16
"""Few, so that a change that comes meanwhile waits seconds, whatever else is to be encoded."""
NEVER_GIVE_UP = Patience(pause_s=60.0, trials=1_000_000)
"""A host that does not answer is tried once a minute, for it may come back during the day."""

log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """What a watcher did."""

    changes: int = 0  # taken from the inbox
    refused: int = 0  # of them
    pictures: int = 0  # encoded, or known already
    pictures_refused: int = 0
    deltas: int = 0  # published
    failures: int = 0  # steps that are to be tried again

    def add(self, other: "Tally") -> None:
        """Add what another tally counts."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)


@dataclass(slots=True)
class ChangeWatch:
    """The loop behind `findalike watch`.

    Args:
        database: The catalogue.
        settings: State root, limits, how often to look.
    """

    database: sqlalchemy.Engine
    settings: Settings
    total: Tally = field(default_factory=Tally)
    _writer: DeltaWriter = field(init=False)
    _fetcher: BatchFetcher = field(init=False)
    _batches: BatchEncoder | None = None  # of the live generation's model
    _complaints: dict[str, str] = field(default_factory=dict)  # by step: an outage is one line
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._writer = DeltaWriter(self.database, self.settings)
        self._fetcher = BatchFetcher(self.database, self.settings, NEVER_GIVE_UP)

    def work(self, *, once: bool = False) -> None:
        """Go round after round until `stop`; `once`: until nothing is left to be done."""
        log.info("watch_started", every_s=self.settings.watch_s)
        while not self._stopped.is_set():
            more = self.round()
            if once and not more:
                break
            self._stopped.wait(0 if more else self.settings.watch_s)
        self._fetcher.close()
        log.info("watch_ended", **asdict(self.total))

    def stop(self) -> None:
        """End after the round at work. May be called from a signal handler."""
        self._stopped.set()

    def round(self) -> bool:
        """Do one round; return whether more may wait, so that the next round is due at once."""
        started, done = time.monotonic(), Tally()
        for name, step in (
            ("changes", self._take),
            ("pictures", self._encode),
            ("delta", self._publish),
        ):
            self._attempt(name, step, done)
        self.total.add(done)
        if any(asdict(done).values()):
            elapsed_ms = round(1000 * (time.monotonic() - started))
            log.info("watch_round", **asdict(done), elapsed_ms=elapsed_ms)
        return done.changes + done.pictures + done.pictures_refused > 0 and not done.failures

    def _attempt(self, name: str, step: Callable[[Tally], None], done: Tally) -> None:
        """Take a step of a round; one that fails stops neither the others nor the next round."""
        try:
            step(done)
        except AlreadyRunning as error:  # another watcher does it
            log.debug("watch_step_left_to_another", step=name, error=str(error))
        except Exception as error:
            done.failures += 1
            complaint = f"{type(error).__name__}: {error}"
            if complaint != self._complaints.get(name):
                log.warning("watch_step_failed", step=name, error=complaint)
            self._complaints[name] = complaint
        else:
            self._complaints.pop(name, None)

    def _take(self, done: Tally) -> None:
        taken = take_changes(self.database, self.settings)
        done.changes, done.refused = taken.done + taken.refused, taken.refused

    def _encode(self, done: Tally) -> None:
        """Fetch and encode a few pictures, with the live generation's model."""
        with session_scope(self.database) as session:
            live = live_row(session)
            if live is None or not newest(session, unencoded(live.model_tag), 1):
                return
        if self._batches is None or self._batches.encoder.tag != live.model_tag:
            model = model_of(live, self.settings)  # None: it can't be loaded, which is logged
            self._batches = (
                None if model is None else BatchEncoder(self.database, self.settings, model.encoder)
            )
        if self._batches is not None:
            fetched = self._fetcher.run_newest(live.model_tag, PICTURES_A_ROUND)
            result = self._run_newest(self._batches)
            done.pictures = result.encoded + result.reused
            done.pictures_refused = result.failed + len(fetched.refused)

    def _run_newest(self, batches: BatchEncoder) -> EncodeResult:
        """Encode a few pictures; only the newest where most lie on a share that is not mounted."""
        try:
            return batches.run_newest(PICTURES_A_ROUND)
        except PicturesAway:
            return batches.run_newest(1)

    def _publish(self, done: Tally) -> None:
        try:
            done.deltas = int(self._writer.write())
        except DamagedShard:
            # The pictures of the shard are pending then; the next rounds encode them again.
            forget_damaged_shards(self.database, EmbeddingStore(self.settings.root))
            raise
