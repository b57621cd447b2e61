"""Log lines: structured, on standard error, each with its process and its trace."""

import io
import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from search.settings import load_settings
from search.telemetry.tracing import add_trace_ids


def configure_logging() -> None:
    """Send structured log lines to standard error, as FINDALIKE_LOG_LEVEL and _FORMAT say."""
    settings = load_settings()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_pid,
            add_trace_ids,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer()
            if settings.log_format == "json"
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Patient(sys.stderr))),
    )


class _Patient(io.TextIOBase):
    """A stream that does without what can't be written: a full disk must not end the work.

    It is the work that fails then and says so in its job, where somebody looks.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write if that is possible."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if that is possible."""
        with suppress(OSError):
            self._stream.flush()


def _add_pid(_logger: object, _method: str, event: Any) -> Any:  # noqa: ANN401  (structlog's)
    """Name the process in a log line: the lines of several workers meet in one file."""
    event.setdefault("pid", os.getpid())
    return event
