"""The report of a run, read from its job: for the command, the page and programs."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.commands.report import report as report_command
from search.database.connection import session_scope
from search.database.models import Quarantine
from search.errors import JobFailed, UnknownEntry
from search.jobs.job_records import fail, read_job, start_job
from search.jobs.job_stages import begin_stage
from search.operation.run_pictures import read_run_pictures
from search.operation.run_report import read_run
from tests.support.factories import make_image, make_product
from tests.support.shops.recorded_runs import CHECKS, REPORT, add_build, add_night


def test_a_night_is_told_in_full(session: Session) -> None:
    add_build(session, 11)
    add_build(session, 12, products=1190, nprobe=18)
    run = read_run(session, add_night(session))

    assert (run.outcome, run.headline) == ("published", "Generation 12 is live.")
    assert (run.came["rows"], run.came["new"], run.came["refused"]) == (1200, 40, 2)
    assert run.pictures is not None
    assert (run.pictures.encoded, run.pictures.refused, run.pictures.worker_s) == (38, 6, 9.5)
    assert list(run.pictures.refusals) == ["truncated", "missing_file"]
    names = [stage.name for stage in run.stages]
    assert names == ["ingest", "encode", "build", "publish", "inspect"]
    assert (run.seconds, run.stages[1].share, run.stages[1].cpu_s) == (80.0, 30 / 80, 15.5)
    assert run.stages[0].cpu_s is None
    changed = {one.name: (one.before, one.now) for one in run.differences}
    assert run.before == 11
    assert changed["products"] == (1140, 1190)
    assert changed["recall_at_10"] == (0.982, 0.982)
    assert run.training is not None
    assert run.training["why"] == "It still fits."


def test_the_account_adds_up(session: Session) -> None:
    found = read_run(session, add_night(session)).account
    assert found is not None
    assert (found.products, found.elsewhere) == (1198, 0)

    others = REPORT["products"] | {"rows": 200}
    found = read_run(session, add_night(session, products=others)).account
    assert found is not None
    assert found.elsewhere == 1000


def test_an_unchanged_night_compares_nothing(session: Session) -> None:
    add_build(session, 11)
    add_build(session, 12)
    run = read_run(session, add_night(session, changed=False))

    assert run.headline == "Nothing changed: generation 12 stayed live."
    assert (run.before, run.differences, run.training) == (None, [], None)


def test_a_refusal_is_no_mere_failure(session: Session) -> None:
    rehearsal = {"refused": True, "checks": CHECKS}
    run = read_run(session, add_night(session, error="Too few.", rehearsal=rehearsal))

    assert (run.outcome, run.job.error) == ("refused", "Too few.")
    assert "what was live stayed live" in run.headline


@pytest.mark.parametrize(
    ("stage", "told"),
    [("encode", "what was live stayed live"), ("inspect", "after the new generation went live")],
)
def test_a_failure_says_where_and_what_is_live(session: Session, stage: str, told: str) -> None:
    job_id = start_job(session, "reindex", 5)
    begin_stage(session, job_id, stage)
    fail(session, job_id, "The disk is full.")
    run = read_run(session, job_id)

    assert run.outcome == "failed"
    assert run.headline.startswith(f"Failed during {stage}")
    assert told in run.headline
    assert (run.account, run.pictures, run.stages, run.came["rows"]) == (None, None, [], 0)


def test_only_runs_have_reports(session: Session) -> None:
    with pytest.raises(UnknownEntry, match="findalike reindex SOURCE"):
        read_run(session)
    with pytest.raises(UnknownEntry, match="of kind encode"):
        read_run(session, start_job(session, "encode"))
    with pytest.raises(JobFailed, match="no such job"):
        read_run(session, 4711)


def test_pictures_are_those_of_the_run(session: Session) -> None:
    now = datetime.now(UTC)
    job_id = add_night(session)
    old = make_product(session, sku="OLD", created_at=now - timedelta(days=9))
    known = make_product(session, sku="KNOWN", created_at=now - timedelta(days=9))
    new = make_product(session, sku="NEW", created_at=now - timedelta(minutes=9))
    make_image(session, old, updated_at=now - timedelta(days=9))
    other = make_image(session, known, updated_at=now - timedelta(minutes=8))
    first = make_image(session, new, updated_at=now - timedelta(minutes=8))
    session.add(Quarantine(kind="image", source="c", sku="KNOWN", reason="truncated", detail="x",
                           created_at=now - timedelta(minutes=8)))  # fmt: skip
    session.add(Quarantine(kind="row", source="c", line=3, reason="empty_title", detail="y",
                           created_at=now - timedelta(minutes=8)))  # fmt: skip
    session.add(Quarantine(kind="row", source="c", line=4, reason="empty_title", detail="y",
                           created_at=now - timedelta(days=8)))  # fmt: skip
    session.flush()

    found = read_run_pictures(session, read_job(session, job_id))

    assert [(one.sku, one.image_id) for one in found.new] == [("NEW", first.id)]
    assert [(one.sku, one.image_id) for one in found.changed] == [("KNOWN", other.id)]
    assert [(one.sku, one.reason) for one in found.refused] == [("KNOWN", "truncated")]
    assert [(one.sku, one.line) for one in found.refused_rows] == [(None, 3)]
    assert len(read_run_pictures(session, read_job(session, job_id), limit=0).new) == 0


def test_what_was_refused_is_remembered_when_it_is_repaired(session: Session) -> None:
    refused = {"sku": "S", "title": "T", "image_id": None, "reason": "truncated", "detail": "x"}
    kept = {"new": [], "changed": [], "refused": [refused], "refused_rows": []}
    job = read_job(session, add_night(session, examples=kept))

    found = read_run_pictures(session, job)
    assert [(one.sku, one.reason) for one in found.refused] == [("S", "truncated")]


def test_the_command_prints_the_last_night(database: Engine) -> None:
    with session_scope(database) as session:
        before = add_night(session, changed=False)
        add_build(session, 11)
        add_build(session, 12)
        rehearsal = {"refused": True, "checks": CHECKS}
        last = add_night(session, error="Too few.", rehearsal=rehearsal)

    printed = CliRunner().invoke(report_command)
    assert printed.exit_code == 0
    for told in (
        f"Reindex {last}",
        "was refused",
        "Too few.",
        "1,200 rows",
        "5 truncated",
        "counts",
    ):
        assert told in printed.output
    answer = json.loads(CliRunner().invoke(report_command, [str(before), "--json"]).output)
    assert (answer["job"]["id"], answer["outcome"]) == (before, "unchanged")
    assert answer["account"]["indexed"] == 1190
    assert answer["examples"]["new"] == []
