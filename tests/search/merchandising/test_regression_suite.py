"""The regression suite: measures checked by hand, changes between runs, and a real shop's hits."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from search.commands.suite import suite as suite_command
from search.database.connection import session_scope
from search.database.models import SavedDescription, SearchEvent, SuiteRun
from search.engine.search_engine import SearchEngine
from search.errors import UnknownGeneration
from search.merchandising.regression_suite import (
    DescriptionOutcome,
    as_report,
    compare,
    from_report,
    measure,
    totals,
)
from search.merchandising.saved_descriptions import Mark, Saved, add_saved, list_saved, mark
from search.merchandising.suite_runs import engine_for, list_runs, run_and_keep, run_before
from search.settings import Settings, load_settings

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def saved_with(right: list[int], wrong: list[int], retired: tuple[int, ...] = ()) -> Saved:
    marks = [
        Mark(product, f"P{product}", "", product in right, product in retired)
        for product in sorted((*right, *wrong))
    ]
    return Saved(1, "vase", "mia", NOW, tuple(marks))


def answer(*places: int) -> list[list[int]]:
    return [[product] for product in places]


def test_what_is_measured() -> None:
    found = measure(saved_with([3, 30, 99], [5, 77]), answer(1, 2, 3, 5, *range(20, 40)))

    assert (found.right, found.found, found.first, found.missing) == (3, 1, 3, ("P30", "P99"))
    assert (found.wrong, found.shown_wrong, found.unwanted) == (2, 1, ("P5",))
    assert found.reciprocal_rank == pytest.approx(1 / 3)


def test_a_variant_counts_at_the_place_it_shares() -> None:
    assert measure(saved_with([9], []), [[1], [2, 9]]).first == 2


def test_what_left_the_catalogue_counts_nowhere() -> None:
    found = measure(saved_with([1, 2], [3], retired=(2, 3)), answer(1))
    assert (found.right, found.found, found.wrong, found.missing) == (1, 1, 0, ())


def test_nothing_found_and_nothing_right() -> None:
    nothing = measure(saved_with([1], []), [])
    assert (nothing.first, nothing.reciprocal_rank, nothing.missing) == (None, 0, ("P1",))
    only_wrong = measure(saved_with([], [1]), answer(1))
    assert (only_wrong.first, only_wrong.shown_wrong) == (None, 1)
    assert totals([nothing, only_wrong]).mrr == 0  # of the one description with right products


def outcome(found: int = 2, first: int | None = 1, shown_wrong: int = 0) -> DescriptionOutcome:
    return DescriptionOutcome(1, "vase", 3, found, first, 2, shown_wrong, (), (), "same marks")


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (outcome(), "same"),
        (outcome(found=3), "better"),
        (outcome(found=1), "worse"),
        (outcome(first=2), "worse"),
        (outcome(first=None), "worse"),
        (outcome(shown_wrong=1), "worse"),
        (outcome(found=3, shown_wrong=1), "mixed"),
    ],
)
def test_changes(now: DescriptionOutcome, change: str) -> None:
    assert compare(now, outcome()) == change


def test_other_marks_can_not_be_compared() -> None:
    before = measure(saved_with([1], []), answer(1))
    now = measure(saved_with([1, 2], []), answer(1))
    assert compare(now, before) == "marks"
    assert compare(now, None) == "new"


def test_a_report_can_be_read_again() -> None:
    found = [measure(saved_with([1, 7], [2]), answer(2, 1))]
    assert from_report(json.loads(json.dumps(as_report(found)))) == found


@pytest.fixture
def described(engine: SearchEngine) -> Iterator[SearchEngine]:
    """The shop with two descriptions, one of them marked; they are removed afterwards."""
    with session_scope(engine.database) as session:
        plate = add_saved(session, "red plate", actor="mia")
        mark(session, plate, "PLATE-RED", True, actor="mia")
        mark(session, plate, "TRAY-BLACK", False, actor="mia")
        add_saved(session, "nothing is marked here", actor="mia")
    yield engine
    with session_scope(engine.database) as session:
        for table in (SavedDescription, SuiteRun):
            session.execute(delete(table))


def test_a_run_asks_the_engine_and_is_kept(described: SearchEngine) -> None:
    with session_scope(described.database) as session:
        events = session.query(SearchEvent).count()
    run = run_and_keep(described, started_by="mia")

    assert run is not None
    assert [(o.text, o.first, o.found, o.shown_wrong) for o in run.outcomes] == [
        ("red plate", 1, 1, 0)
    ]
    assert run.generation_id == described.generation().id
    with session_scope(described.database) as session:
        assert list_runs(session) == [run]
        assert run_before(session, run) is None
        assert session.query(SearchEvent).count() == events, "staff's searches are no events"


def test_a_run_is_compared_with_the_generation_before(described: SearchEngine) -> None:
    runs = [run_and_keep(described, started_by="mia") for _ in range(3)]
    with session_scope(described.database) as session:
        first = session.get_one(SuiteRun, runs[0].id)  # type: ignore[union-attr]
        first.report = {**first.report, "generation": 0}
    with session_scope(described.database) as session:
        before = run_before(session, runs[2])  # type: ignore[arg-type]
        assert before is not None
        assert (before.id, before.generation_id) == (runs[0].id, 0)  # type: ignore[union-attr]


def test_a_kept_generation_can_be_asked(described: SearchEngine, shop_settings: Settings) -> None:
    other = engine_for(described, shop_settings, described.generation().id)
    assert other.generation().id == described.generation().id
    assert run_and_keep(other, started_by="mia") is not None
    with pytest.raises(UnknownGeneration, match="999"):
        engine_for(described, shop_settings, 999)


def test_without_marks_nothing_runs(engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        assert list_saved(session) == []
    assert run_and_keep(engine, started_by="mia") is None


def test_the_command(
    described: SearchEngine, shop_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINDALIKE_HOME", str(shop_settings.home))
    monkeypatch.setenv(
        "FINDALIKE_DATABASE_URL", shop_settings.as_environment()["FINDALIKE_DATABASE_URL"]
    )
    monkeypatch.setenv("FINDALIKE_DEVICE", "cpu")
    load_settings.cache_clear()
    told = CliRunner().invoke(suite_command, [])
    assert told.exit_code == 0, told.output
    assert "* red plate: 1 of 1 right in the first 10, first at 1" in told.stdout
    generation = str(described.generation().id)
    again = CliRunner().invoke(suite_command, ["--generation", generation, "--json"])
    report = json.loads(again.stdout)
    assert list(report["changes"].values()) == ["same"]
    assert report["run"]["totals"]["mrr"] == 1
