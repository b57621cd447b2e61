"""Which products say something else by now than a generation, and the rows that they have now.

What was written since the generation looked at the catalogue is read again, all of it in one
repeatable-read transaction, and compared: a row that says what the generation says is left out, so
that changes which a build has absorbed make an empty delta. Vectors come from where they are
nearest: the delta before, the generation, or else the embedding store.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy
from sqlalchemy import select, text, union
from sqlalchemy.orm import Session

from indexer.attributes.attribute_rows import known_attributes
from indexer.attributes.title_values import read_stated
from indexer.delta.base_rows import BaseGeneration, Rows, Sources
from indexer.snapshot.catalogue_snapshot import OLDEST_OPEN, among, column_row, indexed, read_edits
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
    dead: Ids  # (x,) ascending
    waiting: int  # changed products beyond the limit
    changed_from: int  # what transactions from this one on wrote may be missing in it
    looked_from: int  # the same of what was looked at, with or without room

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
    """Return the products that something was written of in this transaction or later ones."""
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
        self._before: Rows | None = None
        self._held: set[int] = set()
        if before is not None:
            self._before = Rows(
                before.columns, before.vectors, before.patches, before.manifest.changed_from
            )
            self._held = {*before.dead.tolist(), *before.columns.product_id.tolist()}

    def run(self) -> ChangedRows:
        """Compare.

        Raises:
            DamagedShard: a new picture's vector can't be read.
        """
        since = (self._before or self._base.rows).changed_from
        pictures, asked, oldest_open = self._read(since)
        below = self._base.rows.rows_of(asked)
        changed: dict[int, list[CataloguePicture]] = {}
        dead: list[int] = []
        found = self._vectors_of(pictures)
        for product in asked.tolist():
            own, now = below.get(product, []), pictures.get(product, [])
            if not now:
                dead += [product] if own else []
            elif not self._same(own, now, found):
                changed[product] = now
        kept = self._within_limit(changed)
        dead = sorted(dead + [product for product in kept if product in below])
        rows = [
            replace(p.row, variant=self._variant(p.row, below)) for o in kept for p in changed[o]
        ]
        images = [row.image_id for row in rows]
        waiting = len(changed) - len(kept)
        return ChangedRows(
            rows,
            found.vectors(images),
            found.patches(images),
            np.array(dead, dtype=np.int64),
            waiting,
            # What found no room is looked at again, as soon as anything changes.
            changed_from=since if waiting else oldest_open,
            looked_from=oldest_open,
        )

    def _read(self, since: int) -> tuple[dict[int, list[CataloguePicture]], Ids, int]:
        """Return the pictures of products that may have changed, these, and the transaction that
        this look may have missed.
        """
        tag = self._base.manifest.model_tag
        with (
            self._database.connect().execution_options(isolation_level="REPEATABLE READ") as held,
            Session(held) as session,
        ):
            oldest_open = session.scalars(text(OLDEST_OPEN)).one()
            ids = sorted(self._held.union(changed_since(session, since)))
            asked = np.array(ids, dtype=np.int64)
            edits = read_edits(session, ids)
            wanted = indexed(tag).add_columns(ProductImage.changed_in)
            records = session.execute(wanted.where(among(Product.id, ids))).all()
            stated = read_stated(self._database, asked, self._vocabulary)
            known = known_attributes(session, asked, stated, self._vocabulary)
        # Of a record: ids, price, stock and fields, then what `indexed` says of the picture.
        rows = known.filled(
            [column_row(record[:-7], edits.get(record[1], {})) for record in records]
        )
        pictures: dict[int, list[CataloguePicture]] = {}
        for row, record in zip(rows, records, strict=True):
            picture = CataloguePicture(row, *record[-3:])
            pictures.setdefault(row.product_id, []).append(picture)
        return pictures, asked, oldest_open

    def _vectors_of(self, pictures: Mapping[int, Sequence[CataloguePicture]]) -> Sources:
        """Return where the vector of each picture is; what is new is read from shards."""
        found = Sources(self._base.rows)
        left = {p.row.image_id: p for now in pictures.values() for p in now}
        for place in (self._before, self._base.rows):
            if place is None or not left:
                continue
            images = place.columns.image_id
            for row in np.flatnonzero(np.isin(images, list(left))).tolist():
                image = int(images[row])
                if left[image].changed_in < place.changed_from:
                    found.at(image, place, row)
                    del left[image]
        if left:
            new = list(left.values())
            found.read(
                list(left),
                self._store.gather(
                    self._base.manifest.model_tag,
                    [picture.shard for picture in new],
                    np.array([picture.shard_row for picture in new], dtype=np.int64),
                ),
            )
        return found

    def _same(self, own: Sequence[int], now: Sequence[CataloguePicture], found: Sources) -> bool:
        """Return whether a product has in the generation what it has now."""
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
                or not np.array_equal(found.vector(said.image_id), base.vectors[row])
            ):
                return False
        return True

    def _within_limit(self, changed: Iterable[int]) -> list[int]:
        """Return the products that find room: those that have it already, then the lowest ids."""
        first = sorted(changed, key=lambda product: (product not in self._held, product))
        return sorted(first[: self._limit])

    def _variant(self, row: ColumnRow, below: Mapping[int, Sequence[int]]) -> int:
        """Return what a product is a variant of: as the generation found, or of itself alone."""
        own = below.get(row.product_id)
        return int(self._base.rows.columns.variant[own[0]]) if own else row.product_id
