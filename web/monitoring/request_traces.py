"""Every request as a span, part of the trace of whoever asks where a `traceparent` says so."""

from contextlib import ExitStack

from flask import Flask, Response, g, request

from search.telemetry.tracing import annotate, span


def install(app: Flask) -> None:
    """Trace every request of the application; nothing is done where nothing is traced."""

    @app.before_request
    def begin() -> None:
        g.traced = ExitStack()
        route = request.url_rule.rule if request.url_rule else "none"
        carried = {"traceparent": told} if (told := request.headers.get("traceparent")) else None
        g.traced.enter_context(
            span(
                f"{request.method} {route}",
                carried=carried,
                **{"http.request.method": request.method, "http.route": route},
            )
        )

    @app.after_request
    def note(response: Response) -> Response:
        annotate(**{"http.response.status_code": response.status_code})
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "traced" in g:
            g.pop("traced").close()
