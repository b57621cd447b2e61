"""The filterable fields of a generation, row by row, memory-mapped from an Arrow file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from search.results import Filters, Ids

NO_PRICE = -1
"""Stands for a product without a price; no price filter keeps it."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facet:
    """A text column, dictionary-encoded."""

    codes: npt.NDArray[np.int32]  # (n,) position in values, -1 where there is none
    values: tuple[str, ...]

    def mask(self, keep: Iterable[bool]) -> Mask:
        """Return (n,) which rows have one of the values that `keep` marks."""
        kept = np.fromiter((*keep, False), dtype=np.bool_, count=len(self.values) + 1)
        return kept[self.codes]  # code -1 reads the False at the end


@dataclass(frozen=True, slots=True)
class Columns:
    """One row per vector of a generation, in index order."""

    image_id: Ids
    product_id: Ids
    category: Facet
    brand: Facet
    colour: Facet
    price_cents: Ids  # NO_PRICE where there is none
    in_stock: Mask
    variant: Ids  # equal for variants of one product

    def __len__(self) -> int:
        return len(self.image_id)

    def mask(self, filters: Filters) -> Mask:
        """Return (n,) which rows a filter keeps.

        A category keeps itself and everything below it; names are compared without case. A
        product without a price is not kept by a price filter.
        """
        keep = np.ones(len(self), dtype=np.bool_)
        if filters.categories:
            wanted = tuple(folded_path(path) for path in filters.categories)
            below = tuple(f"{path} > " for path in wanted)
            paths = [folded_path(value) for value in self.category.values]
            keep &= self.category.mask(p in wanted or p.startswith(below) for p in paths)
        for facet, names in ((self.brand, filters.brands), (self.colour, filters.colours)):
            if names:
                folded = {name.strip().casefold() for name in names}
                keep &= facet.mask(value.strip().casefold() in folded for value in facet.values)
        if filters.min_price_cents is not None:
            keep &= self.price_cents >= max(filters.min_price_cents, 0)
        if filters.max_price_cents is not None:
            keep &= (self.price_cents <= filters.max_price_cents) & (self.price_cents != NO_PRICE)
        if filters.in_stock is not None:
            keep &= self.in_stock == filters.in_stock
        return keep


def folded_path(category: str) -> str:
    """Return a category path for comparison: `Home>Mugs` as `home > mugs`."""
    return " > ".join(part.strip() for part in category.casefold().split(">"))


SCHEMA = pa.schema(
    [
        ("image_id", pa.int64()),
        ("product_id", pa.int64()),
        ("category", pa.dictionary(pa.int32(), pa.string())),
        ("brand", pa.dictionary(pa.int32(), pa.string())),
        ("colour", pa.dictionary(pa.int32(), pa.string())),
        ("price_cents", pa.int64()),
        ("in_stock", pa.bool_()),
        ("variant", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """What one row holds, in the order of the file."""

    image_id: int
    product_id: int
    category: str | None
    brand: str | None
    colour: str | None
    price_cents: int | None
    in_stock: bool
    variant: int | None = None  # equal for variants of one product; None: it has no other


def write_columns(path: Path, rows: Sequence[ColumnRow]) -> None:
    """Write rows to an Arrow IPC file."""
    arrays = []
    for field in SCHEMA:
        values = [getattr(row, field.name) for row in rows]
        if field.name == "price_cents":
            values = [NO_PRICE if value is None else value for value in values]
        if field.name == "variant":
            values = [row.product_id if row.variant is None else row.variant for row in rows]
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_batch(batch)


def load_columns(path: Path) -> Columns:
    """Memory-map the columns of a generation.

    Raises:
        OSError: the file can't be read.
        pyarrow.ArrowException: it is no such file.
    """
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    if batch.schema != SCHEMA:
        raise pa.ArrowInvalid(f"unexpected columns {batch.schema.names}")
    return Columns(
        image_id=batch["image_id"].to_numpy(),
        product_id=batch["product_id"].to_numpy(),
        category=_facet(batch["category"]),
        brand=_facet(batch["brand"]),
        colour=_facet(batch["colour"]),
        price_cents=batch["price_cents"].to_numpy(),
        in_stock=batch["in_stock"].to_numpy(zero_copy_only=False),
        variant=batch["variant"].to_numpy(),
    )


def _facet(column: pa.DictionaryArray) -> Facet:
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Facet(codes, tuple(column.dictionary.to_pylist()))
