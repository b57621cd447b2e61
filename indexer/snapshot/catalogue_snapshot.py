"""What a generation would hold: one consistent look at the catalogue and its embeddings."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    any_,
    exists,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from indexer.snapshot.title_values import TitleValues, read_title_values
from indexer.snapshot.variants import ComparedProduct, variants
from search.database.connection import consistent_session
from search.database.models import Embedding, Product, ProductAttribute, ProductImage
from search.index.product_columns import FIELDS, ColumnRow
from search.pictures.colour_names import NAMES, Floats
from search.text.attribute_vocabulary import Vocabulary
from search.text.word_counts import WordCount, count_words

OLDEST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
"""SQL: the oldest transaction that may still be open; this one and later ones may be missing in
what is read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows in index order, and what was left out."""

    rows: list[ColumnRow]
    shards: list[str]  # of each row's embedding
    shard_rows: list[int]
    titles: list[str]  # of each row's product
    title_values: dict[str, TitleValues]  # by attribute, of the products in ascending order of id
    colours: Floats  # (rows, names of `colour_names`) shares of the picture; zeros: unknown
    words: list[WordCount]  # of all products, with or without a row
    left_out: dict[str, int]  # products and pictures that are not indexed, by reason
    signature: str  # changes when anything that would be indexed changes
    changed_from: int  # what transactions from this one on wrote may be missing
    facets: tuple[str, ...] = FIELDS  # names of the rows' values

    @property
    def products(self) -> int:
        """How many products have a row."""
        return len({row.product_id for row in self.rows})


@dataclass(slots=True)
class _RowReader:
    """Collects rows, picture by picture, as `indexed_pictures` finds them."""

    rows: list[ColumnRow] = field(default_factory=list)
    shards: list[str] = field(default_factory=list)
    shard_rows: list[int] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    shares: bytearray = field(default_factory=bytearray)
    products: dict[int, ComparedProduct] = field(default_factory=dict)

    def add(self, record: Sequence[Any], edited: Mapping[str, str]) -> None:
        """Add a picture."""
        *fields, title, colours, structure, _sha256, shard, shard_row = record
        row = column_row(fields, edited)
        self.rows.append(row)
        self.products.setdefault(row.product_id, _compared(row, title, structure))
        self.shards.append(shard)
        self.shard_rows.append(shard_row)
        self.titles.append(title)
        self.shares += _colour_shares(colours)

    def rows_with_variants(self, vocabulary: Vocabulary) -> list[ColumnRow]:
        """Return the rows, each with what its product is a variant of."""
        variant = variants(self.products.values(), vocabulary)
        return [replace(row, variant=variant[row.product_id]) for row in self.rows]


def take_snapshot(database: sqlalchemy.Engine, model_tag: str, vocabulary: Vocabulary) -> Snapshot:
    """Read all that can be indexed under a model, all of one moment.

    A picture whose file may have changed but was not looked at again yet goes in as it was.

    Args:
        database: The catalogue.
        model_tag: Whose embeddings.
        vocabulary: The attributes that titles name, and the colours that variants differ in;
            another vocabulary is another generation.
    """
    found, signature = _RowReader(), _new_signature(model_tag, vocabulary)
    with consistent_session(database) as session:
        changed_from = session.scalars(text(OLDEST_OPEN)).one()
        edits = read_edits(session)
        for record in session.execute(indexed_pictures(model_tag)):
            edited = edits.get(record[1], {})
            signature.update(_signed(record, edited))
            found.add(record, edited)
        titles = {product: compared.title for product, compared in found.products.items()}
        title_values = read_title_values(session, titles, vocabulary)
        words = count_words(session)
        left_out = _left_out(session, model_tag)
    return Snapshot(
        found.rows_with_variants(vocabulary),
        found.shards,
        found.shard_rows,
        found.titles,
        title_values,
        np.frombuffer(found.shares, dtype=np.float32).reshape(-1, len(NAMES)),
        words,
        left_out,
        signature=signature.hexdigest(),
        changed_from=changed_from,
    )


def read_signature(database: sqlalchemy.Engine, model_tag: str, vocabulary: Vocabulary) -> str:
    """Return the signature that `take_snapshot` would give, in a fraction of its time."""
    signature = _new_signature(model_tag, vocabulary)
    with consistent_session(database) as session:
        edits = read_edits(session)
        for record in session.execute(indexed_pictures(model_tag)):
            signature.update(_signed(record, edits.get(record[1], {})))
    return signature.hexdigest()


def _new_signature(model_tag: str, vocabulary: Vocabulary) -> "hashlib._Hash":
    """Return a signature of no row yet."""
    return hashlib.sha256(repr((model_tag, vocabulary)).encode())


def _signed(record: Sequence[Any], edited: dict[str, str]) -> bytes:
    """Return what the signature is made of: all that a row says but where its vector is stored."""
    *fields, title, colours, structure, sha256, _shard, _row = record
    return repr((*fields, edited, title, colours, structure, sha256)).encode()


def indexed_pictures(model_tag: str) -> Select[Any]:
    """Return the query for every picture to be indexed, in index order."""
    return (
        select(
            ProductImage.id,
            Product.id,
            Product.price_cents,
            Product.in_stock,
            Product.category,
            Product.brand,
            Product.colour,
            Product.title,
            ProductImage.colours,
            ProductImage.structure,
            ProductImage.sha256,
            Embedding.shard,
            Embedding.row,
        )
        .join(Product, Product.id == ProductImage.product_id)
        .join(Embedding, Embedding.sha256 == ProductImage.sha256)
        .where(Product.retired_at.is_(None), ProductImage.state != "failed")
        .where(Embedding.model_tag == model_tag)
        .order_by(Product.id, ProductImage.position, ProductImage.id)
    )


def column_row(fields: Sequence[Any], edited: Mapping[str, str]) -> ColumnRow:
    """Return the row of a picture.

    Args:
        fields: What `indexed_pictures` says of it: ids, price, stock, and the texts of `FIELDS`.
        edited: What merchandisers set; it replaces fields.
    """
    image_id, product_id, price_cents, in_stock, *texts = fields
    values = dict(zip(FIELDS, texts, strict=True)) | dict(edited)
    return ColumnRow(image_id, product_id, price_cents, in_stock, values)


def read_edits(
    session: Session, product_ids: Sequence[int] | None = None
) -> dict[int, dict[str, str]]:
    """Return by product what merchandisers set, attribute by attribute; None: of all products."""
    row = ProductAttribute
    set_by_hand = select(row.product_id, row.name, row.value).where(row.source == "merchandiser")
    if product_ids is not None:
        set_by_hand = set_by_hand.where(is_among(row.product_id, product_ids))
    edits: dict[int, dict[str, str]] = {}
    for product_id, name, value in session.execute(set_by_hand.order_by(row.product_id, row.name)):
        edits.setdefault(product_id, {})[name] = value
    return edits


def is_among(column: Any, ids: Sequence[int]) -> ColumnElement[bool]:  # noqa: ANN401 - mapped
    """Return the condition that a column is one of many ids, as one parameter."""
    same: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(BigInteger)))
    return same


def _colour_shares(colours: dict[str, Any] | None) -> bytes:
    """Return a picture's shares of all colour names, as float32 in their order."""
    given = colours or {}
    return np.array([given.get(name, 0.0) for name in NAMES], dtype=np.float32).tobytes()


def _compared(row: ColumnRow, title: str, structure: bytes | None) -> ComparedProduct:
    """Return what a product is compared by, with the structure of its first picture."""
    return ComparedProduct(
        row.product_id,
        title,
        row.values["brand"],
        row.values["category"],
        row.price_cents,
        structure,
    )


def _left_out(session: Session, model_tag: str) -> dict[str, int]:
    """Count what the generation does not hold, so that nothing is missing silently."""
    embedded = exists().where(
        Embedding.sha256 == ProductImage.sha256, Embedding.model_tag == model_tag
    )
    usable = (ProductImage.state != "failed") & embedded
    active = Product.retired_at.is_(None)
    images = (
        select(func.count())
        .select_from(ProductImage)
        .join(Product, Product.id == ProductImage.product_id)
        .where(active)
    )
    has_usable = exists().where(ProductImage.product_id == Product.id, usable)
    counts = {
        "pictures_refused": images.where(ProductImage.state == "failed"),
        "pictures_not_encoded": images.where(ProductImage.state != "failed", ~embedded),
        "products_without_picture": select(func.count())
        .select_from(Product)
        .where(active, ~has_usable),
        "products_retired": select(func.count()).select_from(Product).where(~active),
    }
    return {reason: session.scalars(query).one() for reason, query in counts.items()}
