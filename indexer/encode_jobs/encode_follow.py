"""An encode job that a command waits for: progress on the screen, and workers if none run.

Commands and the nightly run share it; `indexer.encode_jobs.encode_control` does the work.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy

from indexer.encode_jobs.encode_control import (
    encode_step,
    follow,
    reason_of,
    send_nothing,
    start_encoding,
)
from indexer.encode_jobs.fetch_step import fetch_step
from indexer.encoding.encode_batch import BatchEncoder
from indexer.fetching.fetch_batch import BatchFetcher
from indexer.pictures.encode_claims import count_unencoded
from indexer.pictures.encode_job_row import has_pending_pictures
from indexer.pictures.fetch_progress import asked_so_far
from indexer.queue.broker import discard_messages
from indexer.queue.celery_app import make_app
from indexer.queue.worker_supervisor import WorkerGroup, default_processes
from search.database.connection import session_scope
from search.encoder import Encoder, load_encoder
from search.errors import JobFailed
from search.jobs.job_records import JobRecord, fail, read_job
from search.jobs.progress_bar import track
from search.jobs.workers import ConnectedWorker, worker_connections
from search.settings import Settings

HINT_AFTER_S = 30.0
FEW_PICTURES = 256
"""One process encodes so many in about the time that workers take to load their model."""
DEATHS_PER_WORKER = 4
"""After so many deaths for each worker started here, the job is given up."""


def run_encoding(
    database: sqlalchemy.Engine,
    settings: Settings,
    *,
    encoder: Encoder | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> JobRecord:
    """Encode all that is left, and show how far it is.

    Args:
        database: Where the pictures are.
        settings: What to encode with.
        encoder: The model of the settings, where the caller has loaded it: then this process
            encodes a few pictures itself, sooner than a worker would have started.
        workers: Processes started for the time of this call; None: as many as suit this machine,
            but none where workers are running already.
        quiet: Show nothing.

    Raises:
        JobFailed: with the reason.
        KeyboardInterrupt: interrupted; a line has said how to go on.
    """
    with session_scope(database) as session:
        running = sum(_takes_batches(worker) for worker in worker_connections(session))
        pending = has_pending_pictures(session)
    # Starting workers only to learn that there is nothing to do would take longer.
    if encoder is None and not pending:
        encoder = load_encoder(settings.model, settings.device)
    tag = None if encoder is None else encoder.tag
    job_id = start_encoding(database, settings, model_tag=tag)
    job = _read(database, job_id)
    if job.state == "running" and encoder is not None and not running and workers is None:
        with session_scope(database) as session:
            few = count_unencoded(session, encoder.tag) <= FEW_PICTURES
        if few:
            job = _work_here(database, settings, encoder, job_id, quiet=quiet)
    if job.state == "done":
        return job
    if workers is None:
        workers = 0 if running else default_processes(settings)
    _tell(_who_works(running, workers), quiet=quiet)
    try:
        with _temporary_workers(settings, workers) as group:
            job = _show(follow(database, job_id, settings), job_id, group, quiet=quiet)
    except KeyboardInterrupt:
        _tell(
            f"Stopped watching job {job_id}. What is encoded is kept; `findalike encode` goes on.",
            quiet=quiet,
        )
        raise
    if not running:  # no worker would take the messages that are left
        discard_messages(make_app(settings))
    return job


def _takes_batches(worker: ConnectedWorker) -> bool:
    """Return whether a worker takes batches: not if it only builds, nor if it is this process."""
    own = worker.pid == os.getpid() and worker.is_on(socket.gethostname())
    return "encode" in worker.queues and not own


def _read(database: sqlalchemy.Engine, job_id: int) -> JobRecord:
    with session_scope(database) as session:
        return read_job(session, job_id)


def _work_here(
    database: sqlalchemy.Engine, settings: Settings, encoder: Encoder, job_id: int, *, quiet: bool
) -> JobRecord:
    """Ask hosts whether their pictures changed, and encode what is new; return how far the job is.

    In most nights that is little, and no worker needs to be started.
    """
    batches = BatchEncoder(database, settings, encoder)
    try:
        with (
            BatchFetcher(database, settings) as fetcher,
            track("Encoding pictures", quiet=quiet) as bar,
        ):
            worked = True
            while worked:
                worked = fetch_step(fetcher, job_id, send_nothing)
                worked = encode_step(batches, job_id, send_nothing) or worked
                job = _read(database, job_id)
                bar.update(job.processed or asked_so_far(job.report), job.total or None)
    except Exception as error:
        with session_scope(database) as session:
            fail(session, job_id, reason_of(error))
        raise
    job = _read(database, job_id)
    if job.state != "running":
        discard_messages(make_app(settings))
    if job.state == "failed":
        raise JobFailed(job_id, job.error or "no reason was recorded")
    return job


def _who_works(running: int, started: int) -> str:
    parts = []
    if running:
        parts.append(f"{running} running worker{'s'[: running != 1]}")
    if started:
        parts.append(f"{started} worker{'s'[: started != 1]} started for this command")
    if not parts:
        return "No worker runs. Start one with `findalike worker`; this waits for it."
    return f"Encoding with {' and '.join(parts)}."


@contextmanager
def _temporary_workers(settings: Settings, count: int) -> Iterator[WorkerGroup | None]:
    """Run workers for a block; their output goes to a file, away from the progress bar."""
    if count == 0:
        yield None
        return
    log_file = settings.root / "logs" / "worker.log"
    with WorkerGroup(settings, [settings.device] * count, log_file=log_file) as group:
        yield group


def _show(
    jobs: Iterator[JobRecord], job_id: int, group: WorkerGroup | None, *, quiet: bool
) -> JobRecord:
    """Show progress until the job is done; return its last state."""
    moved_at, processed, hinted = time.monotonic(), -1, False
    with track("Encoding pictures", quiet=quiet, unit="pictures") as bar:
        for job in jobs:
            # A total of 0 is not counted yet, unless the job is over.
            bar.update(job.processed, job.total or None)
            moved = job.processed + asked_so_far(job.report)
            if moved != processed:
                moved_at, processed, hinted = time.monotonic(), moved, False
            if group is not None and group.deaths >= DEATHS_PER_WORKER * len(group.devices):
                raise JobFailed(job_id, f"its workers keep dying; {group.log_file} says why.")
            if not hinted and time.monotonic() - moved_at > HINT_AFTER_S:
                hinted = True
                _tell(_hint(group), quiet=quiet)
    return job


def _hint(group: WorkerGroup | None) -> str:
    if group is not None:
        return f"Nothing was encoded for {HINT_AFTER_S:.0f} s; {group.log_file} may say why."
    return (
        f"Nothing was encoded for {HINT_AFTER_S:.0f} s, though a worker may be busy with a batch. "
        "Check the workers' logs, and that they have the same FINDALIKE_DATABASE_URL and "
        "FINDALIKE_BROKER_URL as this command; or give --workers 1 to start one here."
    )


def _tell(message: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(message, err=True)
