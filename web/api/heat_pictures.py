"""Heat maps of hits as pictures that browsers may keep."""

import hashlib
from io import BytesIO

from flask import Response, request
from PIL import Image
from werkzeug.exceptions import NotFound

from search.catalogue.product_cards import picture_sha256
from search.database.connection import session_scope
from search.engine.heat_map import agreement_maps, draw_heat
from web.rendering.picture_views import MAX_AGE_S
from web.request.fields import HeatFields
from web.request.query_parsing import parse_box
from web.state import engine, state


def heat_picture(fields: HeatFields) -> Response:
    """Answer with a PNG, or with 304 where the browser has it.

    Raises:
        NotFound: the photo is no longer kept, or there is no such picture.
        UnusableQuery: `box` is not a box.
        UnknownPicture: the live index does not hold the picture.
        NoLocalFeatures: it holds nothing to compare.
    """
    box = parse_box(fields.box)
    if state().uploads.path(fields.photo) is None:
        raise NotFound("This photo is no longer kept. Search with it again.")
    with session_scope(state().engine.database) as session:
        sha256 = picture_sha256(session, fields.image_id)
    rendition = state().pictures.path(sha256) if sha256 else None
    if rendition is None:
        raise NotFound("There is no such picture.")
    served = engine().answering()
    # All that the answer depends on: equal values give an equal picture, without drawing it.
    made_of = (fields.model_dump_json(), sha256, served.generation.manifest.model_tag)
    etag = hashlib.sha256("\n".join(map(str, made_of)).encode()).hexdigest()[:32]
    response = Response(mimetype="image/png")
    response.set_etag(etag)
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_S}"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.if_none_match.contains(etag):
        response.status_code = 304
        return response
    photo = state().uploads.load(fields.photo)
    if box is not None:
        photo = box.crop(photo)
    in_photo, in_product = agreement_maps(
        served.generation, served.composer.describer, photo, fields.image_id
    )
    if fields.side == "photo":
        drawn = draw_heat(photo, in_photo, served.encoder.visible(photo.size))
    else:
        with Image.open(rendition) as picture:
            drawn = draw_heat(picture, in_product, served.encoder.visible(picture.size))
    content = BytesIO()
    drawn.save(content, "PNG")
    response.set_data(content.getvalue())
    return response
