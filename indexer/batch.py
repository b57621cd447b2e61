"""One batch of encoding, from claim to commit, in one transaction.

Order matters for what a crash leaves behind: the shard is on the disk under its final name
before the commit that names it. A crash in between leaves a file that nothing refers to
(`indexer.upkeep` removes it) and pictures that are as unencoded as before.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from indexer.claims import Claim, claim
from indexer.pipeline import Encoded, Pipeline, Refused, Seen
from search.db import run_transaction
from search.embeddings import EmbeddingStore
from search.encoder import Encoder
from search.jobs import advance
from search.models import Embedding, ProductImage, Quarantine
from search.pictures import PictureStore
from search.settings import Settings
from search.tracing import annotate

log = structlog.get_logger()

REPEAT_WITHIN_S = 600.0  # a batch may take minutes, and its loss be noticed at its end


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch did; all zero where nothing was left."""

    claimed: int
    last_image_id: int  # highest id claimed, 0 for none
    encoded: int = 0  # embeddings made
    reused: int = 0  # usable pictures whose content had an embedding
    refused: tuple[Refused, ...] = ()
    image_ids: tuple[int, ...] = ()  # all that were claimed
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Pictures refused."""
        return len(self.refused)

    def tell(self, job_id: int) -> None:
        """Log what was done; pictures by number, so that one can be followed through all lines."""
        for part in self.refused:
            held = part.claim
            log.info(
                "picture_refused",
                job_id=job_id,
                image_id=held.image_id,
                sku=held.sku,
                reason=part.reason,
                detail=part.detail,
            )
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
        self._pipeline = Pipeline(encoder, PictureStore(settings.root), settings)
        self._job_id, self._after = 0, 0

    def run(self, job_id: int) -> BatchResult:
        """Encode one batch for a job; a lost database connection makes it start over.

        Returns:
            What was done; `claimed` is 0 when every picture is encoded or held by others.

        Raises:
            sqlalchemy.exc.OperationalError: the database stayed away.
            OSError: the disk refuses shards or renditions.
        """
        if job_id != self._job_id:
            self._job_id, self._after = job_id, 0
        result = self._run_from(job_id, self._after)
        if not result.claimed and self._after:
            # From the start: others may have let go what they held when we passed.
            result = self._run_from(job_id, 0)
        self._after = result.last_image_id
        return result

    def _run_from(self, job_id: int, after: int) -> BatchResult:
        return run_transaction(
            self.database,
            lambda session: self._encode(session, job_id, after),
            within_s=REPEAT_WITHIN_S,
        )

    def _encode(self, session: Session, job_id: int, after: int) -> BatchResult:
        """Claim, encode, store and stamp, within a transaction."""
        claims = claim(session, self.encoder.tag, self.settings.batch_images, after=after)
        if not claims:
            return BatchResult(0, 0)
        started = time.perf_counter()
        tag = self.encoder.tag
        encoded = self._pipeline.run(claims, lambda digests: known(session, tag, digests))
        made = self._keep(session, encoded)
        seen = [part for part in encoded.outcomes if isinstance(part, Seen)]
        refused = tuple(part for part in encoded.outcomes if isinstance(part, Refused))
        stamp(session, seen, refused)
        tally = Counter(f"failed.{part.reason}" for part in refused)
        tally["encoded"], tally["reused"] = made, len(seen) - made
        seconds = time.perf_counter() - started
        tally["worker_ms"] = round(1000 * seconds)
        advance(session, job_id, done=len(seen), failed=len(refused), tally=tally)
        ids = tuple(held.image_id for held in claims)
        return BatchResult(len(ids), ids[-1], made, len(seen) - made, refused, ids, seconds)

    def _keep(self, session: Session, encoded: Encoded) -> int:
        """Write the vectors as one shard and record them; return how many were new."""
        if not encoded.vectors:
            return 0
        # Sorted: two workers that insert the same digests meet in the same order, no deadlock.
        digests = sorted(encoded.vectors)
        vectors = np.stack([encoded.vectors[digest] for digest in digests])
        patches = np.stack([encoded.patches[digest] for digest in digests])
        shard = self.store.write(self.encoder.tag, digests, vectors, patches)
        rows = [
            {"sha256": digest, "model_tag": self.encoder.tag, "shard": shard, "row": row}
            for row, digest in enumerate(digests)
        ]
        kept = insert(Embedding).on_conflict_do_nothing().returning(Embedding.row)
        return len(session.execute(kept, rows).all())


def known(session: Session, model_tag: str, digests: Collection[str]) -> list[str]:
    """Return which picture contents have an embedding under a model."""
    query = select(Embedding.sha256).where(
        Embedding.model_tag == model_tag, Embedding.sha256.in_(digests)
    )
    return list(session.scalars(query))


def stamp(session: Session, seen: Sequence[Seen], refused: Sequence[Refused]) -> None:
    """Write what became of pictures: their state, and quarantine entries for refused ones.

    Entries of before are replaced, so a picture that works now is in quarantine no more.
    """
    now = datetime.now(UTC)
    stamps = [
        {
            "id": part.claim.image_id,
            "state": "ready",
            "sha256": part.sha256,
            "width_px": part.width_px,
            "height_px": part.height_px,
            "colours": part.colours,
            "structure": part.structure,
            "error": None,
            "updated_at": now,
        }
        for part in seen
    ] + [
        {
            "id": part.claim.image_id,
            "state": "failed",
            "sha256": part.sha256,
            "width_px": None,
            "height_px": None,
            "colours": None,
            "structure": None,
            "error": part.detail,
            "updated_at": now,
        }
        for part in refused
    ]
    session.execute(update(ProductImage), stamps)
    ids = [stamped["id"] for stamped in stamps]
    session.execute(delete(Quarantine).where(Quarantine.product_image_id.in_(ids)))
    session.add_all(_entry(part.claim, part) for part in refused)
    session.flush()


def _entry(held: Claim, refused: Refused) -> Quarantine:
    return Quarantine(
        kind="image",
        source=held.source,
        sku=held.sku,
        address=held.address,
        product_image_id=held.image_id,
        reason=refused.reason,
        detail=refused.detail,
    )
