"""The progress bar also records progress, for pages and other processes."""

from typing import Any

import pytest

from search.jobs.progress_bar import recording, track


class Notes:
    """Records everything."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def __call__(self, done: int, total: int | None, *, unit: str, step: str | None) -> None:
        """Record one report."""
        self.taken.append({"done": done, "total": total, "unit": unit, "step": step})


def test_the_last_state_is_recorded_however_quick_the_work() -> None:
    notes = Notes()
    with recording(notes), track("Reading", 500, quiet=True, unit="rows") as bar:
        for done in range(501):
            bar.update(done)

    assert len(notes.taken) <= 3  # at the start, at the end, once a second at most
    assert notes.taken[-1] == {"done": 500, "total": 500, "unit": "rows", "step": None}


def test_steps_are_recorded_as_they_begin() -> None:
    notes = Notes()
    with recording(notes), track("Building", quiet=True) as bar:
        bar.describe("Training")
        bar.describe("Measuring")

    assert [note["step"] for note in notes.taken] == ["Training", "Measuring", "Measuring"]


def test_nothing_is_recorded_outside(capsys: pytest.CaptureFixture[str]) -> None:
    notes = Notes()
    with recording(notes):
        pass
    with track("Reading", 3) as bar:
        bar.update(3)

    assert notes.taken == []
    assert "Reading: 3 of 3" in capsys.readouterr().err
