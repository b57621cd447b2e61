"""Outlines as SVG path text: ellipses, rounded boxes, splines, solids of revolution.

Coordinates are in the drawing's units: a 400 by 400 sheet, y downwards. It knows nothing of paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

Point = tuple[float, float]
Profile = Sequence[tuple[float, float]]
"""(y, radius) pairs from top to bottom."""


def polygon(points: Sequence[Point]) -> str:
    """Return a closed path with straight sides."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def polyline(points: Sequence[Point]) -> str:
    """Return an open path with straight pieces."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def spline(points: Sequence[Point], *, closed: bool = True) -> str:
    """Return a Catmull-Rom curve through the points; a point given twice is a sharp corner."""
    count = len(points)
    text = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for i in range(count if closed else count - 1):
        before = points[(i - 1) % count] if closed else points[max(i - 1, 0)]
        start, end = points[i], points[(i + 1) % count]
        if start == end:
            continue
        after = points[(i + 2) % count] if closed else points[min(i + 2, count - 1)]
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        if before == start:
            first = start
        if after == end:
            second = end
        text.append(
            f"C{first[0]:.1f} {first[1]:.1f} {second[0]:.1f} {second[1]:.1f} "
            f"{end[0]:.1f} {end[1]:.1f}"
        )
    return "".join(text) + ("Z" if closed else "")


def mirrored(right: Sequence[Point], cx: float) -> str:
    """Return a closed outline, symmetric about `cx`, from its right half, top to bottom.

    A point on the axis is smooth; given twice, it is a corner.
    """
    left = [(2 * cx - x, y) for x, y in reversed(right) if x != cx]
    return spline([*right, *left])


def ellipse(cx: float, cy: float, rx: float, ry: float) -> str:
    """Return an ellipse."""
    return (
        f"M{cx - rx:.1f} {cy:.1f}A{rx:.1f} {ry:.1f} 0 0 1 {cx + rx:.1f} {cy:.1f}"
        f"A{rx:.1f} {ry:.1f} 0 0 1 {cx - rx:.1f} {cy:.1f}Z"
    )


def box(x: float, y: float, width: float, height: float, radius: float = 0.0) -> str:
    """Return a rectangle with rounded corners."""
    r = min(radius, width / 2, height / 2)
    if r <= 0:
        return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}Z"
    arc = f"a{r:.1f} {r:.1f} 0 0 1"
    return (
        f"M{x + r:.1f} {y:.1f}h{width - 2 * r:.1f}{arc} {r:.1f} {r:.1f}v{height - 2 * r:.1f}"
        f"{arc} {-r:.1f} {r:.1f}h{-(width - 2 * r):.1f}{arc} {-r:.1f} {-r:.1f}"
        f"v{-(height - 2 * r):.1f}{arc} {r:.1f} {-r:.1f}Z"
    )


def revolved(cx: float, profile: Profile, tilt: float) -> str:
    """Return the silhouette of a solid of revolution seen from `tilt` above.

    Args:
        cx: The axis.
        profile: (y, radius) from top to bottom; a pair given twice is a sharp corner.
        tilt: Height over width of a horizontal circle, 0 (level) to 1 (from above).
    """
    top_y, top_r = profile[0]
    end_y, end_r = profile[-1]
    right = spline([(cx + r, y) for y, r in profile], closed=False)
    left = spline([(cx - r, y) for y, r in reversed(profile)], closed=False)
    # Not a true ellipse: its sides would stick out below a wall that leans inwards.
    low, half = end_y + 1.3 * end_r * tilt, 0.62 * end_r
    bottom = f"C{cx + half:.1f} {low:.1f} {cx - half:.1f} {low:.1f} {cx - end_r:.1f} {end_y:.1f}"
    top = f"A{top_r:.1f} {top_r * tilt:.1f} 0 0 1 {cx + top_r:.1f} {top_y:.1f}"
    return f"{right}{bottom}{left.replace('M', 'L', 1)}{top}Z"


def band(cx: float, y: float, radius: float, height: float, lower: float, tilt: float) -> str:
    """Return a ring around a solid of revolution: a stripe, a rim, a collar."""
    low = y + height
    return (
        f"M{cx - radius:.1f} {y:.1f}A{radius:.1f} {radius * tilt:.1f} 0 0 0 "
        f"{cx + radius:.1f} {y:.1f}L{cx + lower:.1f} {low:.1f}"
        f"A{lower:.1f} {lower * tilt:.1f} 0 0 1 {cx - lower:.1f} {low:.1f}Z"
    )


def star(cx: float, cy: float, outer: float, inner: float, points: int) -> str:
    """Return a star, or a sunburst with many points."""
    corners = []
    for i in range(points * 2):
        radius = inner if i % 2 else outer
        angle = pi * i / points - pi / 2
        corners.append((cx + radius * cos(angle), cy + radius * sin(angle)))
    return polygon(corners)
