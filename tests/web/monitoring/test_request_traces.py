"""A search is one trace: the request, and below it the steps of the query."""

from flask.testing import FlaskClient
from pydantic import SecretStr

from search.settings import Settings
from search.telemetry.tracing import configure_tracing, end_tracing
from tests.support.servers.trace_collector import collecting

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_search_goes_on_with_the_callers_trace(client: FlaskClient, settings: Settings) -> None:
    with collecting() as collector:
        configure_tracing(
            settings.model_copy(update={"otlp_endpoint": SecretStr(collector.endpoint)}),
            "findalike-web",
        )
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert client.get("/search?text=red+plate", headers=headers).status_code == 200
        assert client.get("/nothing").status_code == 404
        end_tracing()

    request = collector.spans["GET /search"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    told = {one.key: one.value for one in request.attributes}
    assert told["http.response.status_code"].int_value == 200
    steps = [one for name, one in collector.spans.items() if name.startswith("search.")]
    assert len(steps) >= 3
    assert {one.trace_id for one in steps} == {request.trace_id}
    assert collector.spans["GET none"].trace_id != request.trace_id
