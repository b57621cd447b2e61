"""The blueprint of the JSON API: what holds for all of its views."""

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from web.api.api_access import check_scope

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

FORM_CONTENTS = {"api.search": "a photo", "api.put_product": "pictures"}
"""Views that take forms, and what these contain."""
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@blueprint.before_request
def check_access() -> None:
    """Check the scope of the request. A view that declares no scope answers nobody.

    Raises:
        AccessRefused: a key is wrong, missing or not enough.
    """
    if request.method != "OPTIONS":
        view: object = current_app.view_functions[request.endpoint or ""]
        check_scope(view.scope)  # type: ignore[attr-defined]


@blueprint.before_request
def check_content() -> None:
    """Refuse broken JSON and other bodies; forms may come where they may hold pictures.

    Raises:
        UnsupportedMediaType: another type of body.
        BadRequest: not JSON.
    """
    form = FORM_CONTENTS.get(request.endpoint or "", "")
    if request.method not in ("POST", "PUT") or (form and request.mimetype in FORMS):
        return
    if not request.is_json:
        form = f"multipart/form-data with {form}, or " if form else ""
        raise UnsupportedMediaType(f"Send {form}application/json.")
    request.get_json()


@blueprint.after_request
def add_etag(response: Response) -> Response:
    """Give answers that rarely change an ETag, and answer 304 to clients that have it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if response.status_code == 200 and getattr(view, "has_etag", False):
        response.headers["Cache-Control"] = "no-cache"  # keep it, and ask whether it changed
        response.add_etag()
        response.make_conditional(request)
    return response
