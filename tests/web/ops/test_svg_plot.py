"""Charts: round axis values, points in the right place, numbers for those who can't see them."""

from datetime import UTC, datetime, timedelta

import pytest

from web.ops.svg_plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Point, Series, draw, scale

FIRST = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


def series(*values: float, name: str = "recall") -> Series:
    points = [Point(FIRST + timedelta(days=day), value) for day, value in enumerate(values)]
    return Series(name, points)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 97, (0, 100, 25)),
        (0, 0.8, (0, 0.8, 0.2)),
        (0, 0, (0, 1, 0.25)),
        (0, 1200, (0, 1500, 500)),
    ],
)
def test_axes_are_round(low: float, high: float, expected: tuple[float, float, float]) -> None:
    assert scale(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("values", [(0.97, 0.99), (1.0, 1.0), (3e9, 8e9), (0.001, 0.0011)])
def test_every_value_is_within_the_axis(values: tuple[float, float]) -> None:
    low, high, step = scale(*values)
    assert low <= values[0] <= values[1] <= high
    assert step > 0


def test_points_are_where_they_belong() -> None:
    chart = draw("recall", "Recall", [series(0.0, 50.0, 100.0)], str)
    assert chart is not None
    dots = chart.lines[0].dots
    assert (dots[0].x, dots[0].y) == (LEFT, HEIGHT - BOTTOM)
    assert (dots[2].x, dots[2].y) == (WIDTH - RIGHT, TOP)
    assert dots[1].x == (LEFT + WIDTH - RIGHT) / 2
    assert chart.lines[0].path.split()[0] == f"{float(LEFT)},{float(HEIGHT - BOTTOM)}"
    assert dots[1].label == "2026-03-02 02:30, recall: 50.0"


def test_the_numbers_are_told_newest_first() -> None:
    late = Series("texts", [Point(FIRST + timedelta(days=1), 7.0, failed=True)])
    chart = draw("recall", "Recall", [series(1.0, 2.0, name="photos"), late], str)
    assert chart is not None
    assert chart.columns == ["When (UTC)", "photos", "texts"]
    assert chart.rows == [
        ["2026-03-02 02:30", "2.0", "7.0 (failed)"],
        ["2026-03-01 02:30", "1.0", "–"],
    ]
    assert "photos: 2.0 now, 1.0 at first, between 1.0 and 2.0." in chart.description


def test_one_point_stands_in_the_middle_and_none_is_no_chart() -> None:
    chart = draw("recall", "Recall", [series(5.0)], str)
    assert chart is not None
    assert LEFT < chart.lines[0].dots[0].x < WIDTH - RIGHT
    assert len(chart.dates) == 1
    assert draw("recall", "Recall", [series()], str) is None
