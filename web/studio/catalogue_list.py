"""The list of the studio's catalogue page: products found by words or by likeness, or all products.

With words or a similar product, the engine is asked. Hits are not folded, and the search is not
recorded, since staff are no shoppers. Without either, the catalogue in the database is listed, so
that products are seen which no index holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict, Field

from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.index.product_columns import FIELDS
from search.merchandising.catalogue_listing import count_products, count_values, list_products
from search.merchandising.product_record import ProductRecord, product_records
from search.query.understanding import MAX_K
from search.results import Correction, FacetValue, Filters, Query, SearchHit, SearchPage, Verdict
from web.rendering.list_page import PER_PAGE, ListPage
from web.request.attribute_fields import attribute_names
from web.request.fields import FilterFields

EXPORTED = 5000
"""Rows of a file at most; a search finds `MAX_K` at most."""
AT_A_TIME = 200

Sort = Literal["newest", "changed", "title", "sku", "cheapest", "dearest"]
SORT_LABELS: dict[Sort, str] = {
    "newest": "Newest first",
    "changed": "Last changed first",
    "title": "Title",
    "sku": "Article number",
    "cheapest": "Lowest price",
    "dearest": "Highest price",
}


class CatalogueFields(FilterFields):
    """The fields in the address of the catalogue page; unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(default="", max_length=2000)
    like: str = ""  # sku of the product that others should look like
    sort: Sort | None = None  # None: best match for a search, otherwise the newest
    view: Literal["grid"] | None = None  # None: the table
    page: int = Field(default=1, ge=1, le=10_000)

    @property
    def is_search(self) -> bool:
        """Whether the engine is asked."""
        return bool(self.text.strip() or self.like)


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """One product of the list."""

    record: ProductRecord
    hit: SearchHit | None = None  # None: the engine was not asked

    @property
    def image_id(self) -> int | None:
        """The picture to show, None where there is no usable one."""
        if self.hit is not None:
            return self.hit.image_id
        return next(iter(self.record.card.image_ids), None)


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of the list."""

    rows: list[ListedProduct]
    total: int
    page: int
    facets: dict[str, tuple[FacetValue, ...]]
    corrections: tuple[Correction, ...] = ()
    verdict: Verdict | None = None
    redirect: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return ListPage(self.page, PER_PAGE).pages(self.total)


def list_page(engine: SearchEngine, fields: CatalogueFields, filters: Filters) -> CataloguePage:
    """Return one page of what the fields ask for.

    Raises:
        UnknownProduct: there is no such product to resemble.
        NoGeneration: nothing is published yet, and something is looked for.
    """
    if not fields.is_search:
        return _catalogue_page(engine, fields, filters)
    if fields.sort is None:
        found = _ask(engine, fields, filters, k=PER_PAGE, page=fields.page)
        hits = found.hits
    else:
        found = _ask(engine, fields, filters, k=MAX_K)
        first = ListPage(fields.page, PER_PAGE).offset
        hits = _sorted(engine, found.hits, fields.sort)[first : first + PER_PAGE]
    return CataloguePage(
        rows=_rows(engine, hits),
        total=found.total,
        page=fields.page,
        facets=found.facets,
        corrections=found.corrections,
        verdict=found.verdict,
        redirect=found.redirect,
        timings_ms=found.timings_ms,
    )


def list_all(
    engine: SearchEngine, fields: CatalogueFields, filters: Filters
) -> Iterator[ListedProduct]:
    """Return all rows that the fields ask for, up to the limit; they are read while used."""
    if fields.is_search:
        hits = _ask(engine, fields, filters, k=MAX_K).hits
        if fields.sort is not None:
            hits = _sorted(engine, hits, fields.sort)
        parts = (hits[i : i + AT_A_TIME] for i in range(0, len(hits), AT_A_TIME))
        return (row for part in parts for row in _rows(engine, part))
    with session_scope(engine.database) as session:
        ids = list_products(session, filters, sort=fields.sort or "newest", limit=EXPORTED)
    return (
        ListedProduct(record)
        for start in range(0, len(ids), AT_A_TIME)
        for record in _records(engine, ids[start : start + AT_A_TIME])
    )


def _catalogue_page(
    engine: SearchEngine, fields: CatalogueFields, filters: Filters
) -> CataloguePage:
    names = (*FIELDS, *attribute_names())
    offset = ListPage(fields.page, PER_PAGE).offset
    with session_scope(engine.database) as session:
        ids = list_products(
            session, filters, sort=fields.sort or "newest", limit=PER_PAGE, offset=offset
        )
        return CataloguePage(
            rows=[ListedProduct(record) for record in product_records(session, ids)],
            total=count_products(session, filters),
            page=fields.page,
            facets=count_values(session, filters, names),
        )


def _ask(
    engine: SearchEngine, fields: CatalogueFields, filters: Filters, *, k: int, page: int = 1
) -> SearchPage:
    if fields.like:
        return engine.similar(
            fields.like, filters=filters, k=k, page=page, fold=False, record=False
        )
    query = Query(text=fields.text, filters=filters, k=k, page=page, fold=False, record=False)
    return engine.search(query)


def _sorted(engine: SearchEngine, hits: tuple[SearchHit, ...], sort: Sort) -> tuple[SearchHit, ...]:
    """Return hits in another order than best match."""
    by_id = {hit.product.product_id: hit for hit in hits}
    with session_scope(engine.database) as session:
        ids = list_products(session, Filters(), sort=sort, limit=MAX_K, within=list(by_id))
    return tuple(by_id[i] for i in ids)


def _rows(engine: SearchEngine, hits: tuple[SearchHit, ...]) -> list[ListedProduct]:
    records = {r.card.product_id: r for r in _records(engine, [h.product.product_id for h in hits])}
    return [
        ListedProduct(records[i], hit) for hit in hits if (i := hit.product.product_id) in records
    ]


def _records(engine: SearchEngine, product_ids: list[int]) -> list[ProductRecord]:
    with session_scope(engine.database) as session:
        return product_records(session, product_ids)
