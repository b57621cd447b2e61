"""Fills a catalogue with products that have embeddings, but no picture files."""

import hashlib
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Engine, insert, select

from search.database.connection import session_scope
from search.database.models import Embedding, Product, ProductImage
from search.index.embedding_store import EmbeddingStore
from search.results import Embeddings
from search.settings import Settings
from tests.support.factories import BRANDS, CATEGORIES, COLOURS, clustered_vectors

SHARD_ROWS = 100


def picture_sha256(number: int) -> str:
    """Return the digest of picture `number`."""
    return hashlib.sha256(f"picture {number}".encode()).hexdigest()


def fill_shop(
    database: Engine, settings: Settings, model_tag: str, n: int, *, d: int = 32, first: int = 0
) -> Embeddings:
    """Add n products with one encoded picture each; return their vectors (n, d).

    Args:
        database: Database of the shop.
        settings: Names the embedding store.
        model_tag: Tag of the model that the vectors belong to.
        n: Number of products.
        d: Dimension of the vectors.
        first: Number of the first product, to add more to a shop.
    """
    vectors = clustered_vectors(first + n, d, seed=1)[first:]
    numbers = range(first, first + n)
    with session_scope(database) as session:
        ids = session.scalars(
            insert(Product).returning(Product.id, sort_by_parameter_order=True),
            [
                {
                    "sku": f"SHOP-{i:05d}",
                    "title": f"{COLOURS[i % 4]} thing number {i}",
                    "brand": BRANDS[i % 3],
                    "category": CATEGORIES[i % 3],
                    "colour": COLOURS[i % 4],
                    "price_cents": 100 + i,
                    "source": "shop",
                }
                for i in numbers
            ],
        ).all()
        session.execute(
            insert(ProductImage),
            [
                {
                    "product_id": product_id,
                    "position": 0,
                    "address": f"/shop/{i}.jpg",
                    "state": "ready",
                    "sha256": picture_sha256(i),
                }
                for i, product_id in zip(numbers, ids, strict=True)
            ],
        )
    encode_shop(database, settings, model_tag, [picture_sha256(i) for i in numbers], vectors)
    return vectors


def encode_shop(
    database: Engine,
    settings: Settings,
    model_tag: str,
    sha256s: Sequence[str],
    vectors: Embeddings,
) -> None:
    """Store vectors of pictures in shards of a hundred each."""
    store = EmbeddingStore(settings.root)
    with session_scope(database) as session:
        for start in range(0, len(sha256s), SHARD_ROWS):
            part = slice(start, start + SHARD_ROWS)
            shard = store.write(model_tag, sha256s[part], np.asarray(vectors[part]))
            rows = [
                {"sha256": sha256, "model_tag": model_tag, "shard": shard, "row": row}
                for row, sha256 in enumerate(sha256s[part])
            ]
            session.execute(insert(Embedding), rows)


def product_of(database: Engine, number: int) -> int:
    """Return the id of product `number`."""
    with session_scope(database) as session:
        return session.scalars(select(Product.id).where(Product.sku == f"SHOP-{number:05d}")).one()
