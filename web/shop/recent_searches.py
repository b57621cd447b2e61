"""What a browser may remember of a page. `static/recent.js` keeps it in the browser alone."""

from flask import url_for

from search.results import ProductCard
from web.shop.result_addresses import Address


def recent_search(address: Address) -> dict[str, str] | None:
    """Return what leads back to a search without its filters; None where there is no query."""
    asked = dict(address.without_filters().with_field("sort", "").fields)
    if not asked:  # products similar to one: the page of that one is remembered
        return None
    photo = asked.get("photo")
    return {
        "kind": "photo" if photo else "text",
        "key": photo or asked["text"].lower(),
        "label": asked.get("text", ""),
        "address": str(address.without_filters().with_field("sort", "")),
    }


def recent_product(card: ProductCard) -> dict[str, str]:
    """Return what leads back to a product."""
    pictures = [url_for("pictures.picture", image_id=image) for image in card.image_ids[:1]]
    return {
        "kind": "product",
        "key": f"product {card.sku}",
        "label": card.title,
        "address": url_for("pages.product", sku=card.sku),
        "picture": pictures[0] if pictures else "",
    }
