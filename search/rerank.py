"""From candidates to an order of products: exact rescoring, then named re-ranking stages.

PQ codes are lossy (Jégou et al. 2011, doi:10.1109/TPAMI.2010.57), so the index proposes and
the stored vectors decide. Stages are small, run in the order of `STAGES`, can be switched off
one by one, and leave a trace of what they moved. Nothing here reads a database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.errors import UnusableQuery
from search.results import Embeddings, Ids, StageMove, Vector


@dataclass(frozen=True, slots=True)
class Ranking:
    """Products in order, best first; all arrays have length n."""

    product_ids: Ids
    rows: Ids  # generation row of the product's best picture
    similarities: npt.NDArray[np.float32]  # exact cosine of that picture
    scores: npt.NDArray[np.float32]  # what the order follows; equals similarities at first

    def __len__(self) -> int:
        return len(self.product_ids)

    def take(self, order: npt.NDArray[np.intp]) -> "Ranking":
        """Return the products that `order` selects, in its order."""
        return Ranking(
            self.product_ids[order], self.rows[order], self.similarities[order], self.scores[order]
        )

    def sorted_by(self, scores: npt.NDArray[np.float32]) -> "Ranking":
        """Return the same products by falling score; ties go to the lower product id."""
        order = np.lexsort((self.product_ids, -scores))
        return Ranking(self.product_ids, self.rows, self.similarities, scores).take(order)


@dataclass(frozen=True, slots=True)
class Asked:
    """What stages may look at: the query vector and the rescored pictures."""

    query: Vector  # (d,) float32
    kind: str  # `photo`, `text`, `both` or `similar`
    rows: Ids  # (c,) generation rows of all candidates
    product_ids: Ids  # (c,) the product of each
    vectors: Embeddings  # (c, d) float32
    similarities: npt.NDArray[np.float32]  # (c,) exact


Stage = Callable[[Asked, Ranking], Ranking]


def group(product_ids: Ids, rows: Ids, similarities: npt.NDArray[np.float32]) -> Ranking:
    """Return one entry per product, by its best picture.

    Args:
        product_ids: (c,) int64, the product of each candidate picture.
        rows: (c,) int64, its generation row.
        similarities: (c,) float32.

    Returns:
        Products by falling similarity; ties go to the lower product id.
    """
    order = np.lexsort((rows, product_ids, -similarities))
    _, first = np.unique(product_ids[order], return_index=True)
    best = order[np.sort(first)]
    return Ranking(product_ids[best], rows[best], similarities[best], similarities[best].copy())


def expand(asked: Asked, ranking: Ranking) -> Ranking:
    """Re-rank with the words moved towards the pictures they found.

    Average query expansion (Chum et al. 2007, doi:10.1109/ICCV.2007.4408891), the first hits
    weighted by their similarity. The vector of a text lies beside those of pictures; its best
    hits say where. A photo is a picture already: there it cost recall at 1, so it is left alone.
    """
    top, weight = 5, 0.1
    if asked.kind != "text" or len(ranking) < 2:
        return ranking
    at = {row: i for i, row in enumerate(asked.rows.tolist())}
    voters = asked.vectors[[at[row] for row in ranking.rows[:top].tolist()]]
    votes = np.clip(ranking.similarities[:top], 0, None)
    expanded = asked.query + votes @ voters
    norm = float(np.linalg.norm(expanded))
    if norm == 0:
        return ranking
    best = asked.vectors[[at[row] for row in ranking.rows.tolist()]]
    moved = (best @ (expanded / norm)).astype(np.float32)
    return ranking.sorted_by((1 - weight) * ranking.scores + weight * moved)


STAGES: dict[str, Stage] = {"expand": expand}
"""Re-ranking stages by name, in the order they run."""


def rerank(
    asked: Asked, ranking: Ranking, names: Sequence[str] | None = None
) -> tuple[Ranking, dict[int, tuple[StageMove, ...]]]:
    """Run the stages and say what each moved.

    Args:
        asked: The query and the rescored candidates.
        ranking: The exact order of products.
        names: Stages to run; None runs all of `STAGES`.

    Returns:
        The final order, and for each product id the stages that moved it.

    Raises:
        UnusableQuery: a name is no stage.
    """
    wanted = tuple(STAGES) if names is None else tuple(names)
    if unknown := set(wanted) - set(STAGES):
        raise UnusableQuery(f"Unknown stages {sorted(unknown)}; there are {list(STAGES)}.")
    moves: dict[int, list[StageMove]] = {}
    for name in (stage for stage in STAGES if stage in wanted):
        before = {product: i for i, product in enumerate(ranking.product_ids.tolist(), 1)}
        ranking = STAGES[name](asked, ranking)
        for after, product in enumerate(ranking.product_ids.tolist(), 1):
            if before[product] != after:
                moves.setdefault(product, []).append(StageMove(name, before[product], after))
    return ranking, {product: tuple(steps) for product, steps in moves.items()}
