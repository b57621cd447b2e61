"""The studio's catalogue: products found by words, likeness or filters, as table, grid or file."""

from collections.abc import Iterator

import numpy as np
from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.catalogue.attribute_precedence import FIELD_ATTRIBUTES
from search.errors import NoGeneration
from search.results import Filters
from web.rendering.csv_export import csv_file
from web.request.attribute_fields import attribute_names
from web.request.query_parsing import parse_fields, parse_filters
from web.shop.filter_column import chips, choice_groups
from web.shop.result_addresses import Address
from web.state import engine
from web.studio.blueprint import blueprint
from web.studio.catalogue_list import (
    EXPORTED,
    SORT_LABELS,
    CatalogueFields,
    CataloguePage,
    ListedProduct,
    list_all,
    list_page,
)


@blueprint.get("")
def catalogue() -> ResponseReturnValue:
    """Show products, with what is known of them and what is wrong."""
    fields, filters = _fields_and_filters()
    address = Address.of(url_for("studio.catalogue"), fields)
    listed = list_page(engine(), fields, filters)
    return render_template(
        "studio/catalogue.html",
        listed=listed,
        seed=engine().product(fields.like) if fields.like else None,
        fields=fields,
        address=address,
        export=Address.of(url_for("studio.catalogue_file"), fields).with_page(1),
        exported=EXPORTED,
        groups=choice_groups(listed.facets, fields),
        sorts=SORT_LABELS,
        chips=chips(address),
        not_indexed=_not_indexed(listed),
        others=attribute_names(),
    )


@blueprint.get("/catalogue.csv")
def catalogue_file() -> Response:
    """Answer with the list as a file."""
    fields, filters = _fields_and_filters()
    names = (*FIELD_ATTRIBUTES, *attribute_names())
    columns = (
        *("sku", "title", "brand", *names, "price", "currency", "in_stock", "similarity", "why"),
        *(f"{name} by pictures" for name in names),
        "marks",
    )
    return csv_file("catalogue", columns, _file_rows(list_all(engine(), fields, filters), names))


def _file_rows(rows: Iterator[ListedProduct], names: tuple[str, ...]) -> Iterator[list[object]]:
    for row in rows:
        card, hit = row.record.card, row.hit
        said = [row.record.believed(name) for name in names]
        seen = [row.record.claims.get(name, {}).get("picture") for name in names]
        yield [
            *(card.sku, card.title, card.brand),
            *(claim and claim.value for claim in said),
            None if card.price_cents is None else card.price_cents / 100,
            card.currency,
            "yes" if card.in_stock else "no",
            None if hit is None else round(hit.similarity, 4),
            None if hit is None else " ".join(reason.text for reason in hit.why),
            *(claim and claim.value for claim in seen),
            ", ".join(row.record.marks),
        ]


def _fields_and_filters() -> tuple[CatalogueFields, Filters]:
    fields = parse_fields(CatalogueFields, request.args)
    return fields, parse_filters(fields)


def _not_indexed(listed: CataloguePage) -> frozenset[int]:
    """Return the ids of listed products that the live generation does not hold yet."""
    try:
        columns = engine().generation().columns
    except NoGeneration:
        return frozenset()
    ids = [row.record.card.product_id for row in listed.rows]
    return frozenset(np.setdiff1d(ids, columns.product_id).tolist())
