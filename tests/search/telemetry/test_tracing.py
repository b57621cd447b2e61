"""Traces reach a real collector over HTTP; without a collector nothing is recorded."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import SecretStr

from search.errors import WrongSetting
from search.settings import Settings
from search.telemetry import tracing
from search.telemetry.tracing import (
    add_trace_ids,
    annotate,
    configure_tracing,
    end_tracing,
    span,
    trace_headers,
)
from tests.support.servers.trace_collector import Collector, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found
        end_tracing()


def attributes(one: Span) -> dict[str, Any]:
    return {part.key: part.value.int_value or part.value.string_value for part in one.attributes}


def test_spans_reach_the_collector(settings: Settings, collector: Collector) -> None:
    configured = settings.model_copy(update={"otlp_endpoint": SecretStr(collector.endpoint)})
    configure_tracing(configured, "findalike")
    with span("reindex", job_id=7), span("encode"):
        annotate(pictures=64)
        carried = trace_headers()
    with span("encode_batch", carried=carried, job_id=8):  # as another process would
        pass
    end_tracing()

    assert collector.paths == ["/v1/traces"]
    assert collector.services == {"findalike"}
    run, stage, batch = (collector.spans[name] for name in ("reindex", "encode", "encode_batch"))
    assert run.trace_id == stage.trace_id == batch.trace_id
    assert (run.parent_span_id, stage.parent_span_id) == (b"", run.span_id)
    assert batch.parent_span_id == stage.span_id
    assert (attributes(run), attributes(stage)) == ({"job_id": 7}, {"pictures": 64})


def test_a_failure_marks_its_span(settings: Settings, collector: Collector) -> None:
    configure_tracing(
        settings.model_copy(update={"otlp_endpoint": SecretStr(collector.endpoint)}), "findalike"
    )
    with pytest.raises(OSError, match="disk is full"), span("build"):
        raise OSError("disk is full")
    end_tracing()

    assert "disk is full" in collector.spans["build"].status.message


def test_log_lines_name_their_trace(settings: Settings, collector: Collector) -> None:
    endpoint = f"{collector.endpoint}/v1/traces"
    configure_tracing(
        settings.model_copy(update={"otlp_endpoint": SecretStr(endpoint)}), "findalike"
    )
    with span("encode"):
        line = add_trace_ids(None, "info", {"event": "batch_encoded"})
    outside = add_trace_ids(None, "info", {"event": "batch_encoded"})
    end_tracing()

    sent = collector.spans["encode"]
    assert (line["trace_id"], line["span_id"]) == (sent.trace_id.hex(), sent.span_id.hex())
    assert outside == {"event": "batch_encoded"}


def test_without_an_endpoint_nothing_is_traced(settings: Settings) -> None:
    configure_tracing(settings, "findalike")
    with span("encode", job_id=1):
        annotate(pictures=64)
        assert trace_headers() == {}
        assert add_trace_ids(None, "info", {"event": "e"}) == {"event": "e"}


def test_without_an_endpoint_nothing_is_imported() -> None:
    work = (
        "import sys\n"
        "from search.settings import Settings\n"
        "from search.telemetry.tracing import configure_tracing, span, trace_headers\n"
        "configure_tracing(Settings(), 'findalike')\n"
        "with span('encode'):\n"
        "    trace_headers()\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", work], check=False, timeout=60).returncode == 0


def test_a_missing_extra_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "EXPORTER", "opentelemetry_that_is_not_there.exporter")
    configured = settings.model_copy(update={"otlp_endpoint": SecretStr("http://127.0.0.1:4318")})
    with pytest.raises(WrongSetting, match=r"pip install findalike\[tracing\]"):
        configure_tracing(configured, "findalike")
