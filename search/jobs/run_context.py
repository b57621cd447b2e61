"""Which run the work of a process belongs to: its number in log lines, and its trace.

Messages carry both as headers. A message without these headers is worked on all the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from structlog.contextvars import bound_contextvars, get_contextvars

from search.telemetry.tracing import span, trace_headers

RUN = "findalike_run"
"""The header with the id of the job that a message is part of."""
OWN_HEADERS = (RUN, "traceparent", "tracestate")


def run_headers() -> dict[str, str]:
    """Return the headers of a message that is sent by the present work."""
    run_id = get_contextvars().get("run_id")
    return trace_headers() | ({} if run_id is None else {RUN: str(run_id)})


@contextmanager
def work_of(kind: str, job_id: int) -> Iterator[None]:
    """Trace a block, and name its job in all log lines; the outermost job is the run."""
    run_id = get_contextvars().get("run_id", job_id)
    with (
        bound_contextvars(run_id=run_id, job_id=job_id, job=kind),
        span(kind, job_id=job_id, run_id=run_id),
    ):
        yield


def own_headers(headers: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the headers of a message that `run_headers` gave it."""
    return {name: str(headers[name]) for name in OWN_HEADERS if name in headers} if headers else {}


@contextmanager
def message_of(headers: Mapping[str, str], task: str, job_id: int) -> Iterator[None]:
    """Run a block as a part of the run that sent a message."""
    run_id = int(headers.get(RUN, job_id))
    with (
        bound_contextvars(run_id=run_id, job_id=job_id),
        span(task, carried=headers, job_id=job_id, run_id=run_id),
    ):
        yield
