"""Fits the similarities from which a hit means *the same product*, *close* or *nothing close*.

They are fitted on a generation's own data. Its pictures are made to look like shoppers' photos and
asked for twice: with their product in the index, and with its whole department taken out. Its
titles are asked for, and words that mean nothing. A threshold is where both kinds of error together
are rarest (Youden 1950).
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy
import structlog
from PIL import Image

from indexer.building.photo_distortion import shopper_view
from indexer.snapshot.catalogue_snapshot import Snapshot
from search.encoder import Encoder
from search.index.generation_files import Thresholds
from search.index.product_columns import Columns, Facet, Mask
from search.index.vector_index import FaissIndex, inner_products, rescore
from search.pictures.rendition_reader import Renditions
from search.pictures.rendition_store import PictureStore
from search.results import HalfVectors, Ids, Vector
from search.settings import Settings
from search.text.common_words import common_words

PHOTOS = 160
"""Most pictures that are asked for."""
FEWEST_PHOTOS = 30
"""With fewer pictures nothing is fitted."""
LEAST_LEFT = 0.3
"""Least share of the shop that is left when a department is taken out."""
TEXTS = 200
"""Most titles that are asked for, and texts that mean nothing."""
CANDIDATES = 20
SAME_PRECISION = 0.9
"""Share of first hits that are right above the threshold of *the same product*."""
TOLERANCE = 0.03
"""Sums of both rates of error that differ by no more count as equal."""
SEED = 23

log = structlog.get_logger()
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The generation that is asked."""

    index: FaissIndex
    vectors: HalfVectors
    category: Facet
    variants: Ids  # (rows,) equal for variants of one product

    def nearest(self, query: Vector, absent: int | None = None) -> tuple[float, int]:
        """Return the similarity and the row of the best hit; -1 for both where nothing is left.

        Args:
            query: (d,) float32.
            absent: A row whose whole department is taken out first; see `_without_department`.
        """
        keep = None if absent is None else self._without_department(absent)
        if keep is not None and not keep.any():
            return -1.0, -1
        found = rescore(self.vectors, query, self.index.search(query, CANDIDATES, keep))
        return float(found.similarities[0]), int(found.rows[0])

    def _without_department(self, row: int) -> Mask:
        """Return the mask (rows,) of what is of another department than a row.

        The widest category of the row's path that leaves enough of the shop is taken out, because
        products of one department are close to each other. Where no category does, the rows that
        resemble it most are taken out.
        """
        code = self.category.codes[row]
        steps = self.category.values[code].split(" > ") if code >= 0 else []
        for depth in range(1, len(steps) + 1):
            keep = ~self.category.mask(
                value.split(" > ")[:depth] == steps[:depth] for value in self.category.values
            )
            if keep.mean() >= LEAST_LEFT:
                return np.asarray(keep)
        alike = inner_products(self.vectors, self.vectors[row].astype(np.float32))
        return np.asarray(alike < np.quantile(alike, LEAST_LEFT))


def calibrate(
    database: sqlalchemy.Engine,
    snapshot: Snapshot,
    columns: Columns,
    index: FaissIndex,
    encoder: Encoder,
    settings: Settings,
) -> Thresholds | None:
    """Fit thresholds; None where too few pictures or titles are there.

    Args:
        database: Says which content a picture has.
        snapshot: Rows in index order.
        columns: The same rows as searchers see them.
        index: Of the generation, tuned.
        encoder: Its model.
        settings: Where renditions are.
    """
    rng = np.random.default_rng(SEED)
    catalogue = Catalogue(
        index,
        index.exact.vectors,
        columns.facets["category"],
        columns.variant,
    )
    rows, photos = _shopper_photos(database, snapshot, settings, rng)
    if len(rows) < FEWEST_PHOTOS:
        log.info("not_calibrated", pictures=len(rows))
        return None
    vectors = encoder.encode_images(photos)
    found = [catalogue.nearest(vector) for vector in vectors]
    present = np.array([similarity for similarity, _ in found])
    absent = np.array([catalogue.nearest(v, r)[0] for v, r in zip(vectors, rows, strict=True)])
    right = catalogue.variants[[row for _, row in found]] == catalogue.variants[rows]
    # The lowest, because real photos lie further from a shop's pictures than distorted ones do.
    close, _ = best_cuts(present, absent)
    titles, nonsense = _texts(snapshot.titles, rng)
    titled = np.array([catalogue.nearest(v)[0] for v in encoder.encode_texts(titles)])
    meaningless = np.array([catalogue.nearest(v)[0] for v in encoder.encode_texts(nonsense)])
    # The highest, because full text search finds the words that the catalogue has anyway.
    _, text_close = best_cuts(titled, meaningless)
    thresholds = Thresholds(
        photo_close=round(close, 4),
        photo_same=round(max(close, precise_from(present, right, absent)), 4),
        text_close=round(text_close, 4),
        photo_miss=round(float(np.mean(present < close)), 4),
        photo_false_alarm=round(float(np.mean(absent >= close)), 4),
        text_miss=round(float(np.mean(titled < text_close)), 4),
        text_false_alarm=round(float(np.mean(meaningless >= text_close)), 4),
    )
    log.info("calibrated", **thresholds.model_dump())
    return thresholds


def best_cuts(present: Floats, absent: Floats) -> tuple[float, float]:
    """Return the lowest and the highest similarity that separates well.

    It does where the sum of both rates of error is within `TOLERANCE` of the least.

    Args:
        present: (n,) best similarities of queries whose answer is there.
        absent: (m,) of queries whose answer is not.
    """
    values = np.unique(np.concatenate([present, absent]))
    cuts = (values[1:] + values[:-1]) / 2 if len(values) > 1 else values
    missed = np.searchsorted(np.sort(present), cuts) / len(present)
    alarms = 1 - np.searchsorted(np.sort(absent), cuts) / len(absent)
    errors = missed + alarms
    good = cuts[errors <= errors.min() + TOLERANCE]
    return float(good.min()), float(good.max())


def precise_from(present: Floats, right: npt.NDArray[np.bool_], absent: Floats) -> float:
    """Return the least similarity above which first hits are right as often as `SAME_PRECISION`.

    Args:
        present: (n,) best similarities of queries whose answer is there.
        right: (n,) whether the first hit was the product.
        absent: (m,) of queries whose answer is not there, so their first hits are wrong.

    Returns:
        More than any similarity where first hits are never right so often.
    """
    values = np.concatenate([present, absent])
    correct = np.concatenate([right, np.zeros(len(absent), np.bool_)])
    order = np.argsort(-values, kind="stable")
    precision = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= SAME_PRECISION)
    return float(values[order[good[-1]]]) if len(good) else float(values.max()) + 1e-3


def _shopper_photos(
    database: sqlalchemy.Engine, snapshot: Snapshot, settings: Settings, rng: np.random.Generator
) -> tuple[list[int], list[Image.Image]]:
    """Return the rows asked for, and the picture of each as a shopper's photo."""
    n = len(snapshot.rows)
    chosen = np.sort(rng.choice(n, min(PHOTOS, n), replace=False)).tolist()
    renditions = Renditions(database, PictureStore(settings.root))
    opened = renditions([snapshot.rows[row].image_id for row in chosen])
    found = [(row, picture) for row, picture in zip(chosen, opened, strict=True) if picture]
    rows, pictures = [row for row, _ in found], [picture for _, picture in found]
    backdrops = rng.permutation(len(pictures)).tolist()
    photos = [shopper_view(p, pictures[b], rng) for p, b in zip(pictures, backdrops, strict=True)]
    return rows, photos


def _texts(titles: Sequence[str], rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return titles to ask for, and texts that mean nothing: letters and words at random."""
    distinct = sorted(set(titles))
    asked = rng.choice(len(distinct), min(TEXTS, len(distinct)), replace=False)
    letters = list(string.ascii_lowercase)
    words = sorted(word for word in common_words() if word.isalpha() and len(word) > 3)
    letters_only = ["".join(rng.choice(letters, rng.integers(4, 11))) for _ in range(TEXTS // 2)]
    words_only = [" ".join(rng.choice(words, rng.integers(1, 4))) for _ in range(TEXTS // 2)]
    return [distinct[i] for i in asked], letters_only + words_only
