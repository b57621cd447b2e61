"""One batch of fetching, from claim to commit, in one transaction.

A picture is in the spool under its final name before the commit that names it. A crash in between
leaves a file that nothing refers to, which `indexer.pictures.orphans` removes, and the picture is
asked for again.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy
import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from indexer.fetching.circuit_breaker import HostBreakers, Patience
from indexer.fetching.picture_requests import Answered, Asker
from indexer.pictures.encode_claims import newest
from indexer.pictures.fetch_claims import FetchClaim, apart_from, claim_remote, due, needed
from indexer.pictures.fetch_progress import add_to_job, hosts_given_up, recheck_before
from indexer.pictures.outcomes import RefusedPicture, log_refused, stamp
from indexer.pictures.spool import Spool
from search.database.connection import run_transaction
from search.database.models import Job, ProductImage
from search.settings import Settings
from search.telemetry.tracing import annotate

BATCHES_OF_ENCODING = 2
"""A batch asks for so many times the pictures of a batch of encoding: some tens of seconds where
hosts are slow."""
REPEAT_WITHIN_S = 600.0  # a batch may take minutes, and only its end shows that it was lost

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a batch did; all zero where nothing was left."""

    claimed: int = 0
    fetched: int = 0  # pictures that were put into the spool
    changed: int = 0  # of these, pictures that had content already: more to encode than was counted
    refused: tuple[RefusedPicture, ...] = ()
    tally: Counter[str] = field(default_factory=Counter)  # by the names of the report
    image_ids: tuple[int, ...] = ()  # all that were claimed
    seconds: float = 0.0

    def log_result(self, job_id: int) -> None:
        """Log what was done."""
        log_refused(job_id, self.refused)
        if self.claimed:
            annotate(pictures=self.claimed, refused=len(self.refused))
            log.info(
                "batch_fetched",
                job_id=job_id,
                image_ids=self.image_ids,
                fetched=self.fetched,
                refused=len(self.refused),
                seconds=round(self.seconds, 3),
            )


class BatchFetcher:
    """Fetches batch after batch for one job at a time. Not for several threads; close it.

    Args:
        database: Where claims and jobs are.
        settings: State root, threads, limits, when to ask again.
        patience: How often a host of pictures may fail.
    """

    def __init__(
        self, database: sqlalchemy.Engine, settings: Settings, patience: Patience | None = None
    ) -> None:
        self.database, self.settings, self._patience = database, settings, patience
        self.spool = Spool(settings.root)
        self._begin(0)

    def _begin(self, job_id: int) -> None:
        """Begin a job: forget which hosts failed in another."""
        self._job_id, self._after = job_id, {True: 0, False: 0}
        self.breakers = HostBreakers(self._patience)
        self._asker = Asker(self.spool, self.breakers, self.settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()

    def run(self, job_id: int) -> FetchResult:
        """Fetch one batch for a job; a lost database connection makes it start over.

        Returns:
            What was done; `claimed` is 0 where nothing may be asked for now.

        Raises:
            sqlalchemy.exc.OperationalError: the database stayed away.
            OSError: the disk refuses the spool.
        """
        if job_id != self._job_id:
            self.close()
            self._begin(job_id)
        return run_transaction(
            self.database, lambda session: self._fetch(session, job_id), within_s=REPEAT_WITHIN_S
        )

    def run_newest(self, model_tag: str, limit: int) -> FetchResult:
        """Fetch up to `limit` pictures that a model needs, those written last first, for no job.

        Pictures of hosts that are not to be asked now are passed over; errors as in `run`.
        """

        def work(session: Session) -> FetchResult:
            wanted = apart_from(needed(model_tag), self.breakers.unavailable_hosts())
            last = wanted.where(ProductImage.id.in_(newest(session, wanted, limit)))
            claims = claim_remote(session, last, limit, needed=True)
            return self._ask(session, claims, datetime.now(UTC))

        return run_transaction(self.database, work, within_s=REPEAT_WITHIN_S)

    def _fetch(self, session: Session, job_id: int) -> FetchResult:
        """Claim, ask, stamp and count, within a transaction."""
        job = session.get(Job, job_id)
        if job is None or job.state != "running":
            return FetchResult()
        # Never before the limit: were the clock set back, the picture would be asked for for ever.
        now = max(datetime.now(UTC), recheck_before(job))
        result = self._ask(session, self._claim(session, job), now)
        if result.claimed:
            add_to_job(
                session,
                job_id,
                result.tally,
                seconds=result.seconds,
                given_up=self.breakers.given_up(),
                changed=result.changed,
            )
        return result

    def _ask(self, session: Session, claims: Sequence[FetchClaim], now: datetime) -> FetchResult:
        """Ask hosts for claimed pictures, and write what came of it."""
        started = time.monotonic()
        answers = self._asker.ask(claims)
        write_answers(session, answers, now)
        fetched = _fetched(answers)
        return FetchResult(
            len(claims),
            len(fetched),
            sum(not answer.claim.needed for answer in fetched),
            _refused(answers),
            tally_of(answers),
            tuple(claim.picture.image_id for claim in claims),
            time.monotonic() - started,
        )

    def _claim(self, session: Session, job: Job) -> list[FetchClaim]:
        """Take pictures that encoding waits for; where there are none, those to be checked again.

        Each kind goes on where its last claim ended, then once more from the start: others may have
        released what they held when we passed.
        """
        tag: str | None = (job.report or {}).get("model_tag")
        hosts = self.breakers.unavailable_hosts() | hosts_given_up(job).keys()
        kinds = [(True, needed(tag))]
        if tag is not None:
            kinds.append((False, due(tag, recheck_before(job))))
        for is_needed, wanted in kinds:
            for after in dict.fromkeys((self._after[is_needed], 0)):
                claims = claim_remote(
                    session,
                    apart_from(wanted, hosts),
                    batch_pictures(self.settings),
                    after=after,
                    needed=is_needed,
                )
                if claims:
                    self._after[is_needed] = claims[-1].picture.image_id
                    return claims
            self._after[is_needed] = 0
        return []


def batch_pictures(settings: Settings) -> int:
    """Return how many pictures a batch asks for."""
    return BATCHES_OF_ENCODING * settings.batch_images


def write_answers(session: Session, answers: Sequence[Answered], now: datetime) -> None:
    """Write what came of asking; pictures that were not asked for stay as they are.

    A usable picture that its host refuses now stays usable with the content that it has. Any other
    picture that a host refuses is refused, like one that can't be decoded.
    """
    same = [a for a in answers if a.is_same]
    kept = [a for a in answers if a.refusal is not None and not a.claim.needed]
    for answer in kept:
        log.warning(
            "recheck_failed",
            image_id=answer.claim.picture.image_id,
            reason=answer.refusal.reason if answer.refusal else "",
        )
    # Content that was fetched for another model is not waited for any more: it has an embedding.
    untouched = [a.claim.picture.image_id for a in same if a.sha256 is None] + [
        a.claim.picture.image_id for a in kept
    ]
    if untouched:
        session.execute(
            update(ProductImage)
            .where(ProductImage.id.in_(untouched))
            .values(checked_at=now, fetched_sha256=None)
            .execution_options(synchronize_session=False)
        )
    sent = [_row(a, now) | {"fetched_sha256": None} for a in same if a.sha256 is not None]
    if sent:
        session.execute(update(ProductImage), sent)
    fetched = [_row(a, now) | _waiting(a) for a in _fetched(answers)]
    if fetched:
        session.execute(update(ProductImage), fetched)
    stamp(session, [], _refused(answers))


def _refused(answers: Sequence[Answered]) -> tuple[RefusedPicture, ...]:
    """Return the refused pictures that have no other content to be encoded."""
    return tuple(
        RefusedPicture(a.claim.picture, None, a.refusal.reason, a.refusal.detail)
        for a in answers
        if a.refusal is not None and a.claim.needed
    )


def _fetched(answers: Sequence[Answered]) -> list[Answered]:
    """Return the answers that brought a picture to be encoded."""
    return [a for a in answers if a.sha256 is not None and not a.is_same]


def _row(answer: Answered, now: datetime) -> dict[str, Any]:
    """Return the columns with what the host said of a picture that it sent."""
    said = answer.validators
    return {
        "id": answer.claim.picture.image_id,
        "etag": said.etag,
        "last_modified": said.last_modified,
        "checked_at": now,
    }


def _waiting(answer: Answered) -> dict[str, Any]:
    """Return the columns with the state of a fetched picture.

    It keeps its old sha256, so searches go on with that embedding. It stays `ready` where the
    content is the same and only this model lacks an embedding, so other models go on with theirs.
    """
    as_before = answer.claim.ready and answer.sha256 == answer.claim.sha256
    return {
        "fetched_sha256": answer.sha256,
        "state": "ready" if as_before else "pending",
        "updated_at": datetime.now(UTC),
    }


def tally_of(answers: Sequence[Answered]) -> Counter[str]:
    """Count the answers by what came of them, under the names of the report."""
    tally: Counter[str] = Counter()
    for answer in answers:
        if not answer.asked:
            continue
        tally["asked"] += 1
        tally["bytes"] += answer.size_bytes
        tally[_outcome(answer)] += 1
    return tally


def _outcome(answer: Answered) -> str:
    if answer.refusal is not None:
        return f"{'refused' if answer.claim.needed else 'kept'}.{answer.refusal.reason}"
    if answer.sha256 is None:
        return "not_modified"
    if answer.claim.sha256 is None:
        return "new"
    return "unchanged" if answer.sha256 == answer.claim.sha256 else "changed"
