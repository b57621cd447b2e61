"""Photos that found nothing, kept for the shop's staff where the shopper agreed."""

from flask import request

from search.database.connection import session_scope
from search.traffic.no_result_photos import AskedPhotos, attach_photo
from web.api.api_access import OPEN
from web.api.blueprint import blueprint
from web.api.consent import check_consent
from web.api.documentation.openapi_document import operation
from web.api.response_models import KeptView
from web.request.fields import KeepFields
from web.state import state

EXAMPLES = {"application/json": {"event_id": 4711, "photo": "0123456789abcdef0123456789abcdef"}}


@blueprint.post("/photos")
@operation(
    "keepPhoto",
    KeptView,
    *(400, 403, 404, 415),
    tag="clicks",
    scope=OPEN,
    examples=EXAMPLES,
)
def keep_photo(json: KeepFields) -> KeptView:
    """Keep the photo of a search that found nothing, where the shopper agreed to that.

    The cookie `photos=yes` means yes; `DNT: 1` and `Sec-GPC: 1` mean no, whatever the cookie. The
    photo is kept as long as the search, small and without metadata, and only staff see it.
    """
    check_consent(request, "photos")
    photos = AskedPhotos(state().settings.root)
    name = photos.keep(state().uploads.load(json.photo))
    kept = False
    try:
        with session_scope(state().engine.database) as session:
            kept = attach_photo(session, json.event_id, name)
    finally:
        if not kept:
            photos.remove(name)
    return KeptView(kept=kept)
