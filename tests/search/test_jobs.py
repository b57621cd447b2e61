"""Jobs: counted in the commit of the work, ended once."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.db import session_scope
from search.errors import JobFailed
from search.jobs import (
    add_tally,
    advance,
    fail,
    finish,
    read_job,
    recent_jobs,
    running_job,
    start_job,
)


def test_a_job_counts_up_to_its_end(session: Session) -> None:
    job_id = start_job(session, "encode", 10, report={"model": "m"})
    advance(session, job_id, done=6, tally={"encoded": 6})
    advance(session, job_id, done=3, failed=1, tally={"encoded": 3, "failed.truncated": 1})

    running = read_job(session, job_id)
    assert (running.done, running.failed, running.processed, running.total) == (9, 1, 10, 10)
    assert running.state == "running"
    assert running.finished_at is None

    assert finish(session, job_id, {"seconds": 2})
    done = read_job(session, job_id)
    assert done.state == "done"
    assert done.report == {"model": "m", "encoded": 9, "failed": {"truncated": 1}, "seconds": 2}
    assert done.finished_at is not None
    assert done.elapsed_s >= 0


def test_work_that_is_rolled_back_is_not_counted(database: Engine) -> None:
    with session_scope(database) as session:
        job_id = start_job(session, "encode", 4)
    with Session(database) as session:
        advance(session, job_id, done=4)
        session.rollback()

    with session_scope(database) as session:
        assert read_job(session, job_id).done == 0


def test_total_grows_with_unforeseen_work(session: Session) -> None:
    job_id = start_job(session, "encode", 2)
    advance(session, job_id, done=5)

    assert read_job(session, job_id).total == 5


def test_a_job_ends_once(session: Session) -> None:
    job_id = start_job(session, "build")

    assert fail(session, job_id, "no space left")
    assert not finish(session, job_id)
    assert not fail(session, job_id, "something else")
    job = read_job(session, job_id)
    assert (job.state, job.error) == ("failed", "no space left")


def test_running_jobs_are_found_by_kind(session: Session) -> None:
    first, second = start_job(session, "encode"), start_job(session, "encode")
    other = start_job(session, "build")

    found = running_job(session, "encode")
    assert found is not None
    assert found.id == second
    finish(session, second)
    found = running_job(session, "encode")
    assert found is not None
    assert found.id == first
    fail(session, first, "stopped")
    assert running_job(session, "encode") is None
    assert [job.id for job in recent_jobs(session, 2)] == [other, second]


def test_an_unknown_job_is_an_error(session: Session) -> None:
    advance(session, 4711, done=1)
    assert not finish(session, 4711)
    with pytest.raises(JobFailed, match="no such job"):
        read_job(session, 4711)


def test_two_transactions_count_one_after_the_other(database: Engine) -> None:
    """The second waits for the first one's row lock and adds to what it committed."""
    with session_scope(database) as session:
        job_id = start_job(session, "encode", 6)
    for step in ({"encoded": 2}, {"encoded": 3}):
        with session_scope(database) as session:
            read_job(session, job_id)  # an older state in the session's memory must not win
            with session_scope(database) as other:
                advance(other, job_id, done=1, tally={"encoded": 1})
            advance(session, job_id, done=1, tally=step)

    with session_scope(database) as session:
        job = read_job(session, job_id)
    assert job.done == 4
    assert job.report == {"encoded": 7}


def test_tally_keeps_what_it_does_not_name() -> None:
    report = {"model": "m", "failed": {"empty": 1}, "encoded": 2}

    added = add_tally(report, {"failed.empty": 2, "failed.truncated": 1, "reused": 0})

    assert added == {"model": "m", "failed": {"empty": 3, "truncated": 1}, "encoded": 2}
    assert report["failed"] == {"empty": 1}
