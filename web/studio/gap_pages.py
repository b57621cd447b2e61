"""The page of gaps: words and photos that shoppers searched for in vain."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import render_template, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from search.catalogue.product_cards import hydrate
from search.database.connection import session_scope
from search.merchandising.search_gaps import (
    About,
    Gap,
    PhotoGap,
    count_photos,
    least_searches,
    list_gaps,
    list_photos,
)
from search.results import ProductCard
from search.traffic.no_result_photos import AskedPhotos
from web.rendering.csv_export import csv_file
from web.rendering.list_page import asked_page, pager
from web.rendering.value_formats import price
from web.state import state
from web.studio.blueprint import blueprint

PER_PAGE = 30
PERIODS = (7, 30, 90)
ABOUT = {"nothing": "Words", "photos": "Photos", "unopened": "Never opened"}
COLUMNS = {
    "nothing": ("text", "times", "last_asked", "filters", "shown_first"),
    "unopened": ("text", "times", "last_asked", "filters", "shown_first"),
    "photos": ("asked_at", "text", "filters", "shown_first"),
}


@blueprint.get("/gaps")
def gaps() -> ResponseReturnValue:
    """Show the gaps."""
    about, days, page = _about(), _days(), asked_page(PER_PAGE)
    with session_scope(state().engine.database) as session:
        found, total = _find(session, about, days, limit=page.size, offset=page.offset)
        asked, kept = count_photos(session, days=days)
        cards = _cards(session, found)
        least = least_searches(session, days) if about == "unopened" else None
    return render_template(
        "studio/gaps.html",
        about=about,
        abouts=ABOUT,
        days=days,
        periods=PERIODS,
        found=found,
        total=total,
        cards=cards,
        photo_searches=asked,
        photos_kept=kept,
        least=least,
        filter_words=filter_words,
        **pager(page, total),
    )


@blueprint.get("/gaps.csv")
def gaps_csv() -> ResponseReturnValue:
    """Answer with the gaps as a file."""
    about, days = _about(), _days()
    with session_scope(state().engine.database) as session:
        found, _ = _find(session, about, days, limit=None, offset=0)
        cards = _cards(session, found)
    return csv_file(f"gaps-{about}", COLUMNS[about], _file_rows(found, cards))


@blueprint.get("/gaps/photos/<name>")
def gap_photo(name: str) -> ResponseReturnValue:
    """Answer with a photo that a shopper agreed to have kept.

    Raises:
        NotFound: it is no longer kept.
    """
    path = AskedPhotos(state().settings.root).path(name)
    if path is None:
        raise NotFound("This photo is no longer kept.")
    return send_file(path, mimetype="image/jpeg", max_age=0)


def filter_words(filters: dict[str, Any]) -> list[str]:
    """Return the filters of a search as short words."""
    words = [str(v) for name in ("categories", "brands", "colours") for v in filters.get(name, ())]
    words += [str(v) for values in filters.get("attributes", {}).values() for v in values]
    for name, sign in (("min_price_cents", "from"), ("max_price_cents", "up to")):
        if filters.get(name) is not None:
            words.append(f"{sign} {price(filters[name], None)}")
    if filters.get("in_stock"):
        words.append("in stock")
    return words


def _find(
    session: Session, about: str, days: int, *, limit: int | None, offset: int
) -> tuple[Sequence[Gap | PhotoGap], int]:
    if about == "photos":
        photos = list_photos(session, days=days, limit=limit, offset=offset)
        return photos, count_photos(session, days=days)[1]
    which: About = "unopened" if about == "unopened" else "nothing"
    return list_gaps(session, which, days=days, limit=limit, offset=offset)


def _cards(session: Session, found: Iterable[Gap | PhotoGap]) -> dict[int, ProductCard]:
    products = {product for each in found for product in each.shown}
    return {card.product_id: card for card in hydrate(session, sorted(products))}


def _file_rows(
    found: Iterable[Gap | PhotoGap], cards: dict[int, ProductCard]
) -> Iterable[tuple[object, ...]]:
    for each in found:
        skus = "|".join(cards[product].sku for product in each.shown if product in cards)
        if isinstance(each, PhotoGap):
            words = ", ".join(filter_words(each.filters))
            yield each.asked_at.isoformat(timespec="seconds"), each.text, words, skus
        else:
            words = "; ".join(", ".join(filter_words(given)) for given in each.filters)
            last = each.last_at.isoformat(timespec="seconds")
            yield each.text, each.times, last, words, skus


def _about() -> str:
    about = request.args.get("about", "nothing")
    return about if about in ABOUT else "nothing"


def _days() -> int:
    days = request.args.get("days", 30, type=int)
    return days if days in PERIODS else 30
