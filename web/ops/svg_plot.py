"""Charts of values over time as points of an SVG, without styles: style sheets colour the classes.

Knows nothing of what is drawn. One axis per chart, and never more than three lines.
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
"""Where an axis of shares begins at the latest."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value."""

    at: datetime
    value: float
    bad: bool = False  # drawn as something that went wrong


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, oldest first."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point where it is drawn, and what it says when pointed at."""

    x: float
    y: float
    told: str
    bad: bool


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
    told: str  # what there is to see, in a sentence
    lines: list[Line]
    grid: list[tuple[float, str]]  # y and what it stands for
    dates: list[tuple[float, str, str]]  # x, what it stands for, where its text is anchored
    columns: list[str]
    rows: list[list[str]]  # newest first


def draw(
    name: str,
    title: str,
    series: Sequence[Series],
    written: Callable[[float], str],
    *,
    shares: bool = False,
) -> Chart | None:
    """Return a chart of some series; None where there is nothing to draw.

    Args:
        name: Letters only; distinguishes charts of one page.
        title: What is drawn, with its unit.
        series: At most three, over the same time.
        written: Writes a value for people.
        shares: The values are shares near 1: the axis ends there, and begins not far below the
            least of them. Otherwise it begins at 0.
    """
    points = [point for one in series for point in one.points]
    if not points:
        return None
    axes = Axes.around(points, shares=shares)
    return Chart(
        name,
        title,
        _told(series, written),
        [_line(one, axes, written) for one in series if one.points],
        [(axes.y(value), written(value)) for value in axes.grid()],
        _dates(axes.first, axes.last, axes.x),
        ["When (UTC)", *(one.name for one in series)],
        _rows(series, written),
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """From moments and values to places in the drawing."""

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
        """Return where a moment is; the middle where there is only one."""
        whole_s = (self.last - self.first).total_seconds()
        share = (moment - self.first).total_seconds() / whole_s if whole_s else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return where a value is."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def grid(self) -> list[float]:
        """Return the values that have a line."""
        lines = round((self.high - self.low) / self.step) + 1
        return [self.low + number * self.step for number in range(lines)]


def _line(one: Series, axes: Axes, written: Callable[[float], str]) -> Line:
    dots = [
        Dot(
            axes.x(point.at),
            axes.y(point.value),
            f"{_day(point.at)}, {one.name}: {written(point.value)}",
            point.bad,
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
    """Return where a whole day stands on the axis."""
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


def _told(series: Sequence[Series], written: Callable[[float], str]) -> str:
    """Say first, last, least and most of each series."""
    parts = []
    for one in series:
        if not one.points:
            continue
        values = [point.value for point in one.points]
        parts.append(
            f"{one.name}: {written(values[-1])} now, {written(values[0])} at first, "
            f"between {written(min(values))} and {written(max(values))}."
        )
    return " ".join(parts)


def _rows(series: Sequence[Series], written: Callable[[float], str]) -> list[list[str]]:
    """Return the numbers by moment, newest first."""
    moments = sorted({point.at for one in series for point in one.points}, reverse=True)
    found = [{point.at: point for point in one.points} for one in series]
    return [
        [_day(moment), *(_cell(points.get(moment), written) for points in found)]
        for moment in moments
    ]


def _cell(point: Point | None, written: Callable[[float], str]) -> str:
    if point is None:
        return "–"
    return f"{written(point.value)}{' (failed)' if point.bad else ''}"
