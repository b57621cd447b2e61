"""Makes rescored candidates, as re-ranking stages get them."""

import numpy as np

from search.index.product_columns import FIELDS, Columns, Facet
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import StageInput


def facet(values: list[str | None]) -> Facet:
    """Return a text column."""
    known = sorted({value for value in values if value is not None})
    codes = [-1 if value is None else known.index(value) for value in values]
    return Facet(np.array(codes, np.int32), tuple(known))


def columns(product_ids: list[int], **given: list[str | None]) -> Columns:
    """Return columns; those that are not given are empty, and all products are in stock.

    Args:
        product_ids: The product of each row.
        given: Text columns by name: category, brand, colour, or an attribute.
    """
    n = len(product_ids)
    texts: dict[str, list[str | None]] = {name: [None] * n for name in FIELDS} | given
    return Columns(
        image_id=np.arange(n, dtype=np.int64),
        product_id=np.array(product_ids, np.int64),
        facets={name: facet(values) for name, values in texts.items()},
        price_cents=np.full(n, 100, np.int64),
        in_stock=np.ones(n, np.bool_),
        variant=np.array(product_ids, np.int64),
    )


def stage_input(
    vectors: np.ndarray,
    product_ids: list[int],
    query: np.ndarray,
    kind: str = "photo",
    of: Columns | None = None,
    text: str = "",
) -> StageInput:
    """Return rescored candidates; row i has vector i."""
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    query = (query / np.linalg.norm(query)).astype(np.float32)
    return StageInput(
        query=UnderstoodQuery(query, kind, text=text),
        columns=of or columns(product_ids),
        rows=np.arange(len(vectors), dtype=np.int64),
        product_ids=np.array(product_ids, np.int64),
        vectors=vectors,
        patches=np.empty((len(vectors), 0, 1), np.int8),
        similarities=vectors @ query,
    )
