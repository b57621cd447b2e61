"""Pictures that don't fit what the catalogue says of their products.

A category is doubtful where most of the nearest pictures are of products of another category. The
product itself has no vote.

A title is doubtful where two things hold. Many other titles fit the picture better than its own.
And its own fits worse than titles fit pictures elsewhere in its category. Both are needed: a
strange but right name fits badly, though no other name fits better.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.index.generation_files import Generation
from search.merchandising.health.neighbours import Neighbours
from search.results import Embeddings, Ids
from search.text.normalise import folded_path

CATEGORY_FROM = 0.5
"""Share of the neighbours' votes by which another category must lead. In a drawn shop with 30
products in wrong categories, 0.81 to 1.0 of these are found, and 4 of 1,320 right ones."""
LEAST_VOTES = 6
TITLE_FROM = 0.1
"""Share of other titles that must fit better. In the same shop with 40 wrong titles, 0.96 of their
pictures are found, and 27 of 1,311 right ones. Sorted by this share, most wrong ones come first."""
FAR_FROM = 3.0
"""How many deviations from the median of its category the title's cosine must lie below it."""
LEAST_DEVIATION = 0.02
LEAST_PICTURES = 10
"""A category with fewer is compared with the whole catalogue."""
SAMPLE = 1000
"""Other titles that each picture is compared with."""
SEED = 5
BLOCK = 4096

Floats = npt.NDArray[np.float32]
EncodeTitles = Callable[[Sequence[str]], Embeddings]
"""(n, d) float32 of n different titles."""


@dataclass(frozen=True, slots=True)
class WrongCategory:
    """A product that lies among pictures of another category."""

    row: int
    stated: str
    seen: str
    share: float  # of the votes, by which the seen category leads


@dataclass(frozen=True, slots=True)
class WrongTitle:
    """A picture that other titles fit better."""

    row: int
    title: str
    better: float  # share of other titles that fit better


def wrong_categories(generation: Generation, neighbours: Neighbours) -> list[WrongCategory]:
    """Return the products whose neighbours agree on another category, surest first."""
    facet = generation.columns.facets["category"]
    known, of_row = np.unique(generation.columns.product_id, return_inverse=True)
    first = np.zeros(len(known), dtype=np.int64)
    first[of_row[::-1]] = np.arange(len(of_row))[::-1]
    voters = np.repeat(of_row, neighbours.rows.shape[1])
    votes = np.where(neighbours.rows >= 0, facet.codes[neighbours.rows], -1).ravel()
    width = len(facet.values)
    counted = votes >= 0
    keys, counts = np.unique(
        voters[counted].astype(np.int64) * width + votes[counted], return_counts=True
    )
    ballots: dict[int, list[tuple[int, int]]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        ballots.setdefault(key // width, []).append((count, key % width))
    found = []
    for voter, ballot in ballots.items():
        row = int(first[voter])
        code, total = int(facet.codes[row]), sum(count for count, _ in ballot)
        if code < 0 or total < LEAST_VOTES:
            continue
        most, winner = max(ballot)
        own = sum(count for count, each in ballot if each == code)
        share = (most - own) / total
        stated, seen = facet.values[code], facet.values[winner]
        if share >= CATEGORY_FROM and not _related(stated, seen):
            found.append(WrongCategory(row, stated, seen, round(share, 3)))
    return sorted(found, key=lambda each: (-each.share, each.row))


def _related(one: str, other: str) -> bool:
    """Whether one path is the other, or lies below it."""
    a, b = (f"{folded_path(path)} > " for path in (one, other))
    return a.startswith(b) or b.startswith(a)


def wrong_titles(
    generation: Generation, titles: Mapping[int, str], encode: EncodeTitles
) -> list[WrongTitle]:
    """Return a picture of each product that many other titles fit better, surest first.

    Args:
        generation: Its rows.
        titles: By product; those without are left out.
        encode: Turns titles into vectors of the model that made the generation.
    """
    product, category = generation.columns.product_id, generation.columns.facets["category"].codes
    rows = np.array([r for r, p in enumerate(product.tolist()) if titles.get(p)], dtype=np.int64)
    if len(rows) < LEAST_PICTURES:
        return []
    texts = [titles[int(product[row])] for row in rows.tolist()]
    distinct, place = np.unique(np.array(texts, dtype=object), return_inverse=True)
    encoded = encode(distinct.tolist())
    own, better = _fits(generation, rows, encoded, place)
    far = _deviations(own, category[rows]) >= FAR_FROM
    found = [
        WrongTitle(int(rows[i]), texts[i], round(float(better[i]), 3))
        for i in np.flatnonzero(far & (better >= TITLE_FROM)).tolist()
    ]
    surest: dict[int, WrongTitle] = {}
    for each in sorted(found, key=lambda each: (-each.better, each.row)):
        surest.setdefault(int(product[each.row]), each)
    return list(surest.values())


def _fits(
    generation: Generation, rows: npt.NDArray[np.int64], encoded: Embeddings, place: Ids
) -> tuple[Floats, Floats]:
    """Return the cosine (r,) of each picture with its title, and the share of others above it."""
    chosen = np.random.default_rng(SEED).permutation(len(encoded))[:SAMPLE]
    sample = encoded[chosen]
    own = np.empty(len(rows), dtype=np.float32)
    better = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        pictures = generation.vectors[rows[part]].astype(np.float32)
        own[part] = np.einsum("ij,ij->i", pictures, encoded[place[part]])
        # By a margin: the own title may be in the sample, and its cosine rounds otherwise there.
        better[part] = (pictures @ sample.T > own[part, None] + 1e-4).mean(axis=1)
    return own, better


def _deviations(own: Floats, category: npt.NDArray[np.int32]) -> Floats:
    """Return (r,) how many deviations each cosine is below the median of its category."""
    far = _below_median(own)
    for code in np.unique(category).tolist():
        members = category == code
        if members.sum() >= LEAST_PICTURES:
            far[members] = _below_median(own[members])
    return far


def _below_median(values: Floats) -> Floats:
    median = np.median(values)
    deviation = max(1.4826 * float(np.median(np.abs(values - median))), LEAST_DEVIATION)
    return np.asarray((median - values) / deviation, dtype=np.float32)
