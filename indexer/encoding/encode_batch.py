"""One batch of encoding, from claim to commit, in one transaction.

The shard is on the disk under its final name before the commit that names it. A crash in between
leaves a file that nothing refers to, which `indexer.pictures.orphans` removes, and pictures that
are still to be encoded.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from indexer.encoding.picture_pipeline import Encoded, Pipeline
from indexer.encoding.storage_outage import check_storage
from indexer.pictures.encode_claims import Claim, claim, encodable, newest
from indexer.pictures.outcomes import (
    LostPicture,
    RefusedPicture,
    UsablePicture,
    fetch_again,
    log_refused,
    stamp,
)
from indexer.pictures.spool import Spool
from search.database.connection import run_transaction, session_scope
from search.database.models import Embedding, ProductImage
from search.encoder import Encoder
from search.index.embedding_store import EmbeddingStore
from search.jobs.job_records import advance
from search.pictures.rendition_store import PictureStore
from search.settings import Settings
from search.telemetry.tracing import annotate

log = structlog.get_logger()

REPEAT_WITHIN_S = 600.0  # a batch may take minutes, and only its end shows that it was lost
NO_JOB = 0
"""No job has this number, so nothing is counted."""


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """What a batch did; all zero where nothing was left."""

    claimed: int
    last_image_id: int  # highest id claimed, 0 for none
    encoded: int = 0  # embeddings made
    reused: int = 0  # usable pictures whose content had an embedding
    refused: tuple[RefusedPicture, ...] = ()
    image_ids: tuple[int, ...] = ()  # all that were claimed
    seconds: float = 0.0
    from_spool: tuple[str, ...] = ()  # sha256 of what was read from the spool
    lost: int = 0  # pictures that the spool has lost, to be fetched again

    @property
    def failed(self) -> int:
        """Pictures refused."""
        return len(self.refused)

    def log_result(self, job_id: int) -> None:
        """Log what was done, pictures by their ids, so that each can be followed."""
        log_refused(job_id, self.refused)
        if self.claimed:
            annotate(pictures=self.claimed, refused=self.failed)
            log.info(
                "batch_encoded",
                job_id=job_id,
                image_ids=self.image_ids,
                encoded=self.encoded,
                reused=self.reused,
                refused=self.failed,
                seconds=round(self.seconds, 3),
            )


class BatchEncoder:
    """Encodes batch after batch for one job at a time. Not for several threads.

    Args:
        database: Where claims, embeddings and jobs are.
        settings: State root, batch size, limits.
        encoder: The model; its tag decides what is unencoded.
    """

    def __init__(self, database: sqlalchemy.Engine, settings: Settings, encoder: Encoder) -> None:
        self.database, self.settings, self.encoder = database, settings, encoder
        self.store = EmbeddingStore(settings.root)
        self.spool = Spool(settings.root)
        self._pipeline = Pipeline(encoder, PictureStore(settings.root), settings)
        self._job_id, self._after = 0, 0

    def run(self, job_id: int) -> EncodeResult:
        """Encode one batch for a job; a lost database connection makes it start over.

        Returns:
            What was done; `claimed` is 0 when every picture is encoded or held by others.

        Raises:
            sqlalchemy.exc.OperationalError: the database stayed away.
            OSError: the disk refuses shards or renditions.
            PicturesAway: a disk or a share is away; no picture is marked as refused.
        """
        if job_id != self._job_id:
            self._job_id, self._after = job_id, 0
        result = self._run_from(job_id, self._after)
        if not result.claimed and self._after:
            # From the start: others may have released what they held when we passed.
            result = self._run_from(job_id, 0)
        self._after = result.last_image_id
        self._clear_spool(result.from_spool)
        return result

    def run_newest(self, limit: int) -> EncodeResult:
        """Encode up to `limit` pictures, those written last first, for no job; errors as in `run`.

        What others hold is passed over: `claimed` may be 0 while pictures are left.
        """
        tag = self.encoder.tag

        def work(session: Session) -> EncodeResult:
            last = newest(session, encodable(tag), limit)
            return self._encode(session, NO_JOB, claim(session, tag, limit, among=last))

        result = run_transaction(self.database, work, within_s=REPEAT_WITHIN_S)
        self._clear_spool(result.from_spool)
        return result

    def _run_from(self, job_id: int, after: int) -> EncodeResult:
        limit = self.settings.batch_images

        def work(session: Session) -> EncodeResult:
            claims = claim(session, self.encoder.tag, limit, after=after)
            return self._encode(session, job_id, claims)

        return run_transaction(self.database, work, within_s=REPEAT_WITHIN_S)

    def _encode(self, session: Session, job_id: int, claims: Sequence[Claim]) -> EncodeResult:
        """Encode, store and stamp what is claimed, within a transaction."""
        if not claims:
            return EncodeResult(0, 0)
        started = time.perf_counter()
        tag = self.encoder.tag
        encoded = self._pipeline.run(claims, lambda digests: embedded(session, tag, digests))
        check_storage(session, encoded.outcomes)
        made = self._write_shard(session, encoded)
        usable = [part for part in encoded.outcomes if isinstance(part, UsablePicture)]
        refused = tuple(part for part in encoded.outcomes if isinstance(part, RefusedPicture))
        lost = [part.claim.image_id for part in encoded.outcomes if isinstance(part, LostPicture)]
        stamp(session, usable, refused)
        fetch_again(session, lost)
        tally = Counter(f"failed.{part.reason}" for part in refused)
        tally["encoded"], tally["reused"] = made, len(usable) - made
        seconds = time.perf_counter() - started
        tally["worker_ms"] = round(1000 * seconds)
        advance(session, job_id, done=len(usable), failed=len(refused), tally=tally)
        return EncodeResult(
            len(claims),
            claims[-1].image_id,
            made,
            len(usable) - made,
            refused,
            tuple(taken.image_id for taken in claims),
            seconds,
            tuple({taken.fetched_sha256 for taken in claims if taken.fetched_sha256 is not None}),
            len(lost),
        )

    def _clear_spool(self, read: Collection[str]) -> None:
        """Remove what was read from the spool, unless other pictures wait for it.

        A picture that is fetched at this moment may lose its file; then it is fetched once more.
        """
        if not read:
            return
        waited_for = select(ProductImage.fetched_sha256).where(
            ProductImage.fetched_sha256.in_(read)
        )
        with session_scope(self.database) as session:
            waiting = set(session.scalars(waited_for))
        self.spool.remove(set(read) - waiting)

    def _write_shard(self, session: Session, encoded: Encoded) -> int:
        """Write the vectors as one shard and record them; return how many were new."""
        if not encoded.vectors:
            return 0
        # Sorted, so that two workers that insert the same digests do not deadlock.
        digests = sorted(encoded.vectors)
        vectors = np.stack([encoded.vectors[digest] for digest in digests])
        patches = np.stack([encoded.patches[digest] for digest in digests])
        shard = self.store.write(self.encoder.tag, digests, vectors, patches)
        rows = [
            {"sha256": digest, "model_tag": self.encoder.tag, "shard": shard, "row": row}
            for row, digest in enumerate(digests)
        ]
        recorded = insert(Embedding).on_conflict_do_nothing().returning(Embedding.row)
        return len(session.execute(recorded, rows).all())


def embedded(session: Session, model_tag: str, digests: Collection[str]) -> list[str]:
    """Return which contents of pictures have an embedding under a model."""
    query = select(Embedding.sha256).where(
        Embedding.model_tag == model_tag, Embedding.sha256.in_(digests)
    )
    return list(session.scalars(query))
