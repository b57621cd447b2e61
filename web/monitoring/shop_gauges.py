"""Gauges of the state of the shop, read when Prometheus asks. Nothing is counted here.

Where the database does not answer, `findalike_database_up` is 0 and the other gauges are missing.
So an alert can tell that from a count of 0.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from search.errors import FindalikeError
from search.jobs.job_records import JobRecord
from search.operation.run_report import OUTCOMES, outcome_of
from search.operation.shop_status import LiveIndex, Status

log = structlog.get_logger()


class ShopCollector(Collector):
    """Turns a status into gauges.

    Args:
        status: Returns a status that is a few seconds old at most.
    """

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing, since the gauges depend on the shop."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all gauges."""
        try:
            status = self._status()
        except (SQLAlchemyError, FindalikeError) as error:
            log.warning("status_unreadable", error=str(error))
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        yield from _catalogue(status)
        yield from _work(status)
        if status.live is not None:
            yield from _index(status.live)
        yield from _nightly(status)
        yield _gauge("disk_free_bytes", "Free on the disk of the home.", status.disk.free_bytes)
        used = status.disk.used_bytes
        yield _labelled_gauge("disk_used_bytes", "Used below the home, by folder.", "folder", used)


def _catalogue(status: Status) -> Iterator[GaugeMetricFamily]:
    yield _gauge("products", "Products in the catalogue.", status.products)
    yield _gauge("products_retired", "Products that left the catalogue.", status.retired_products)
    yield _labelled_gauge("images", "Pictures of products, by state.", "state", status.images)
    refused = status.quarantine
    yield _labelled_gauge(
        "quarantined", "Rows and pictures in quarantine, by reason.", "reason", refused
    )


def _work(status: Status) -> Iterator[GaugeMetricFamily]:
    if status.queues is not None:  # None: the broker does not answer
        yield _labelled_gauge(
            "queued_tasks", "Tasks that wait for a worker, by queue.", "queue", status.queues
        )
    yield _gauge("workers", "Workers that are connected.", len(status.workers))
    newest = {job.kind: job for job in reversed(status.running)}
    for part, outcome in (
        ("total", "there are"),
        ("done", "went well"),
        ("failed", "were refused"),
    ):
        values = {kind: getattr(job, part) for kind, job in newest.items()}
        yield _labelled_gauge(
            f"job_steps_{part}", f"Steps of running jobs that {outcome}.", "kind", values
        )
    yield from _progress(newest)


def _progress(running: Mapping[str, JobRecord]) -> Iterator[GaugeMetricFamily]:
    """Yield how far running jobs are: in their stage, or in all steps where they have none."""
    labels = ("kind", "stage")
    done = _empty_gauge("job_progress", "What is done of a running job's stage.", labels)
    total = _empty_gauge("job_progress_total", "How much there is, where that is known.", labels)
    left = _empty_gauge("job_seconds_left", "Time left at the rate of the last minute.", labels)
    for kind, job in running.items():
        at, progress = (kind, job.stage or ""), job.progress
        if job.stage is None:
            done.add_metric(at, job.processed)
            if job.total:
                total.add_metric(at, job.total)
            if job.left_s is not None:
                left.add_metric(at, job.left_s)
        elif progress is not None:
            done.add_metric(at, progress.done)
            if progress.total is not None:
                total.add_metric(at, progress.total)
            if progress.left_s is not None:
                left.add_metric(at, progress.left_s)
    yield from (done, total, left)


def _index(live: LiveIndex) -> Iterator[GaugeMetricFamily]:
    if live.recall_at_10 is not None:
        yield _gauge("live_recall_at_10", "Recall of the live generation.", live.recall_at_10)
    yield _gauge("live_vectors", "Vectors in it.", live.manifest.get("vectors", 0))
    yield _gauge("live_bytes", "Size of its files.", live.stored_bytes)
    if live.published_at is not None:
        at = live.published_at.timestamp()
        yield _gauge("live_published_timestamp_seconds", "When it was published.", at)


def _nightly(status: Status) -> Iterator[GaugeMetricFamily]:
    last, schedule = status.last_reindex, status.schedule
    if last is not None and last.finished_at is not None:
        at = last.finished_at.timestamp()
        yield _gauge("last_reindex_timestamp_seconds", "When the last reindex ended.", at)
        went_well = int(last.state == "done")
        yield _gauge("last_reindex_success", "Whether the last reindex went well.", went_well)
        yield _gauge("last_reindex_seconds", "How long the last reindex took.", last.elapsed_s)
        ended = {str(outcome): int(outcome == outcome_of(last)) for outcome in OUTCOMES}
        yield _labelled_gauge(
            "last_reindex_outcome", "What the last reindex came to.", "outcome", ended
        )
    well = status.last_success
    if well is not None and well.finished_at is not None:
        at = well.finished_at.timestamp()
        yield _gauge("last_success_timestamp_seconds", "When a reindex last went well.", at)
    if schedule is not None:
        late = int(schedule.overdue)
        yield _gauge("schedule_overdue", "Whether a scheduled reindex has not begun.", late)


def _empty_gauge(name: str, documentation: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"findalike_{name}", documentation, labels=labels)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"findalike_{name}", documentation, value)


def _labelled_gauge(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"findalike_{name}", documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
