"""The pages that shoppers see. They work without JavaScript, which only makes them quicker.

A search changes nothing that anyone else sees. So its form carries no token against forged
requests: a forged one would show the victim a page of results, and nothing more.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image
from werkzeug.datastructures import MultiDict

from search.errors import NoGeneration, UnusablePicture, UnusableQuery
from search.results import ProductCard, SearchHit, SearchPage
from web.errors import problem_of
from web.photos.upload_store import KeptPhoto
from web.request.fields import PagedFields
from web.request.query_parsing import PageFields, parse_fields, parse_panel, parse_query
from web.request.searches import search as find
from web.request.searches import search_similar
from web.shop.filter_column import chips, choice_groups
from web.shop.photo_parts import photo_parts
from web.shop.recent_searches import recent_product, recent_search
from web.shop.result_addresses import Address
from web.state import engine, state

blueprint = Blueprint("pages", __name__)

SIMILAR_SHOWN = 12


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the search panel."""
    return render_template("shop/home.html", ready=_is_ready())


@blueprint.get("/search")
def search() -> ResponseReturnValue:
    """Show products that look like the photo or fit the words."""
    fields = parse_fields(PageFields, request.args)
    if not fields.photo and not fields.text.strip():
        return redirect(url_for("pages.home"), 303)
    elsewhere = engine().redirect(fields.text, with_photo=bool(fields.photo))
    return _search(fields) if elsewhere is None else redirect(elsewhere, 303)


@blueprint.post("/search")
def panel() -> ResponseReturnValue:
    """Take the search panel's form and send the browser to the address of its results.

    A shop may send these words to another site. Browsers let no form end there (`form-action` of
    the content security policy), so a page leads on. Whoever prefers the results themselves
    (RFC 7240) gets them at once, with their address.
    """
    asked = parse_panel()
    given = dict(asked.fields)
    text = given.get("text", "")
    elsewhere = engine().redirect(text, with_photo="photo" in given)
    if elsewhere is not None and not elsewhere.startswith("/"):
        return render_template("shop/redirect.html", text=text, address=elsewhere)
    address = elsewhere or str(Address(url_for("pages.search"), asked.fields))
    if elsewhere or "return=representation" not in request.headers.get("Prefer", ""):
        return redirect(address, 303)
    headers = {"Content-Location": address, "Preference-Applied": "return=representation"}
    return _search(parse_fields(PageFields, MultiDict(asked.fields)), asked.sent), headers


@blueprint.get("/products/<path:sku>")
def product(sku: str) -> ResponseReturnValue:
    """Show one product, its variants, and others that look like it."""
    card = engine().product(sku)
    try:
        similar_hits = search_similar(sku, PagedFields(k=SIMILAR_SHOWN)).hits
        variants = engine().variants(card)
    except NoGeneration:  # the product can be shown all the same
        similar_hits = variants = ()
    return render_template(
        "shop/product.html",
        product=card,
        as_hit=_as_hit(sku),
        variants=variants,
        similar_hits=similar_hits,
        recent=recent_product(card),
    )


@blueprint.get("/products/<path:sku>/similar")
def similar(sku: str) -> ResponseReturnValue:
    """Show products that look like this one, with filters."""
    fields = parse_fields(PageFields, request.args)
    card = engine().product(sku)
    found = search_similar(sku, fields)
    return _show_results(found, fields, url_for("pages.similar", sku=sku), seed=card)


@blueprint.errorhandler(UnusablePicture)
@blueprint.errorhandler(UnusableQuery)
def ask_again(error: UnusablePicture | UnusableQuery) -> ResponseReturnValue:
    """Show the search panel again, with what was wrong."""
    problem = problem_of(error, on_page=True)
    again = {name: request.form.get(name, "")[:2000] for name in ("text", "photo_url")}
    page = render_template("shop/home.html", ready=True, problem=problem, **again)
    return page, problem.status


def _as_hit(sku: str) -> SearchHit | None:
    """Return the product as a hit of the search that led to it; None where none did.

    The search stands in the page's address.
    """
    fields = parse_fields(PageFields, request.args)
    if not fields.photo and not fields.text.strip():
        return None
    try:
        return engine().explain(sku, parse_query(fields, _photo(fields)))
    except (UnusableQuery, NoGeneration):
        # The photo is no longer kept, or nothing is published: the product can be shown.
        return None


def _photo(fields: PageFields) -> Image.Image | None:
    """Return the photo that an address names.

    Raises:
        UnusableQuery: it is no longer kept.
    """
    return state().uploads.load(fields.photo) if fields.photo else None


def _search(fields: PageFields, sent: KeptPhoto | None = None) -> str:
    """Search for what the fields ask, and render what is found.

    Args:
        fields: Of the address.
        sent: The photo that the address names, where it came with this request.
    """
    photo = sent.decoded() if sent is not None else _photo(fields)
    found = find(parse_query(fields, photo))
    size = photo.size if photo is not None else None
    return _show_results(found, fields, url_for("pages.search"), photo_px=size)


def _show_results(
    found: SearchPage,
    fields: PageFields,
    path: str,
    *,
    seed: ProductCard | None = None,
    photo_px: tuple[int, int] | None = None,
) -> str:
    """Render hits with their filters.

    Args:
        found: The hits.
        fields: Of the address.
        path: The page's address without fields.
        seed: The product that the hits look like, where there is one.
        photo_px: Width and height of the shopper's photo, where there is one.
    """
    address = Address.of(path, fields)
    return render_template(
        "shop/results.html",
        found=found,
        fields=fields,
        address=address,
        groups=choice_groups(found.facets, fields),
        chips=chips(address),
        query_fields=address.query_fields,
        recent=recent_search(address),
        currency=next((h.product.currency for h in found.hits if h.product.currency), None),
        seed=seed,
        photo_px=photo_px,
        photo_parts=photo_parts(found, address) if photo_px else None,
    )


def _is_ready() -> bool:
    """Say whether anything is published. Other faults show when somebody searches."""
    try:
        engine().status()
    except NoGeneration:
        return False
    return True
