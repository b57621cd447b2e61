"""`/metrics` for Prometheus: requests by route, search time by step, and gauges of the shop.

Each worker process counts for itself, unless PROMETHEUS_MULTIPROC_DIR names a folder before the
first import (`findalike serve` sets it). Then any worker answers for all.
"""

import time
from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from search.operation.shop_status import Status
from search.results import SearchPage
from web.monitoring.shop_gauges import ShopCollector

blueprint = Blueprint("metrics", __name__)

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset(("GET", "HEAD", "POST", "DELETE", "OPTIONS"))
"""Other methods count as one, so that no client can add metrics without end."""


class Metrics:
    """The counters of one application, in a registry of their own.

    Args:
        status: Reads the status of the shop, at every scrape, in the process that answers.
    """

    def __init__(self, status: Callable[[], Status]) -> None:
        self.registry = CollectorRegistry()
        self._shop = CollectorRegistry()
        self._shop.register(ShopCollector(status))
        self.requests = Counter(
            "findalike_requests", "Requests.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "findalike_request_seconds",
            "Time to answer a request.",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.searches = Counter(
            "findalike_searches", "Answered queries.", ("kind",), registry=self.registry
        )
        self.step_seconds = Histogram(
            "findalike_search_step_seconds",
            "Time of one step of a query.",
            ("step",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.live_generation = Gauge(
            "findalike_live_generation",
            "Id of the generation that answered last.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )

    def observe_search(self, page: SearchPage) -> None:
        """Count one answered query."""
        self.searches.labels(page.kind).inc()
        self.live_generation.set(page.generation_id)
        for step, elapsed_ms in page.timings_ms.items():
            self.step_seconds.labels(step).observe(elapsed_ms / 1000)

    def observe_request(self, response: Response, elapsed_s: float) -> None:
        """Count one request under its route; requests without a route share a name."""
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(method, route, str(response.status_code)).inc()
        self.request_seconds.labels(method, route).observe(elapsed_s)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format, of all workers where they share."""
        requests = self.registry
        if values.ValueClass is not values.MutexValue:
            requests = CollectorRegistry()
            MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
        return generate_latest(requests) + generate_latest(self._shop)


def install(app: Flask) -> None:
    """Time every request of the application."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        elapsed_s = time.perf_counter() - g.get("started", time.perf_counter())
        current_app.extensions["findalike"].metrics.observe_request(response, elapsed_s)
        return response


@blueprint.get("/metrics")
def show() -> Response:
    """Answer a Prometheus scrape. Keep it from the public at the proxy."""
    content = current_app.extensions["findalike"].metrics.exposition()
    return Response(content, content_type=CONTENT_TYPE_LATEST)
