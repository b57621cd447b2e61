"""Charts of values over time, as coordinates for an SVG that style sheets colour.

A chart has one axis and three lines at most. This module does not know what the values mean.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self

WIDTH, HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 70, 8, 10, 28
STEPS = (1, 2, 2.5, 5, 10)
GRID_LINES = 4
DATES = 4
NEAR_ONE = 0.9
"""The highest start of an axis of shares."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value."""

    at: datetime
    value: float
    failed: bool = False  # drawn as a failure


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, oldest first."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point as it is drawn."""

    x: float
    y: float
    label: str  # shown when pointed at
    failed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One series as it is drawn."""

    name: str
    path: str  # of a polyline
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing: lines, grid, dates; and the numbers as a table."""

    name: str
    title: str
    description: str  # what there is to see, in words
    lines: list[Line]
    grid: list[tuple[float, str]]  # y and its value as text
    dates: list[tuple[float, str, str]]  # x, its date as text, the anchor of the text
    columns: list[str]
    rows: list[list[str]]  # newest first


def draw(
    name: str,
    title: str,
    series: Sequence[Series],
    as_text: Callable[[float], str],
    *,
    shares: bool = False,
) -> Chart | None:
    """Return a chart of some series; None where there is nothing to draw.

    Args:
        name: Letters only; unique on its page.
        title: What is drawn, with its unit.
        series: At most three, over the same time.
        as_text: Turns a value into text for people.
        shares: The values are shares near 1. The axis then ends at 1, and starts a little below the
            least value; otherwise it starts at 0.
    """
    points = [point for one in series for point in one.points]
    if not points:
        return None
    axes = Axes.around(points, shares=shares)
    return Chart(
        name,
        title,
        _description(series, as_text),
        [_line(one, axes, as_text) for one in series if one.points],
        [(axes.y(value), as_text(value)) for value in axes.grid()],
        _dates(axes.first, axes.last, axes.x),
        ["When (UTC)", *(one.name for one in series)],
        _rows(series, as_text),
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """Converts moments and values to places in the drawing."""

    first: datetime
    last: datetime
    low: float
    high: float
    step: float

    @classmethod
    def around(cls, points: Sequence[Point], *, shares: bool) -> Self:
        """Return axes that hold all points."""
        moments, values = [one.at for one in points], [one.value for one in points]
        ends = (min(*values, NEAR_ONE), 1.0) if shares else (0.0, max(values))
        low, high, step = scale(*ends)
        return cls(min(moments), max(moments), low, high, step)

    def x(self, moment: datetime) -> float:
        """Return the x of a moment; the middle where there is only one."""
        whole_s = (self.last - self.first).total_seconds()
        share = (moment - self.first).total_seconds() / whole_s if whole_s else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return the y of a value."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def grid(self) -> list[float]:
        """Return the values of grid lines."""
        lines = round((self.high - self.low) / self.step) + 1
        return [self.low + number * self.step for number in range(lines)]


def _line(one: Series, axes: Axes, as_text: Callable[[float], str]) -> Line:
    dots = [
        Dot(
            axes.x(point.at),
            axes.y(point.value),
            f"{_day(point.at)}, {one.name}: {as_text(point.value)}",
            point.failed,
        )
        for point in one.points
    ]
    return Line(one.name, " ".join(f"{dot.x},{dot.y}" for dot in dots), dots)


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Return round ends of an axis that holds both values, and the step between its lines."""
    if high <= low:
        high = low + (abs(low) * 0.1 or 1.0)
    rough = (high - low) / GRID_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in STEPS if power * part >= rough * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step, step


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


def _day(moment: datetime) -> str:
    if (moment.hour, moment.minute) == (0, 0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _dates(
    first: datetime, last: datetime, x: Callable[[datetime], float]
) -> list[tuple[float, str, str]]:
    """Return the dates below the axis, the first and the last among them."""
    if first == last:
        return [(x(first), f"{first.astimezone(UTC):%d %b}", "middle")]
    by_day = (last - first).days >= DATES
    form, dates = ("%d %b", DATES) if by_day else ("%d %b %H:%M", DATES - 1)  # as many as fit
    moments = [first + number * (last - first) / (dates - 1) for number in range(dates)]
    anchors = ["start", *["middle"] * (dates - 2), "end"]
    return [
        (x(moment), f"{moment.astimezone(UTC):{form}}", anchor)
        for moment, anchor in zip(moments, anchors, strict=True)
    ]


def _description(series: Sequence[Series], as_text: Callable[[float], str]) -> str:
    """Return the last, first, least and greatest value of each series, in words."""
    parts = []
    for one in series:
        if not one.points:
            continue
        values = [point.value for point in one.points]
        parts.append(
            f"{one.name}: {as_text(values[-1])} now, {as_text(values[0])} at first, "
            f"between {as_text(min(values))} and {as_text(max(values))}."
        )
    return " ".join(parts)


def _rows(series: Sequence[Series], as_text: Callable[[float], str]) -> list[list[str]]:
    """Return the numbers by moment, newest first."""
    moments = sorted({point.at for one in series for point in one.points}, reverse=True)
    found = [{point.at: point for point in one.points} for one in series]
    return [
        [_day(moment), *(_cell(points.get(moment), as_text) for points in found)]
        for moment in moments
    ]


def _cell(point: Point | None, as_text: Callable[[float], str]) -> str:
    if point is None:
        return "–"
    return f"{as_text(point.value)}{' (failed)' if point.failed else ''}"
