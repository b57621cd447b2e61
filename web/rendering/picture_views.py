"""Views of pictures: those of products, reduced for pages, and shoppers' own photos."""

from flask import Blueprint, Response, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from search.catalogue.product_cards import picture_sha256
from search.database.connection import answer_from
from search.pictures.thumbnails import SIDES
from web.state import state

blueprint = Blueprint("pictures", __name__)

MAX_AGE_S = 24 * 3600


@blueprint.get("/pictures/<int(max=9223372036854775807):image_id>")
def picture(image_id: int) -> ResponseReturnValue:
    """Answer with the rendition of a product picture.

    The content hash is the ETag. So a browser notices at its next check that the picture of an id
    changed, and one that did not change is not sent again.
    """
    sha256 = _sha256(image_id)
    path = state().pictures.path(sha256) if sha256 else None
    if path is None:
        raise NotFound("There is no such picture.")
    response = send_file(path, mimetype="image/jpeg", etag=sha256 or False, max_age=MAX_AGE_S)
    return _cached(response, f"public, max-age={MAX_AGE_S}")


@blueprint.get("/pictures/<int(max=9223372036854775807):image_id>/<int:side>.webp")
def thumbnail(image_id: int, side: int) -> ResponseReturnValue:
    """Answer with a product picture whose longest side is one of `SIDES`.

    Content hash and side are the ETag, so a picture that the browser has is not even opened.
    """
    sha256 = _sha256(image_id)
    etag = f"{sha256}-{side}"
    if sha256 and side in SIDES and request.if_none_match.contains_weak(etag):
        response = Response(status=304)
        response.set_etag(etag)
    else:
        path = state().thumbnails.path(sha256, side) if sha256 else None
        if path is None:
            raise NotFound("There is no such picture.")
        response = send_file(path, mimetype="image/webp", etag=etag, max_age=MAX_AGE_S)
    return _cached(response, f"public, max-age={MAX_AGE_S}")


def _sha256(image_id: int) -> str | None:
    """Return the content hash of a usable picture."""
    return answer_from(state().engine.database, lambda session: picture_sha256(session, image_id))


@blueprint.app_template_filter()
def srcset(image_id: int) -> str:
    """Return the `srcset` of a product picture: the sizes that a browser may choose from."""
    return ", ".join(
        f"{url_for('pictures.thumbnail', image_id=image_id, side=side)} {side}w" for side in SIDES
    )


@blueprint.get("/uploads/<token>.jpg")
def upload(token: str) -> ResponseReturnValue:
    """Answer with a shopper's photo, to whoever knows its token."""
    path = state().uploads.path(token)
    if path is None:
        raise NotFound("This photo is no longer kept.")
    response = send_file(path, mimetype="image/jpeg", etag=token, max_age=MAX_AGE_S)
    return _cached(response, f"private, max-age={MAX_AGE_S}, immutable")


def _cached(response: Response, control: str) -> Response:
    """Let browsers keep the answer; other sites may not show it."""
    response.headers["Cache-Control"] = control
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
