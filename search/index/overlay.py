"""Lays a delta's rows over a generation's: what is searched, read and filtered then.

Rows 0 to n - 1 are the generation's, rows from n on are the delta's. A dead row keeps its number,
so the index below need not change. It loses its ids, so that no product or picture leads to it,
and every search leaves it out. Nothing here reads a file.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from search.index.product_columns import Columns, Facet, Mask
from search.index.vector_index import ExactIndex, FaissIndex, best
from search.results import Candidates, StoredRows, Vector

NOBODY = -1
"""Stands for the product, picture and variant of a dead row."""


class StackedRows:
    """Two arrays read as one, without copying the larger.

    Args:
        below: (n, …) the first rows; may be memory-mapped.
        above: (m, …) the rows after them, of the same type.
    """

    def __init__(self, below: StoredRows, above: Any) -> None:  # noqa: ANN401 - any array
        self._below, self._above, self._n = below, above, len(below)
        self.shape: tuple[int, ...] = (self._n + len(above), *below.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:  # noqa: ANN401 - as an array's
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step > 0 and stop <= self._n:
                return self._below[start:stop:step]
            rows = np.arange(start, stop, step)
        wanted = np.asarray(rows)
        if wanted.ndim == 0:
            row = range(len(self))[int(wanted)]
            return self._below[row] if row < self._n else self._above[row - self._n]
        new = wanted >= self._n
        if not new.any():
            return self._below[wanted]
        found = np.empty((len(wanted), *self.shape[1:]), dtype=self._above.dtype)
        found[~new] = self._below[wanted[~new]]
        found[new] = self._above[wanted[new] - self._n]
        return found


@dataclass(frozen=True, slots=True)
class Overlay:
    """What lies over an index: further rows, and which of its own rows are alive."""

    living: Mask | None  # (n,) of the rows below; None: all
    above: ExactIndex | None  # of the delta's rows; None: there are none

    def candidates(self, below: FaissIndex, query: Vector, n: int, keep: Mask | None) -> Candidates:
        """Return candidates from both: rows below approximately, rows above exactly."""
        own = None if keep is None else keep[: below.rows]
        return self._merged(below.search(query, n, own, living=self.living), below, query, n, keep)

    def exact(self, below: FaissIndex, query: Vector, n: int, keep: Mask | None) -> Candidates:
        """Search both exactly."""
        own = self.living if keep is None else keep[: below.rows]
        if own is not None and self.living is not None:
            own = own & self.living
        return self._merged(below.exact.search(query, n, own), below, query, n, keep)

    def _merged(
        self, found: Candidates, below: FaissIndex, query: Vector, n: int, keep: Mask | None
    ) -> Candidates:
        if self.above is None:
            return found
        fresh = self.above.search(query, n, None if keep is None else keep[below.rows :])
        rows = np.concatenate([found.rows, fresh.rows + below.rows])
        return best(rows, np.concatenate([found.similarities, fresh.similarities]), n)


def disown(columns: Columns, dead: Mask) -> Columns:
    """Return columns whose dead rows belong to no product and no picture."""
    return replace(
        columns,
        image_id=np.where(dead, NOBODY, columns.image_id),
        product_id=np.where(dead, NOBODY, columns.product_id),
        variant=np.where(dead, NOBODY, columns.variant),
    )


def joined(below: Columns, above: Columns) -> Columns:
    """Return the rows of both, with the facets of the first."""
    facets = {
        name: _joined_facet(facet, above.facets.get(name), len(above))
        for name, facet in below.facets.items()
    }
    return Columns(
        image_id=np.concatenate([below.image_id, above.image_id]),
        product_id=np.concatenate([below.product_id, above.product_id]),
        facets=facets,
        price_cents=np.concatenate([below.price_cents, above.price_cents]),
        in_stock=np.concatenate([below.in_stock, above.in_stock]),
        variant=np.concatenate([below.variant, above.variant]),
    )


def _joined_facet(below: Facet, above: Facet | None, m: int) -> Facet:
    """Return the rows of both. Its values are those of the first, then new ones of the second."""
    if above is None:
        return Facet(np.concatenate([below.codes, np.full(m, -1, np.int32)]), below.values)
    places = {value: place for place, value in enumerate(below.values)}
    for value in above.values:
        places.setdefault(value, len(places))
    renamed = np.array([*(places[value] for value in above.values), -1], dtype=np.int32)
    return Facet(np.concatenate([below.codes, renamed[above.codes]]), tuple(places))
