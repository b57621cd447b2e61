"""Traces: what took how long, as OpenTelemetry spans sent to FINDALIKE_OTLP_ENDPOINT.

Without an endpoint nothing is imported and a span is nothing at all. Spans go out in the
background; a collector that is away costs its spans, never the work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from search.errors import WrongSetting
from search.settings import Settings, show_setting
from search.telemetry.hidden_addresses import hide_address

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

TRACES_PATH = "/v1/traces"
SEND_WITHIN_S = 5.0
"""How long the end of a process waits at most for a collector that does not answer."""
EXPORTER = "opentelemetry.exporter.otlp.proto.http"
LOGGERS = (f"{EXPORTER}.trace_exporter", "urllib3.connectionpool")
"""They name the address in their lines."""
Value = str | int | float | bool


class _Traced:
    """Where spans of this process go; begins with the first one, so in a worker after its fork."""

    def __init__(self, address: str, service: str) -> None:
        self.address, self.service = address, service

    @cached_property
    def provider(self) -> "TracerProvider":
        """What makes spans and sends them in the background."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": self.service}))
        hide_address(self.address, *LOGGERS)
        exporter = OTLPSpanExporter(endpoint=self.address, timeout=SEND_WITHIN_S)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return provider

    @cached_property
    def tracer(self) -> "Tracer":
        """Begins spans."""
        return self.provider.get_tracer("findalike")


_traced: list[_Traced] = []
"""Empty while nothing is traced."""


def configure_tracing(settings: Settings, service: str) -> None:
    """Send spans from now on, if the settings say where.

    Args:
        settings: Where the collector is.
        service: What this process is called in traces, such as `findalike-worker`.

    Raises:
        WrongSetting: an endpoint is set, and the extra `tracing` is not installed.
    """
    end_tracing()
    endpoint = settings.otlp_endpoint
    if endpoint is None:
        return
    if not _installed():
        raise WrongSetting(
            "FINDALIKE_OTLP_ENDPOINT",
            show_setting(endpoint),
            "tracing is not installed; run `pip install findalike[tracing]`, or unset it",
        )
    address = endpoint.get_secret_value().rstrip("/")
    address += "" if address.endswith(TRACES_PATH) else TRACES_PATH
    _traced.append(_Traced(address, service))


def _installed() -> bool:
    try:
        return find_spec(EXPORTER) is not None
    except ModuleNotFoundError:  # not even its parent is there
        return False


def end_tracing() -> None:
    """Send what is left, and trace no more. The end of a process does so by itself."""
    while _traced:
        ended = _traced.pop()
        if "provider" in vars(ended):
            ended.provider.shutdown()


@contextmanager
def span(
    name: str, *, carried: Mapping[str, str] | None = None, **attributes: Value
) -> Iterator[None]:
    """Trace a block; an exception that leaves it marks the span as failed.

    Args:
        name: What is done, the same for all blocks of the kind.
        carried: From `trace_headers` of the process that asked for this; the span is then part
            of that one's trace.
        attributes: What tells this block from others.
    """
    if not _traced:
        yield
        return
    from opentelemetry.propagate import extract

    context = extract(dict(carried)) if carried else None
    with _traced[0].tracer.start_as_current_span(name, context=context, attributes=attributes):
        yield


def annotate(**attributes: Value) -> None:
    """Add what is known only now to the present span."""
    if _traced:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(attributes)


def trace_headers() -> dict[str, str]:
    """Return what another process needs to go on with the present trace; empty without one."""
    headers: dict[str, str] = {}
    if _traced:
        from opentelemetry.propagate import inject

        inject(headers)
    return headers


def add_trace_ids(_logger: object, _method: str, event: Any) -> Any:  # noqa: ANN401  (structlog's)
    """Name the present trace and span in a log line: a processor of structlog."""
    if _traced:
        from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

        present = get_current_span().get_span_context()
        if present.is_valid:
            event["trace_id"] = format_trace_id(present.trace_id)
            event["span_id"] = format_span_id(present.span_id)
    return event
