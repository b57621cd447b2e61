"""Times of a schedule: the last one, the next one, and across clock changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from search.cron import CronTimes, check_expression, check_zone, parse_zone
from search.errors import WrongSetting
from search.settings import load_settings

NIGHTLY = CronTimes("30 2 * * *", UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_times_around_a_moment() -> None:
    noon = at("2026-03-10T12:00:05")
    assert NIGHTLY.next_after(noon) == at("2026-03-11T02:30")
    assert NIGHTLY.last_until(noon) == at("2026-03-10T02:30")


def test_the_moment_itself_was_due_and_is_not_to_come() -> None:
    due = at("2026-03-10T02:30")
    assert NIGHTLY.last_until(due) == due
    assert NIGHTLY.next_after(due) == at("2026-03-11T02:30")


def test_times_are_those_of_the_zone() -> None:
    lisbon = CronTimes("30 2 * * *", parse_zone("Europe/Lisbon"))
    assert lisbon.next_after(at("2026-07-01T12:00")) == at("2026-07-02T01:30")
    assert lisbon.last_until(at("2026-01-05T12:00")) == at("2026-01-05T02:30")


def test_a_night_without_that_hour_and_one_with_two_have_one_run() -> None:
    """Clocks in Berlin go from 2 to 3 on 29 March 2026, and from 3 back to 2 on 25 October."""
    berlin = CronTimes("30 2 * * *", parse_zone("Europe/Berlin"))
    moment, runs = at("2026-03-28T12:00"), []
    for _ in range(2):
        moment = berlin.next_after(moment)
        runs.append(moment.date())
    assert len(set(runs)) == 2
    moment, runs = at("2026-10-24T12:00"), []
    for _ in range(2):
        moment = berlin.next_after(moment)
        runs.append(moment.date())
    assert len(set(runs)) == 2


@pytest.mark.parametrize(
    "expression", ["", "30 2 * *", "0 30 2 * * *", "61 2 * * *", "nightly", "0 0 31 2 *"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"five fields|half past two"):
        check_expression(expression)


def test_what_is_no_zone_is_refused() -> None:
    assert check_zone("America/Lima") == "America/Lima"
    for name in ("Moon/Crater", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="no time zone"):
            parse_zone(name)


@pytest.mark.parametrize(
    ("variable", "value"), [("SCHEDULE", "at night"), ("TIMEZONE", "Moon/Crater")]
)
def test_a_wrong_setting_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINDALIKE_HOME", str(tmp_path))
    monkeypatch.setenv(f"FINDALIKE_{variable}", value)
    load_settings.cache_clear()
    with pytest.raises(WrongSetting, match=f"FINDALIKE_{variable}.*{value}"):
        load_settings()
