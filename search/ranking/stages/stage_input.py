"""What a re-ranking stage works on: products in order, the query, and the candidates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.index.product_columns import Columns
from search.query.understood_query import UnderstoodQuery
from search.results import Embeddings, Ids, StoredRows


@dataclass(frozen=True, slots=True)
class Ranking:
    """Products in order, best first. All arrays have length n."""

    product_ids: Ids
    rows: Ids  # generation row of the product's best picture
    similarities: npt.NDArray[np.float32]  # exact cosine of that picture
    scores: npt.NDArray[np.float32]  # the order goes by them; at first they are the similarities

    def __len__(self) -> int:
        return len(self.product_ids)

    def take(self, order: npt.NDArray[np.intp]) -> "Ranking":
        """Return the products that `order` selects, in its order."""
        return Ranking(
            self.product_ids[order], self.rows[order], self.similarities[order], self.scores[order]
        )

    def sorted_by(self, scores: npt.NDArray[np.float32]) -> "Ranking":
        """Return the same products by falling score. Ties go to the lower product id."""
        order = np.lexsort((self.product_ids, -scores))
        return Ranking(self.product_ids, self.rows, self.similarities, scores).take(order)


@dataclass(frozen=True, slots=True)
class StageInput:
    """All that a stage may know: the query and the rescored candidate pictures."""

    query: UnderstoodQuery
    columns: Columns  # of the whole generation, by row
    rows: Ids  # (c,) generation rows of all candidates
    product_ids: Ids  # (c,) the product of each
    vectors: Embeddings  # (c, d) float32
    patches: StoredRows  # (all rows, cells, p) int8, by generation row
    similarities: npt.NDArray[np.float32]  # (c,) exact

    def places(self, rows: Ids) -> Ids:
        """Return the places of given candidate rows in `self.rows`, (n,) int64."""
        order = np.argsort(self.rows, kind="stable")
        return order[np.searchsorted(self.rows, rows, sorter=order)]


Stage = Callable[[StageInput, Ranking], Ranking]


def group(product_ids: Ids, rows: Ids, similarities: npt.NDArray[np.float32]) -> Ranking:
    """Return one entry per product, by its best picture.

    Args:
        product_ids: (c,) int64, the product of each candidate picture.
        rows: (c,) int64, its generation row.
        similarities: (c,) float32.

    Returns:
        Products by falling similarity. Ties go to the lower product id.
    """
    order = np.lexsort((rows, product_ids, -similarities))
    _, first = np.unique(product_ids[order], return_index=True)
    best = order[np.sort(first)]
    return Ranking(product_ids[best], rows[best], similarities[best], similarities[best].copy())
