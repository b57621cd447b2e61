"""The JSON API under /api/v1."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import UnsupportedMediaType

from search.clicks import record_click
from search.db import session_scope
from web.api.answers import ClickView, ProductView, ResultsView
from web.api.consent import check_consent
from web.api.heat import heat_picture
from web.api.specification import answers, specification
from web.parsing import parse_filters, parse_search
from web.schemas import ClickFields, FormSearch, HeatFields, JsonSearch, PagedFields
from web.state import search as ask
from web.state import similar as ask_similar
from web.state import state

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
SKU = {"sku": "The shop's key of the product."}


@blueprint.before_request
def check_content() -> None:
    """Refuse bodies that are no JSON, nor a form where a photo may come, and broken JSON.

    Raises:
        UnsupportedMediaType: another type of body.
        BadRequest: not JSON.
    """
    searches = request.endpoint == "api.search"
    if request.method != "POST" or (searches and request.mimetype in FORMS):
        return
    if not request.is_json:
        form = "multipart/form-data with a photo, or " if searches else ""
        raise UnsupportedMediaType(f"Send {form}application/json.")
    request.get_json()


@blueprint.post("/search")
@specification.validate(
    resp=answers(ResultsView, 400, 413, 415), tags=["search"], operation_id="search"
)
def search(json: JsonSearch, form: FormSearch) -> ResultsView:
    """Find products by photo, by text, or by both.

    Send a form with the photo, or JSON for words alone. Filters narrow the search itself, so a
    narrow filter still fills the page.
    """
    query, token = parse_search(form or json)
    return ResultsView.of(ask(query), photo=token, box=(form or json).box)


@blueprint.get("/products/<path:sku>")
@specification.validate(
    resp=answers(ProductView, 404),
    tags=["products"],
    operation_id="product",
    path_parameter_descriptions=SKU,
)
def product(sku: str) -> ProductView:
    """Return one product."""
    return ProductView.of(state().engine.product(sku))


@blueprint.get("/products/<path:sku>/similar")
@specification.validate(
    resp=answers(ResultsView, 400, 404),
    tags=["products"],
    operation_id="similar",
    path_parameter_descriptions=SKU,
)
def similar(sku: str, query: PagedFields) -> ResultsView:
    """Return products that look like this one, without itself and, folded, its variants."""
    found = ask_similar(
        sku,
        parse_filters(query),
        k=query.k,
        page=query.page,
        fold=query.fold,
        sort=query.sort,
    )
    return ResultsView.of(found)


@blueprint.get("/heat")
@specification.validate(resp=answers(None, 400, 404, 409), tags=["search"], operation_id="heat")
def heat(query: HeatFields) -> Response:
    """Show where the photo and a product's picture agree.

    A PNG of at most 480 px a side: what agrees glows, the more the brighter. It shows the product's
    picture, or with `side=photo` the photo, or the part of it that `box` names.
    """
    return heat_picture(query)


@blueprint.post("/clicks")
@specification.validate(
    resp=answers(ClickView, 400, 403, 404, 409, 415), tags=["clicks"], operation_id="click"
)
def click(json: ClickFields) -> ClickView:
    """Record that a shown product was opened, where the shopper agreed to that.

    The cookie `clicks=yes` says so; `DNT: 1` and `Sec-GPC: 1` say no, whatever the cookie. Kept
    are the answer, the product and its rank: no person, no address.
    """
    check_consent(request)
    with session_scope(state().engine.database) as session:
        recorded = record_click(session, json.event_id, json.sku, json.rank)
    return ClickView(recorded=recorded)


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """Return this API's description."""
    return dict(specification.spec)
