"""Searches: by photo, by words, by both, or by a product."""

from typing import Any

from flask import Response, url_for

from web.api.api_access import OPEN
from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import operation
from web.api.heat_pictures import heat_picture
from web.api.list_paging import link_header, query_of, with_links
from web.api.product_views import SKU_PATH
from web.api.response_models import ResultsView
from web.request.fields import FormSearch, HeatFields, JsonSearch, PagedFields
from web.request.query_parsing import parse_search
from web.request.searches import search as find
from web.request.searches import search_similar

ResultsAnswer = tuple[ResultsView, int, dict[str, str]]

EXAMPLES: dict[str, Any] = {
    "application/json": {"text": "red striped mug", "max_price": 20, "in_stock": True, "k": 5},
    "multipart/form-data": {"photo": "@lamp.jpg", "k": 5},
}


@blueprint.post("/search")
@operation(
    "search",
    ResultsView,
    *(400, 413, 415),
    tag="search",
    scope="search",
    headers=("Link",),
    examples=EXAMPLES,
)
def search(json: JsonSearch, form: FormSearch) -> ResultsAnswer:
    """Find products by photo, by text, or by both.

    Send a form with the photo, or JSON for words alone. With a photo, words say what to change.
    Filters narrow the search itself, so a narrow filter still fills the page. With `keep` the photo
    is kept for a day, and `Link` and the answer's `photo` name it, so that further pages and other
    boxes need no second upload.
    """
    fields: JsonSearch | FormSearch = form or json
    query, token = parse_search(fields)
    sent_once = isinstance(fields, FormSearch) and fields.photo is not None and token is None
    return _answer(fields, ResultsView.of(find(query), photo=token, box=fields.box), sent_once)


@blueprint.get("/search")
@operation("searchByAddress", ResultsView, 400, tag="search", scope="search", headers=("Link",))
def search_by_address(query: JsonSearch) -> ResultsAnswer:
    """Find products by words or by a photo that was kept, with everything in the address.

    What `Link` leads to; a search that can be shared and asked again.
    """
    asked, token = parse_search(query)
    return _answer(query, ResultsView.of(find(asked), photo=token, box=query.box))


@blueprint.get("/products/<path:sku>/similar")
@operation(
    "similar",
    ResultsView,
    *(400, 404),
    tag="products",
    scope="search",
    path=SKU_PATH,
    headers=("Link",),
)
def similar(sku: str, query: PagedFields) -> ResultsAnswer:
    """Return products that look like this one, without itself and, folded, its variants."""
    return with_links(ResultsView.of(search_similar(sku, query)), query)


@blueprint.get("/heat")
@operation("heat", None, 400, 404, 409, tag="search", scope=OPEN, media="image/png")
def heat(query: HeatFields) -> Response:
    """Show where the photo and a product's picture agree.

    A PNG of at most 480 px a side: what agrees glows, the more the brighter. It shows the product's
    picture, or with `side=photo` the photo, or the part of it that `box` names.
    """
    return heat_picture(query)


def _answer(
    fields: JsonSearch | FormSearch, view: ResultsView, sent_once: bool = False
) -> ResultsAnswer:
    """Return a page of hits with the addresses of the other pages, where addresses can have them.

    Args:
        fields: Of the request.
        view: The page.
        sent_once: The photo is not kept, so no address can name it.
    """
    query = query_of(fields, photo=view.photo)
    path = url_for("api.search_by_address")
    links = {} if sent_once else link_header(path, query, page=view.page, pages=view.pages)
    return view, 200, links
