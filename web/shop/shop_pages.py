"""The pages that shoppers see. They work without JavaScript, which only makes them quicker.

Searching changes nothing that anyone else sees, so its form carries no token against forged
requests: a forged one would show its sender's victim a page of results, and nothing more.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image
from werkzeug.datastructures import MultiDict

from search.errors import NoGeneration, UnusablePicture, UnusableQuery
from search.results import ProductCard, SearchHit, SearchPage
from web.errors import problem_of
from web.photos.upload_store import KeptPhoto
from web.request.query_parsing import (
    PageFields,
    parse_fields,
    parse_filters,
    parse_panel,
    parse_query,
)
from web.shop.filter_column import chips, choice_groups
from web.shop.photo_parts import photo_parts
from web.shop.recent_searches import recent_product, recent_search
from web.shop.result_addresses import Address
from web.state import search as ask
from web.state import similar as ask_similar
from web.state import state

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
    if not fields.photo and (elsewhere := state().engine.rules.current().redirect(fields.text)):
        return redirect(elsewhere, 303)
    return _search(fields)


@blueprint.post("/search")
def panel() -> ResponseReturnValue:
    """Take the search panel's form and send the browser to the address of its results.

    Where the shop sends these words elsewhere, a page does that: browsers let no form end on
    another site (`form-action` of the content security policy). Who prefers the results themselves
    (RFC 7240) gets them with their address, at once.
    """
    asked = parse_panel()
    given = dict(asked.fields)
    text = given.get("text", "")
    elsewhere = state().engine.rules.current().redirect(text) if "photo" not in given else None
    if elsewhere is not None and not elsewhere.startswith("/"):
        return render_template("shop/elsewhere.html", text=text, address=elsewhere)
    address = elsewhere or str(Address(url_for("pages.search"), asked.fields))
    if elsewhere or "return=representation" not in request.headers.get("Prefer", ""):
        return redirect(address, 303)
    headers = {"Content-Location": address, "Preference-Applied": "return=representation"}
    return _search(parse_fields(PageFields, MultiDict(asked.fields)), asked.sent), headers


@blueprint.get("/products/<path:sku>")
def product(sku: str) -> ResponseReturnValue:
    """Show one product and others that look like it."""
    card = state().engine.product(sku)
    try:
        alike = ask_similar(sku, parse_filters(PageFields()), k=SIMILAR_SHOWN).hits
        variants = state().engine.variants(card)
    except NoGeneration:  # the product can be shown all the same
        alike = variants = ()
    return render_template(
        "shop/product.html",
        product=card,
        why=_why(sku),
        variants=variants,
        alike=alike,
        recent=recent_product(card),
    )


@blueprint.get("/products/<path:sku>/similar")
def similar(sku: str) -> ResponseReturnValue:
    """Show products that look like this one, with filters."""
    fields = parse_fields(PageFields, request.args)
    card = state().engine.product(sku)
    found = ask_similar(
        sku,
        parse_filters(fields),
        k=fields.k,
        page=fields.page,
        fold=fields.fold,
        sort=fields.sort,
    )
    return _show_results(found, fields, url_for("pages.similar", sku=sku), seed=card)


@blueprint.errorhandler(UnusablePicture)
@blueprint.errorhandler(UnusableQuery)
def ask_again(error: UnusablePicture | UnusableQuery) -> ResponseReturnValue:
    """Show the search panel again, with what was wrong."""
    problem = problem_of(error, on_page=True)
    again = {name: request.form.get(name, "")[:2000] for name in ("text", "photo_url")}
    page = render_template("shop/home.html", ready=True, problem=problem, **again)
    return page, problem.status


def _why(sku: str) -> SearchHit | None:
    """Return the product as a hit of the search that led to it, None where nothing says which."""
    fields = parse_fields(PageFields, request.args)
    if not fields.photo and not fields.text.strip():
        return None
    try:
        return state().engine.explain(sku, parse_query(fields, _photo(fields)))
    except (
        UnusableQuery,
        NoGeneration,
    ):  # the photo is no longer kept: the product is all the same
        return None


def _photo(fields: PageFields) -> Image.Image | None:
    """Return the photo that an address names.

    Raises:
        UnusableQuery: it is no longer kept.
    """
    return state().uploads.load(fields.photo) if fields.photo else None


def _search(fields: PageFields, sent: KeptPhoto | None = None) -> str:
    """Look for what the fields ask, and render what is found.

    Args:
        fields: Of the address.
        sent: The photo that the address names, where it came with this request.
    """
    photo = sent.decoded() if sent is not None else _photo(fields)
    found = ask(parse_query(fields, photo))
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
        seed: The product that hits are to resemble, where there is one.
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
        question=address.question,
        recent=recent_search(address),
        currency=next((h.product.currency for h in found.hits if h.product.currency), None),
        seed=seed,
        photo_px=photo_px,
        photo_parts=photo_parts(found, address) if photo_px else None,
    )


def _is_ready() -> bool:
    """Say whether anything is published; other troubles show when something is asked."""
    try:
        state().engine.status()
    except NoGeneration:
        return False
    return True
