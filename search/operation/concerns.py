"""What is wrong with a running shop, in plain words, and what to do about it.

Follows from `search.operation.shop_status` alone, so it costs nothing and says the same everywhere.
What takes a closer look (checksums, loading a model) is the doctor's, see
`search.operation.doctor_checks`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from search.errors import NoGeneration
from search.operation.doctor_checks import LEAST_FREE_BYTES
from search.operation.readable_units import ago, size
from search.operation.shop_status import Status
from search.settings import Settings

SILENT_AFTER = timedelta(minutes=30)
"""A running job that has not moved for so long needs somebody to look."""
UNSETTLED_AFTER = timedelta(minutes=5)
"""A product's change that waits longer does so because nobody settles it."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is wrong."""

    subject: str  # what it is about, such as `queue`
    found: str
    remedy: str


def find_concerns(status: Status, settings: Settings, trouble: str = "") -> list[Concern]:
    """Return what is wrong, the worst first.

    Args:
        status: What there is.
        settings: What is wanted.
        trouble: Why the process that asks can't answer from the live generation; see
            `search.live.generation_loader`.
    """
    parts = (
        *(_index(status, settings, trouble), _disk(status), _nightly(status), _work(status)),
        _fresh(status),
        _changes(status),
    )
    return [concern for part in parts for concern in part]


def _index(status: Status, settings: Settings, trouble: str) -> Iterator[Concern]:
    live = status.live
    if live is None:
        yield Concern("index", str(NoGeneration()), "")
        return
    if trouble:
        yield Concern(
            "searches",
            f"Generation {live.id} is live but can't be loaded: {trouble}",
            "What answered before it still does where it was loaded. Put right what it says, or "
            "run `findalike rollback`; searchers try again by themselves.",
        )
    recall = live.recall_at_10
    if recall is not None and recall < settings.recall_floor:
        yield Concern(
            "index",
            f"The live index finds {recall:.3f} of the exact top 10, under the floor of "
            f"{settings.recall_floor:.3f}.",
            "Raise FINDALIKE_INDEX_MEMORY_MB and run `findalike reindex`.",
        )


def _disk(status: Status) -> Iterator[Concern]:
    if status.disk.free_bytes < LEAST_FREE_BYTES:
        yield Concern(
            "disk",
            f"Only {size(status.disk.free_bytes)} are free at {status.home}.",
            "Free at least 1 GB there, or point FINDALIKE_HOME to another disk.",
        )


def _changes(status: Status) -> Iterator[Concern]:
    waiting, since = status.changes.count, status.changes.oldest_at
    if since is not None and datetime.now(UTC) - since > UNSETTLED_AFTER:
        one, many = "1 change of a product waits", f"{waiting:,} changes of products wait"
        span = ago(since).removesuffix(" ago")
        yield Concern(
            "changes",
            f"{one if waiting == 1 else many} to be settled, the oldest since {span}.",
            "Start `findalike watch` as a service; until then `findalike reindex` settles them.",
        )


def _nightly(status: Status) -> Iterator[Concern]:
    last, schedule = status.last_reindex, status.schedule
    if last is not None and last.state == "failed":
        during = f" during {last.stage}" if last.stage else ""
        yield Concern(
            "nightly run",
            f"The last reindex failed{during}, {ago(last.finished_at)}: {last.error}",
            "What was live before still is. Put right what it says, then run `findalike reindex`; "
            "it goes on from there.",
        )
    if schedule is not None and schedule.overdue:
        yield Concern(
            "schedule",
            f"The run that was due {ago(schedule.due_at)} has not begun.",
            "The scheduler is at work; its log says why."
            if schedule.attended
            else "Nobody runs the schedule: start `findalike schedule` as a service.",
        )


def _fresh(status: Status) -> Iterator[Concern]:
    fresh = status.freshness
    if fresh.delta is not None and fresh.delta.waiting:
        left = fresh.delta.waiting
        products = "1 changed product is" if left == 1 else f"{left:,} changed products are"
        yield Concern(
            "delta",
            f"{products} not in searches yet: the delta is full.",
            "Run `findalike reindex`, or raise FINDALIKE_DELTA_LIMIT.",
        )


def _work(status: Status) -> Iterator[Concern]:
    if status.queued_tasks is None:
        yield Concern(
            "queue",
            "The work queue does not answer.",
            "Start the broker, or correct FINDALIKE_BROKER_URL.",
        )
    encoding = [job for job in status.running if job.kind == "encode"]
    if encoding and not any("encode" in worker.queues for worker in status.workers):
        yield Concern(
            "workers",
            f"Job {encoding[0].id} has pictures to encode, but no worker takes them.",
            "Start `findalike worker`.",
        )
    for job in status.running:
        if datetime.now(UTC) - job.updated_at > SILENT_AFTER and job.kind != "reindex":
            yield Concern(
                "jobs",
                f"Job {job.id} ({job.kind}) says that it runs but has not moved since "
                f"{ago(job.updated_at).removesuffix(' ago')}.",
                f"See whether its process lives; `findalike {job.kind}` takes up what is left.",
            )
