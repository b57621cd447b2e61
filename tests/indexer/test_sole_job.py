"""A sole job is recorded, counted and ended, whatever happens."""

import pytest
from sqlalchemy import Engine

from indexer.sole_job import sole_job
from search.db import session_scope
from search.jobs import JobView, recent_jobs, start_job


def jobs(database: Engine) -> list[JobView]:
    with session_scope(database) as session:
        return recent_jobs(session)


def test_a_sole_job_is_recorded(database: Engine) -> None:
    with sole_job(database, "build", steps=2) as job:
        job.step()
        assert (jobs(database)[0].state, jobs(database)[0].done) == ("running", 1)
        job.step()
        job.report["vectors"] = 7

    ended = jobs(database)[0]
    assert (ended.id, ended.kind, ended.state) == (job.id, "build", "done")
    assert (ended.total, ended.done, ended.report) == (2, 2, {"vectors": 7})


def test_a_sole_job_that_fails_says_why(database: Engine) -> None:
    def work() -> None:
        with sole_job(database, "build", steps=2):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        work()

    assert (jobs(database)[0].state, jobs(database)[0].error) == ("failed", "the disk is full")


def test_a_killed_job_is_marked_by_the_next(database: Engine) -> None:
    with session_scope(database) as session:
        killed, foreign = start_job(session, "build"), start_job(session, "encode")

    with sole_job(database, "build", steps=1):
        pass

    states = {job.id: job.state for job in jobs(database)}
    assert states[killed] == "failed"
    assert states[foreign] == "running"


def test_stages_have_names_and_seconds(database: Engine) -> None:
    with sole_job(database, "build", steps=3) as job:
        job.begin("train")
        assert (jobs(database)[0].stage, jobs(database)[0].done) == ("train", 0)
        job.begin("measure")
        assert (jobs(database)[0].stage, jobs(database)[0].done) == ("measure", 1)
        with job.stage("verify"):
            assert jobs(database)[0].done == 2

    ended = jobs(database)[0]
    assert (ended.done, ended.stage) == (3, None)
    assert ended.report["seconds"].keys() == {"train", "measure", "verify"}


def test_what_came_of_a_failed_job_is_kept(database: Engine) -> None:
    def work() -> None:
        with sole_job(database, "reindex", steps=2) as job:
            with job.stage("ingest"):
                job.report["rows"] = 7
            with job.stage("encode"):
                raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        work()

    failed = jobs(database)[0]
    assert (failed.state, failed.stage, failed.done) == ("failed", "encode", 1)
    assert failed.report["rows"] == 7
    assert list(failed.report["seconds"]) == ["ingest"]
