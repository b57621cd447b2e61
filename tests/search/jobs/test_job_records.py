"""Jobs: progress is committed with the work, and a job ends once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import Job
from search.errors import JobFailed
from search.jobs.job_records import (
    add_tally,
    advance,
    fail,
    finish,
    latest_job,
    list_jobs,
    read_job,
    recent_jobs,
    start_job,
)
from search.jobs.job_stages import begin_stage, measure_stage


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

    found = latest_job(session, "encode", "running")
    assert found is not None
    assert found.id == second
    finish(session, second)
    found = latest_job(session, "encode", "running")
    assert found is not None
    assert found.id == first
    fail(session, first, "stopped")
    assert latest_job(session, "encode", "running") is None
    assert [job.id for job in recent_jobs(session, 2)] == [other, second]


def test_an_unknown_job_is_an_error(session: Session) -> None:
    advance(session, 4711, done=1)
    assert not finish(session, 4711)
    with pytest.raises(JobFailed, match="no such job"):
        read_job(session, 4711)


def test_two_transactions_count_one_after_the_other(database: Engine) -> None:
    """The second waits for the first one's row lock, and adds to the committed number."""
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
    assert job.report["encoded"] == 7


def test_tally_keeps_what_it_does_not_name() -> None:
    report = {"model": "m", "failed": {"empty": 1}, "encoded": 2}

    added = add_tally(report, {"failed.empty": 2, "failed.truncated": 1, "reused": 0})

    assert added == {"model": "m", "failed": {"empty": 3, "truncated": 1}, "encoded": 2}
    assert report["failed"] == {"empty": 1}


def test_lists_are_filtered_and_cut(session: Session) -> None:
    first, second = start_job(session, "encode"), start_job(session, "encode")
    build = start_job(session, "build")
    fail(session, second, "stopped")

    found, total = list_jobs(session, limit=2)
    assert ([job.id for job in found], total) == ([build, second], 3)
    assert [job.id for job in list_jobs(session, limit=2, offset=2)[0]] == [first]
    assert [job.id for job in list_jobs(session, kind="encode", state="failed")[0]] == [second]
    assert list_jobs(session, kind="ingest") == ([], 0)


def test_rate_and_time_left_follow_from_what_is_done(session: Session) -> None:
    job_id = start_job(session, "encode", 10)
    fresh = read_job(session, job_id)
    assert (fresh.rate, fresh.left_s) == (None, None)
    started = datetime.now(UTC) - timedelta(seconds=20)
    session.get_one(Job, job_id).started_at = started
    advance(session, job_id, done=3, failed=1)

    running = read_job(session, job_id)
    assert running.rate == pytest.approx(0.2, rel=0.1)
    assert running.left_s == pytest.approx(30, rel=0.1)
    finish(session, job_id)
    assert read_job(session, job_id).left_s is None


def test_a_stage_is_kept_where_the_job_fails(session: Session) -> None:
    done, failed = start_job(session, "build", 7), start_job(session, "reindex", 4)
    for job_id in (done, failed):
        begin_stage(session, job_id, "Training Flat")
        advance(session, job_id, done=1)
    running = read_job(session, done)
    assert running.stage == "Training Flat"
    assert running.left_s is None  # stages differ in speed

    finish(session, done, {"vectors": 7})
    fail(session, failed, "the disk is full", {"seconds": {"ingest": 1.0}})
    assert read_job(session, done).report == {"vectors": 7}
    assert read_job(session, failed).stage == "Training Flat"
    assert read_job(session, failed).report["seconds"] == {"ingest": 1.0}


def test_a_stage_tells_how_far_it_is(session: Session) -> None:
    job_id = start_job(session, "reindex", 5)
    begin_stage(session, job_id, "encode")
    assert read_job(session, job_id).progress is None
    measure_stage(session, job_id, 0, 200, unit="pictures")
    put_back(session, job_id, seconds=10)
    measure_stage(session, job_id, 50, 200, unit="pictures", step="Encoding")

    running = read_job(session, job_id)
    found = running.progress
    assert found is not None
    assert (found.done, found.total, found.unit, found.step) == (50, 200, "pictures", "Encoding")
    assert found.rate == pytest.approx(5, rel=0.1)
    assert found.left_s == pytest.approx(30, rel=0.1)
    assert (running.processed, running.reached) == (0, 0.25)
    assert (running.rate, running.left_s) == (None, None)  # stages differ in speed


def test_counting_anew_forgets_the_rate_of_before(session: Session) -> None:
    job_id = start_job(session, "reindex", 5)
    begin_stage(session, job_id, "ingest")
    measure_stage(session, job_id, 1000, 1000, unit="rows")
    measure_stage(session, job_id, 10, None, unit="rows")

    found = read_job(session, job_id).progress
    assert found is not None
    assert (found.rate, found.left_s, found.share) == (None, None, 0.0)


def test_how_far_a_stage_is_goes_with_it(session: Session) -> None:
    job_id = start_job(session, "reindex", 5, report={"kept": 1})
    begin_stage(session, job_id, "encode")
    measure_stage(session, job_id, 1, 2, unit="pictures")
    begin_stage(session, job_id, "build")
    assert read_job(session, job_id).progress is None
    measure_stage(session, job_id, 1, 2)
    finish(session, job_id)
    measure_stage(session, job_id, 2, 2)  # too late

    assert read_job(session, job_id).report == {"kept": 1}
    assert read_job(session, job_id).progress is None


def put_back(session: Session, job_id: int, seconds: float) -> None:
    """Make the recorded progress of a job older."""
    job = session.get_one(Job, job_id)
    assert job.report is not None
    progress = dict(job.report["progress"])
    progress["samples"] = [[at - seconds, done] for at, done in progress["samples"]]
    job.report = job.report | {"progress": progress}
    session.flush()
