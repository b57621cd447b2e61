"""An exclusive job is recorded, counted and ended, whatever happens."""

import pytest
import structlog
from sqlalchemy import Engine
from structlog.testing import capture_logs

from search.database.connection import session_scope
from search.jobs.exclusive_job import exclusive_job
from search.jobs.job_records import JobRecord, recent_jobs, start_job
from search.jobs.progress_bar import track


def jobs(database: Engine) -> list[JobRecord]:
    with session_scope(database) as session:
        return recent_jobs(session)


def test_a_sole_job_is_recorded(database: Engine) -> None:
    with exclusive_job(database, "build", steps=2) as job:
        job.step()
        assert (jobs(database)[0].state, jobs(database)[0].done) == ("running", 1)
        job.step()
        job.report["vectors"] = 7

    ended = jobs(database)[0]
    assert (ended.id, ended.kind, ended.state) == (job.id, "build", "done")
    assert (ended.total, ended.done, ended.report) == (2, 2, {"vectors": 7})


def test_a_sole_job_that_fails_says_why(database: Engine) -> None:
    def work() -> None:
        with exclusive_job(database, "build", steps=2):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        work()

    assert (jobs(database)[0].state, jobs(database)[0].error) == ("failed", "the disk is full")


def test_a_killed_job_is_marked_by_the_next(database: Engine) -> None:
    with session_scope(database) as session:
        killed, foreign = start_job(session, "build"), start_job(session, "encode")

    with exclusive_job(database, "build", steps=1):
        pass

    states = {job.id: job.state for job in jobs(database)}
    assert states[killed] == "failed"
    assert states[foreign] == "running"


def test_stages_have_names_and_seconds(database: Engine) -> None:
    with exclusive_job(database, "build", steps=3) as job:
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
        with exclusive_job(database, "reindex", steps=2) as job:
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


def test_how_far_a_stage_is_can_be_read_meanwhile(database: Engine) -> None:
    with exclusive_job(database, "reindex", steps=2) as job, job.stage("encode"):
        with track("Encoding", 8, quiet=True, unit="pictures") as bar:
            bar.update(2)
        found = jobs(database)[0].progress
        assert found is not None
        assert (found.done, found.total, found.unit) == (2, 8, "pictures")
        assert jobs(database)[0].reached == 0.25


def test_stages_have_costs(database: Engine) -> None:
    with exclusive_job(database, "build", steps=1) as job, job.stage("train"):
        spent = sum(number * number for number in range(300_000))
    assert spent

    cost = jobs(database)[0].report["cost"]["train"]
    assert cost["cpu_s"] > 0
    assert cost["peak_bytes"] > 1_000_000


def test_log_lines_name_the_job_and_the_run_that_it_is_part_of(database: Engine) -> None:
    with (
        capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines,
        exclusive_job(database, "reindex", steps=1) as outer,
        outer.stage("build"),
        exclusive_job(database, "build", steps=1) as inner,
    ):
        structlog.get_logger().info("thing_built")

    built = next(line for line in lines if line["event"] == "thing_built")
    assert (built["run_id"], built["job_id"], built["job"]) == (outer.id, inner.id, "build")
    assert [line["event"] for line in lines] == [
        "thing_built",
        "job_done",
        "stage_done",
        "job_done",
    ]
    assert lines[-1]["job_id"] == outer.id
    assert "job_id" not in structlog.contextvars.get_contextvars()
