"""A run requested by message: refused while another runs, and never an error of the worker."""

from sqlalchemy import Engine

from indexer.workers.queued_run import MESSAGE, run_queued, was_answered
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.jobs.job_records import fail, finish, list_jobs, start_job
from search.settings import Settings


def test_a_second_run_ends_where_another_is_at_work(database: Engine, settings: Settings) -> None:
    with exclusively(database, "reindex"):
        run_queued(database, settings, "late")

    with session_scope(database) as session:
        assert list_jobs(session, kind="reindex") == ([], 0)


def test_a_run_that_fails_is_answered_with_the_reason(database: Engine, settings: Settings) -> None:
    """No catalogue was ever read; a second delivery of the message changes nothing."""
    for _ in range(2):
        run_queued(database, settings, "early")

    with session_scope(database) as session:
        (job,), _ = list_jobs(session, kind="reindex")
    assert job.state == "failed"
    assert "No catalogue was read yet" in str(job.error)
    assert job.report[MESSAGE] == "early"


def test_only_a_run_that_came_to_its_end_answers_its_message(database: Engine) -> None:
    """A run that is `running` while the lock is free was killed."""
    with session_scope(database) as session:
        for message in ("at work", "done", "failed"):
            job_id = start_job(session, "reindex", report={MESSAGE: message})
            if message == "done":
                finish(session, job_id)
            if message == "failed":
                fail(session, job_id, "The catalogue is empty.")

    answered = [was_answered(database, message) for message in ("at work", "done", "failed", "new")]
    assert answered == [False, True, True, False]
