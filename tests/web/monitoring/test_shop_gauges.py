"""Gauges of the shop's state, as Prometheus reads them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from search.database.connection import session_scope
from search.database.models import GenerationRow, Quarantine
from search.engine.search_engine import SearchEngine
from search.jobs.job_records import advance, fail, finish, start_job
from search.jobs.job_stages import begin_stage, measure_stage
from search.operation.shop_status import Status, read_status
from search.settings import Settings
from tests.support.factories import make_image, make_product
from web.monitoring.metrics import Metrics

Values = dict[tuple[str, tuple[str, ...]], float]


def values(exposition: bytes) -> Values:
    """Return values by name and labels."""
    families = text_string_to_metric_families(exposition.decode())
    return {
        (sample.name.removeprefix("findalike_"), tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def status(database: Engine, settings: Settings) -> Status:
    """The status of a shop with something in every state."""
    with session_scope(database) as session:
        product = make_product(session)
        make_image(session, product)
        make_image(session, product, state="failed", sha256=None)
        session.add(Quarantine(kind="image", source="c", reason="truncated", detail="x"))
        finish(session, start_job(session, "reindex"))
        running = start_job(session, "encode", 10)
        advance(session, running, done=3, failed=1)
        manifest = {
            "vectors": 2,
            "measured": {"recall_at_10": 0.98},
            "files": {"a": {"bytes": 5}, "b": {"bytes": 7}},
        }
        session.add(
            GenerationRow(
                state="live", model_tag="m", directory="g", manifest=manifest,
                published_at=datetime(2026, 1, 2, tzinfo=UTC),
            )
        )  # fmt: skip
    return read_status(database, settings)


def test_everything_is_measured(status: Status) -> None:
    found = values(Metrics(lambda: status).exposition())
    expected: Values = {
        ("database_up", ()): 1,
        ("products", ()): 1,
        ("products_retired", ()): 0,
        ("images", ("ready",)): 1,
        ("images", ("failed",)): 1,
        ("quarantined", ("truncated",)): 1,
        ("queued_tasks", ("encode",)): 0,
        ("workers", ()): 0,
        ("job_steps_total", ("encode",)): 10,
        ("job_steps_done", ("encode",)): 3,
        ("job_steps_failed", ("encode",)): 1,
        ("live_recall_at_10", ()): 0.98,
        ("live_vectors", ()): 2,
        ("live_bytes", ()): 12,
        ("live_published_timestamp_seconds", ()): datetime(2026, 1, 2, tzinfo=UTC).timestamp(),
        ("job_progress", ("encode", "")): 4,
        ("job_progress_total", ("encode", "")): 10,
        ("last_reindex_success", ()): 1,
        ("last_reindex_outcome", ("unchanged",)): 1,
        ("last_reindex_outcome", ("failed",)): 0,
    }
    assert expected.items() <= found.items()
    assert found["disk_free_bytes", ()] > 0
    assert found["last_reindex_timestamp_seconds", ()] > 1.7e9
    assert found["last_success_timestamp_seconds", ()] > 1.7e9
    assert found["job_seconds_left", ("encode", "")] >= 0


def test_the_stage_of_a_run_is_measured(database: Engine, settings: Settings) -> None:
    with session_scope(database) as session:
        finish(session, start_job(session, "reindex"))
        fail(session, start_job(session, "reindex"), "The disk is full.")
        running = start_job(session, "reindex", 5)
        begin_stage(session, running, "encode")
        measure_stage(session, running, 50, 200, unit="pictures")

    found = values(Metrics(lambda: read_status(database, settings)).exposition())
    assert found["job_progress", ("reindex", "encode")] == 50
    assert found["job_progress_total", ("reindex", "encode")] == 200
    assert ("job_seconds_left", ("reindex", "encode")) not in found  # no rate yet
    assert found["last_reindex_outcome", ("failed",)] == 1
    assert found["last_success_timestamp_seconds", ()] > 1.7e9


def test_a_database_that_is_away_is_told_and_requests_are_counted_all_the_same() -> None:
    def away() -> Status:
        raise OperationalError("SELECT", {}, Exception("gone"))

    found = values(Metrics(away).exposition())
    assert found["database_up", ()] == 0
    assert ("products", ()) not in found


def test_a_silent_broker_has_no_length(status: Status) -> None:
    found = values(Metrics(lambda: replace(status, queues=None)).exposition())
    assert not [name for name, _ in found if name == "queued_tasks"]


def test_the_application_answers_with_its_own_shop(
    client: FlaskClient, engine: SearchEngine
) -> None:
    found = values(client.get("/metrics").data)
    live = engine.generation()
    assert found["products", ()] == live.manifest.products
    assert found["live_recall_at_10", ()] == live.manifest.measured.recall_at_10
