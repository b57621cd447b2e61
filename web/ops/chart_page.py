"""Charts of recall, latency, size and duration over time."""

from collections.abc import Callable, Iterator

from flask import render_template
from flask.typing import ResponseReturnValue

from search.operation.readable_units import size, span
from search.operation.run_history import History, MeasuredBuild
from web.ops.blueprint import blueprint
from web.ops.svg_plot import Chart, Point, Series, draw, midnight
from web.rendering.value_formats import count
from web.state import state


@blueprint.get("/charts")
def charts() -> ResponseReturnValue:
    """Show all charts."""
    history = state().watch.history()
    drawn = [chart for chart in all_charts(history) if chart is not None]
    return render_template("ops/charts.html", charts=drawn, history=history)


def all_charts(history: History) -> Iterator[Chart | None]:
    """Yield the charts of a history; None for a chart that has nothing to show."""
    yield draw(
        "recall",
        "Recall at 10 of each build, against exact search",
        [
            _builds(history, "photos", lambda build: build.recall_at_10_photo),
            _builds(history, "texts", lambda build: build.recall_at_10_text),
        ],
        lambda share: f"{100 * share:.2f} %",
        shares=True,
    )
    yield from _times(history)
    yield from _sizes(history)


def _times(history: History) -> Iterator[Chart | None]:
    """Yield charts of how long searches and runs of reindex took."""
    yield draw(
        "searches",
        "Time to answer a search, by day",
        [
            Series("half within", [Point(midnight(d.day), d.p50_ms) for d in history.days]),
            Series("95 % within", [Point(midnight(d.day), d.p95_ms) for d in history.days]),
        ],
        _milliseconds,
    )
    yield draw(
        "index",
        "Time in the index alone, as each build measured it",
        [
            _builds(history, "half within", lambda build: build.p50_ms),
            _builds(history, "95 % within", lambda build: build.p95_ms),
        ],
        _milliseconds,
    )
    nights = [Point(night.at, night.elapsed_s, night.state == "failed") for night in history.nights]
    yield draw("duration", "Duration of reindex", [Series("reindex", nights)], span)


def _sizes(history: History) -> Iterator[Chart | None]:
    """Yield charts of how much there is to search."""
    yield draw(
        "products",
        "Products and vectors in the index",
        [
            _builds(history, "products", lambda build: build.products),
            _builds(history, "vectors", lambda build: build.vectors),
        ],
        lambda number: count(round(number)),
    )
    yield draw(
        "bytes",
        "Size of the index on disk",
        [_builds(history, "files", lambda build: build.stored_bytes)],
        size,
    )


def _builds(history: History, name: str, value: Callable[[MeasuredBuild], float]) -> Series:
    return Series(name, [Point(build.at, value(build)) for build in history.builds])


def _milliseconds(number: float) -> str:
    return f"{number:.2f} ms" if 0 < number < 10 else f"{number:,.0f} ms"
