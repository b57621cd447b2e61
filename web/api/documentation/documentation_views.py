"""The API's description: as an OpenAPI document for programs, as a page for people."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from web.api.api_access import OPEN
from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import describe
from web.api.documentation.reference_page import read_reference
from web.state import state


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """Return this API's description."""
    return describe(anonymous=state().settings.api_anonymous)


@blueprint.get("/docs")
def reference() -> ResponseReturnValue:
    """Show this API's description."""
    settings = state().settings
    return render_template(
        "api/reference.html",
        reference=read_reference(
            describe(anonymous=settings.api_anonymous), request.host_url.rstrip("/")
        ),
        settings=settings,
    )


for view, has_etag in ((openapi, True), (reference, False)):
    view.scope, view.has_etag = OPEN, has_etag  # type: ignore[attr-defined]
