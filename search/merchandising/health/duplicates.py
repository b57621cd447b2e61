"""Near-duplicates: products whose pictures are the same, or almost.

Vectors propose pairs. They can't decide: two plain vases are as near to each other as a vase and
the same photo saved again. So each proposed pair is compared as two small grids of colours. Grids
differ little after another compression or another size, and much between two things. Variants,
which are folded already, are left out. The most similar pairs are compared first, `MOST_COMPARED`
at most.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.index.generation_files import Generation
from search.merchandising.health.neighbours import Neighbours

ALIKE_FROM = 0.85
"""Cosine from which a pair is compared. Of 120 drawn pictures 99 in 100 are above it when saved
again at JPEG quality 40, and all at half their size."""
SAME_UP_TO = 3.0
"""Mean difference of two grids, in levels of 255, up to which pictures are the same."""
SIDE = 16
MOST_COMPARED = 20_000
"""Pairs. Opening a picture takes about 8 ms, so all take about three minutes."""

Grid = npt.NDArray[np.float32]
OpenPicture = Callable[[int], Image.Image | None]
"""Opens the rendition of a picture by its id; None where there is none."""


@dataclass(frozen=True, slots=True)
class Double:
    """A picture that is almost the same as pictures of other products."""

    row: int
    group: int  # the lowest product id of the group
    similarity: float  # cosine with the nearest picture of the group


def find_duplicates(
    generation: Generation, neighbours: Neighbours, open_picture: OpenPicture
) -> list[Double]:
    """Return one picture of each product that has a near-duplicate."""
    pairs = _nominated(neighbours)[:MOST_COMPARED]
    grids: dict[int, Grid | None] = {}

    def grid(row: int) -> Grid | None:
        if row not in grids:
            picture = open_picture(int(generation.columns.image_id[row]))
            grids[row] = None if picture is None else grid_of(picture)
        return grids[row]

    same = [pair for pair in pairs if _same(grid(pair[0]), grid(pair[1]))]
    return _grouped(generation, same)


def grid_of(picture: Image.Image) -> Grid:
    """Return (SIDE, SIDE, 3) float32: the mean colour of each cell of a picture."""
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small, dtype=np.float32)


def _same(a: Grid | None, b: Grid | None) -> bool:
    return a is not None and b is not None and float(np.abs(a - b).mean()) <= SAME_UP_TO


def _nominated(neighbours: Neighbours) -> list[tuple[int, int, float]]:
    """Return pairs of rows with a cosine of `ALIKE_FROM` or more, most similar first."""
    rows, places = np.nonzero((neighbours.rows >= 0) & (neighbours.similarities >= ALIKE_FROM))
    others = neighbours.rows[rows, places]
    found = {
        (min(a, b), max(a, b)): similarity
        for a, b, similarity in zip(
            rows.tolist(),
            others.tolist(),
            neighbours.similarities[rows, places].tolist(),
            strict=True,
        )
    }
    return sorted(((a, b, s) for (a, b), s in found.items()), key=lambda pair: -pair[2])


def _grouped(generation: Generation, pairs: Sequence[tuple[int, int, float]]) -> list[Double]:
    """Join pairs that share a product to groups; keep the best picture of each product."""
    product = generation.columns.product_id
    parents: dict[int, int] = {}

    def root(of: int) -> int:
        while parents.setdefault(of, of) != of:
            parents[of] = parents[parents[of]]
            of = parents[of]
        return of

    best: dict[int, tuple[int, float]] = {}
    for a, b, similarity in pairs:
        one, other = root(int(product[a])), root(int(product[b]))
        parents[max(one, other)] = min(one, other)
        for row in (a, b):
            best.setdefault(int(product[row]), (row, similarity))
    return [Double(row, root(of), similarity) for of, (row, similarity) in best.items()]
