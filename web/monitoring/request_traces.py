"""A tracing span for every request, below the caller's span where `traceparent` names one."""

from contextlib import ExitStack

from flask import Flask, Response, g, request

from search.telemetry.tracing import annotate, span


def install(app: Flask) -> None:
    """Trace every request of the application, where tracing is configured."""

    @app.before_request
    def begin() -> None:
        g.traced = ExitStack()
        route = request.url_rule.rule if request.url_rule else "none"
        parent = request.headers.get("traceparent")
        g.traced.enter_context(
            span(
                f"{request.method} {route}",
                carried={"traceparent": parent} if parent else None,
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
