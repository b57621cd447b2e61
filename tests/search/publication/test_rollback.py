"""The live pointer goes back at once, to an intact generation."""

import time
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from sqlalchemy import Engine

import search.publication.checks as rehearsal_module
import search.publication.publishing as publication_module
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.errors import (
    AlreadyRunning,
    DamagedGeneration,
    NoGeneration,
    RehearsalRefused,
    UnknownGeneration,
)
from search.index.generation_files import FILES, INDEX, TEMPORARY, VECTORS
from search.publication.publishing import next_back, publish, rollback
from search.settings import Settings
from tests.support.live_states import Build, directory_of, live, states


def test_rolling_back_goes_back_and_further_back(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second, third = (publish(database, settings, build()) for _ in range(3))

    assert rollback(database, settings) == second
    assert states(database) == {first: "retired", second: "live", third: "retired"}
    assert rollback(database, settings) == first
    with pytest.raises(UnknownGeneration, match="no earlier generation"):
        rollback(database, settings)
    assert live(database) == first

    fourth = publish(database, settings, build())
    # Back to the one that was live before the fourth, not to one that was skipped.
    assert rollback(database, settings) == first
    assert states(database)[fourth] == "retired"
    assert first in states(database)


def test_a_clock_that_was_set_back_changes_no_order(
    database: Engine, settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (publish(database, settings, build()) for _ in range(2))

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(days=1)

    monkeypatch.setattr(publication_module, "datetime", Yesterday)
    third = publish(database, settings, build())
    assert live(database) == third
    assert rollback(database, settings) == second
    assert rollback(database, settings) == first


def test_what_was_rolled_back_can_be_published_again(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second = (publish(database, settings, build()) for _ in range(2))
    rollback(database, settings)

    assert publish(database, settings, second) == second
    assert rollback(database, settings) == first


def test_rolling_back_takes_less_than_a_second(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())
    publish(database, settings, build())

    started = time.monotonic()
    rollback(database, settings)

    assert time.monotonic() - started < 1
    assert live(database) == first


def test_rolling_back_passes_over_what_is_damaged(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second, _third = (publish(database, settings, build()) for _ in range(3))
    (directory_of(database, settings, second) / VECTORS).unlink()

    assert rollback(database, settings) == first


def test_rolling_back_to_nothing_whole_keeps_the_live_one(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second = (publish(database, settings, build()) for _ in range(2))
    (directory_of(database, settings, first) / INDEX).unlink()

    with pytest.raises(DamagedGeneration, match=r"^index\.faiss"):
        rollback(database, settings)

    assert live(database) == second


def test_rolling_back_without_a_live_generation_is_said(
    database: Engine, settings: Settings
) -> None:
    with pytest.raises(NoGeneration):
        rollback(database, settings)


def test_a_build_at_work_does_not_hinder_a_rollback(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second = (publish(database, settings, build()) for _ in range(2))
    with session_scope(database) as session:
        at_work = GenerationRow(state="building", model_tag="m", directory="at-work")
        session.add(at_work)
    temporary = settings.root / "generations" / f"{TEMPORARY}at-work"
    temporary.mkdir()

    with exclusively(database, "build"):
        assert rollback(database, settings) == first
        assert publish(database, settings, second) == second

    assert temporary.is_dir()  # pruning left it alone
    assert states(database)[at_work.id] == "building"


def test_going_back_does_not_wait_for_a_rehearsal_and_wins(
    database: Engine, settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (publish(database, settings, build()) for _ in range(2))
    third = build()
    rehearse = rehearsal_module.rehearse

    def going_back_meanwhile(*args: Any, **options: Any) -> Any:
        found = rehearse(*args, **options)
        assert rollback(database, settings) == first
        return found

    monkeypatch.setattr(rehearsal_module, "rehearse", going_back_meanwhile)
    with pytest.raises(AlreadyRunning, match=f"generation {second}, and meanwhile {first} went"):
        publish(database, settings, third)

    assert states(database) == {first: "live", second: "retired", third: "verified"}


def test_a_rollback_reads_no_file_but_the_manifest(
    database: Engine, settings: Settings, build: Build
) -> None:
    """So its time does not grow with the index; a rehearsal reads every byte."""
    first, second = (publish(database, settings, build()) for _ in range(2))
    directory = directory_of(database, settings, first)
    for name in FILES:
        (directory / name).write_bytes(bytes((directory / name).stat().st_size))

    assert rollback(database, settings) == first

    publish(database, settings, second)
    with pytest.raises(RehearsalRefused, match="checksums"):
        publish(database, settings, first)


def test_where_a_rollback_leads_is_known_before(
    database: Engine, settings: Settings, build: Build
) -> None:
    with pytest.raises(NoGeneration):
        next_back(database)
    first = publish(database, settings, build())
    assert next_back(database) is None
    publish(database, settings, build())
    assert next_back(database) == first
