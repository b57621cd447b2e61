"""The filterable fields of a generation, row by row, in an Arrow file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from search.results import Filters, Ids
from search.text.normalise import folded, folded_path, letters_and_digits

FIELDS = ("category", "brand", "colour")
"""Facets that every generation has. Further ones are attributes of the vocabulary."""
NO_PRICE = -1
"""Stands for a product without a price. No price filter keeps it."""

LONGEST_BRAND = 200
"""Characters. A longer text names no brand."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facet:
    """A text column, dictionary-encoded."""

    codes: npt.NDArray[np.int32]  # (n,) position in `values`; -1: the row has no value
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
    facets: Mapping[str, Facet]  # by name: `FIELDS` first, then attributes
    price_cents: Ids  # NO_PRICE where there is none
    in_stock: Mask
    variant: Ids  # equal for variants of one product

    def __len__(self) -> int:
        return len(self.image_id)

    def mask(self, filters: Filters) -> Mask:
        """Return (n,) which rows a filter keeps.

        A category keeps itself and everything below it. Names are compared without case. A price
        filter drops products without a price. A filter by an attribute that the generation does
        not have drops everything.
        """
        keep = np.ones(len(self), dtype=np.bool_)
        if filters.categories:
            wanted = tuple(folded_path(path) for path in filters.categories)
            below = tuple(f"{path} > " for path in wanted)
            category = self.facets["category"]
            paths = [folded_path(value) for value in category.values]
            keep &= category.mask(p in wanted or p.startswith(below) for p in paths)
        named = {"brand": filters.brands, "colour": filters.colours, **filters.attributes}
        for name, wanted in named.items():
            if wanted:
                keep &= self._mask_of(name, wanted)
        if filters.min_price_cents is not None:
            keep &= self.price_cents >= max(filters.min_price_cents, 0)
        if filters.max_price_cents is not None:
            keep &= (self.price_cents <= filters.max_price_cents) & (self.price_cents != NO_PRICE)
        if filters.in_stock is not None:
            keep &= self.in_stock == filters.in_stock
        return keep

    def _mask_of(self, name: str, values: Sequence[str]) -> Mask:
        """Return (n,) which rows have one of the values of a facet, compared without case."""
        facet = self.facets.get(name)
        if facet is None:
            return np.zeros(len(self), dtype=np.bool_)
        wanted = {folded(value) for value in values}
        return facet.mask(folded(value) in wanted for value in facet.values)

    def of_brand(self, name: str) -> Mask | None:
        """Return (n,) which rows have this brand, in any case and with any signs; None: no row."""
        wanted = letters_and_digits(name)
        if not wanted or len(name) > LONGEST_BRAND:
            return None
        brand = self.facets["brand"]
        same = [letters_and_digits(value) == wanted for value in brand.values]
        return brand.mask(same) if any(same) else None


NUMBERS = pa.schema(
    [
        ("image_id", pa.int64()),
        ("product_id", pa.int64()),
        ("price_cents", pa.int64()),
        ("in_stock", pa.bool_()),
        ("variant", pa.int64()),
    ]
)
TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """What one row holds."""

    image_id: int
    product_id: int
    price_cents: int | None
    in_stock: bool
    values: Mapping[str, str | None] = field(default_factory=dict)  # by the facet's name
    variant: int | None = None  # equal for variants of one product; None: there are no others


def write_columns(path: Path, rows: Sequence[ColumnRow], names: Sequence[str] = FIELDS) -> None:
    """Write rows to an Arrow IPC file.

    Args:
        path: The file.
        rows: In index order.
        names: Facets to write, in the order in which they are shown.

    Raises:
        OSError: the disk refuses.
    """
    arrays = []
    for number in NUMBERS:
        values = [getattr(row, number.name) for row in rows]
        if number.name == "price_cents":
            values = [NO_PRICE if value is None else value for value in values]
        if number.name == "variant":
            values = [row.product_id if row.variant is None else row.variant for row in rows]
        arrays.append(pa.array(values, number.type))
    for name in names:
        texts = pa.array([row.values.get(name) for row in rows], pa.string())
        arrays.append(texts.dictionary_encode())
    schema = pa.schema([*NUMBERS, *((name, TEXT) for name in names)])
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)


def load_columns(path: Path) -> Columns:
    """Memory-map the columns of a generation.

    Raises:
        OSError: the file can't be read.
        pyarrow.ArrowException: it is no file of columns.
    """
    return read_columns(pa.memory_map(str(path)))


def read_columns(content: pa.NativeFile) -> Columns:
    """Read what `write_columns` wrote.

    Raises:
        pyarrow.ArrowException: `write_columns` did not write it.
    """
    batch = pa.ipc.open_file(content).get_batch(0)
    names = batch.schema.names[len(NUMBERS) :]
    expected = pa.schema([*NUMBERS, *((name, TEXT) for name in names)])
    if batch.schema != expected or not set(FIELDS) <= set(names):
        raise pa.ArrowInvalid(f"unexpected columns {batch.schema.names}")
    return Columns(
        image_id=batch["image_id"].to_numpy(),
        product_id=batch["product_id"].to_numpy(),
        facets={name: _facet(batch[name]) for name in names},
        price_cents=batch["price_cents"].to_numpy(),
        in_stock=batch["in_stock"].to_numpy(zero_copy_only=False),
        variant=batch["variant"].to_numpy(),
    )


def _facet(column: pa.DictionaryArray) -> Facet:
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Facet(codes, tuple(column.dictionary.to_pylist()))
