"""Which products differ from what a generation says of them, and the rows that they have now.

What was written since the generation read the catalogue is read again, all of one moment, and
compared. A product that is as the generation says is left out, so changes that a build has absorbed
make an empty delta. Vectors are taken from the delta before or from the generation where they are
there, or else from the embedding store.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy
from sqlalchemy import select, text, union
from sqlalchemy.orm import Session

from indexer.attributes.attribute_rows import known_attributes
from indexer.delta.base_rows import BaseGeneration, ComparedRows, PictureVectors
from indexer.snapshot.catalogue_snapshot import (
    OLDEST_OPEN,
    column_row,
    indexed_pictures,
    is_among,
    read_edits,
)
from indexer.snapshot.title_values import read_title_values
from search.database.connection import consistent_session
from search.database.models import Product, ProductAttribute, ProductImage
from search.index.delta_files import Delta
from search.index.embedding_store import EmbeddingStore
from search.index.product_columns import NO_PRICE, ColumnRow
from search.results import HalfVectors, Ids, Patches
from search.text.attribute_vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CataloguePicture:
    """An encoded picture as the catalogue has it now."""

    row: ColumnRow
    shard: str
    shard_row: int
    changed_in: int


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """What a delta is to hold."""

    rows: list[ColumnRow]
    vectors: HalfVectors  # (m, d) float16
    patches: Patches  # (m, cells, p) int8
    dead: Ids  # (x,) products whose rows of the generation count no more, ascending
    waiting: int  # changed products beyond the limit
    changed_from: int  # what transactions from this one on wrote may be missing in it
    read_from: int  # what they wrote may not even have been read, with or without room for it

    @property
    def empty(self) -> bool:
        """Whether it changes nothing of the generation."""
        return not self.rows and not len(self.dead)

    @property
    def signature(self) -> str:
        """Changes when anything that searchers would see changes."""
        digest = hashlib.sha256(repr((self.rows, self.waiting)).encode())
        for array in (self.vectors, self.patches, self.dead):
            digest.update(array.tobytes())
        return digest.hexdigest()


def changed_since(session: Session, transaction: int) -> list[int]:
    """Return the products of which something was written in a transaction or in later ones."""
    edited = ProductAttribute.source == "merchandiser"
    changed = union(
        select(Product.id).where(Product.changed_in >= transaction),
        select(ProductImage.product_id).where(ProductImage.changed_in >= transaction),
        select(ProductAttribute.product_id).where(
            edited, ProductAttribute.changed_in >= transaction
        ),
    )
    return sorted(session.scalars(changed))


class DeltaComparison:
    """Finds what is to be laid over a generation.

    Args:
        database: The catalogue.
        store: Where vectors of new pictures are.
        vocabulary: The attributes that titles name.
        base: The generation.
        before: The delta that lies over it now; None: none.
        limit: Products that may have rows in a delta.
    """

    def __init__(
        self,
        database: sqlalchemy.Engine,
        store: EmbeddingStore,
        vocabulary: Vocabulary,
        base: BaseGeneration,
        before: Delta | None,
        limit: int,
    ) -> None:
        self._database, self._store, self._vocabulary = database, store, vocabulary
        self._base, self._limit = base, limit
        self._before: ComparedRows | None = None
        self._in_delta: set[int] = set()  # products
        if before is not None:
            self._before = ComparedRows(
                before.columns, before.vectors, before.patches, before.manifest.changed_from
            )
            self._in_delta = {*before.dead.tolist(), *before.columns.product_id.tolist()}

    def run(self) -> ChangedRows:
        """Compare.

        Raises:
            DamagedShard: a new picture's vector can't be read.
        """
        since = (self._before or self._base.rows).changed_from
        pictures, products, oldest_open = self._read_catalogue(since)
        base_rows = self._base.rows.by_product(products)
        vectors = self._vectors_of(pictures)
        changed: dict[int, list[CataloguePicture]] = {}
        dead: list[int] = []
        for product in products.tolist():
            own, now = base_rows.get(product, []), pictures.get(product, [])
            if not now:
                dead += [product] if own else []
            elif not self._same(own, now, vectors):
                changed[product] = now
        taken = self._within_limit(changed)
        dead = sorted(dead + [product for product in taken if product in base_rows])
        rows = [
            replace(picture.row, variant=self._variant(picture.row, base_rows))
            for product in taken
            for picture in changed[product]
        ]
        images = [row.image_id for row in rows]
        waiting = len(changed) - len(taken)
        return ChangedRows(
            rows,
            vectors.vectors(images),
            vectors.patches(images),
            np.array(dead, dtype=np.int64),
            waiting,
            # Products without room are compared again as soon as anything changes.
            changed_from=since if waiting else oldest_open,
            read_from=oldest_open,
        )

    def _read_catalogue(self, since: int) -> tuple[dict[int, list[CataloguePicture]], Ids, int]:
        """Read the products that may have changed, all of one moment.

        Returns:
            Their pictures by product; the products, ascending, with or without a picture; and the
            first transaction that may be missing.
        """
        tag = self._base.manifest.model_tag
        with consistent_session(self._database) as session:
            oldest_open = session.scalars(text(OLDEST_OPEN)).one()
            products = sorted(self._in_delta.union(changed_since(session, since)))
            edits = read_edits(session, products)
            wanted = indexed_pictures(tag).add_columns(ProductImage.changed_in)
            records = session.execute(wanted.where(is_among(Product.id, products))).all()
            rows = [column_row(record[:7], edits.get(record[1], {})) for record in records]
            titles = {row.product_id: r.title for row, r in zip(rows, records, strict=True)}
            values = read_title_values(session, titles, self._vocabulary)
            pictured = np.array(list(titles), dtype=np.int64)
            known = known_attributes(session, pictured, values, self._vocabulary)
        pictures: dict[int, list[CataloguePicture]] = {}
        for row, record in zip(known.fill_rows(rows), records, strict=True):
            picture = CataloguePicture(row, *record[-3:])
            pictures.setdefault(row.product_id, []).append(picture)
        return pictures, np.array(products, dtype=np.int64), oldest_open

    def _vectors_of(self, pictures: Mapping[int, Sequence[CataloguePicture]]) -> PictureVectors:
        """Return where the vector of each picture is; what is new is read from shards."""
        found = PictureVectors(self._base.rows)
        left = {p.row.image_id: p for now in pictures.values() for p in now}
        for stored in (self._before, self._base.rows):
            if stored is None or not left:
                continue
            images = stored.columns.image_id
            for row in np.flatnonzero(np.isin(images, list(left))).tolist():
                image = int(images[row])
                if left[image].changed_in < stored.changed_from:
                    found.take_from_row(image, stored, row)
                    del left[image]
        if left:
            new = list(left.values())
            found.take_from_shards(
                list(left),
                self._store.gather(
                    self._base.manifest.model_tag,
                    [picture.shard for picture in new],
                    np.array([picture.shard_row for picture in new], dtype=np.int64),
                ),
            )
        return found

    def _same(
        self, own: Sequence[int], now: Sequence[CataloguePicture], vectors: PictureVectors
    ) -> bool:
        """Return whether a product's own rows of the generation say what its pictures say now."""
        base, columns = self._base.rows, self._base.rows.columns
        if len(own) != len(now):
            return False
        for row, picture in zip(own, now, strict=True):
            said = picture.row
            price = NO_PRICE if said.price_cents is None else said.price_cents
            if (
                columns.image_id[row] != said.image_id
                or columns.price_cents[row] != price
                or columns.in_stock[row] != said.in_stock
                or any(
                    (facet.values[code] if (code := facet.codes[row]) >= 0 else None)
                    != said.values.get(name)
                    for name, facet in columns.facets.items()
                )
                or not np.array_equal(vectors.vector(said.image_id), base.vectors[row])
            ):
                return False
        return True

    def _within_limit(self, changed: Iterable[int]) -> list[int]:
        """Return the products that find room: first those that have it already, then by id."""
        first = sorted(changed, key=lambda product: (product not in self._in_delta, product))
        return sorted(first[: self._limit])

    def _variant(self, row: ColumnRow, base_rows: Mapping[int, Sequence[int]]) -> int:
        """Return what a product is a variant of: as the generation found, or of itself alone."""
        own = base_rows.get(row.product_id)
        return int(self._base.rows.columns.variant[own[0]]) if own else row.product_id
