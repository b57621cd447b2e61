"""Surveys a generation for near-duplicates and for pictures that don't fit category or title.

Reads the generation, the titles and the stored renditions. Stores the vectors of titles.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import sqlalchemy
from sqlalchemy import select

from search.database.connection import session_scope
from search.database.models import Product
from search.encoder import Encoder
from search.index.generation_files import Generation
from search.merchandising.health.duplicates import find_duplicates
from search.merchandising.health.misfits import wrong_categories, wrong_titles
from search.merchandising.health.neighbours import find_neighbours
from search.merchandising.health.title_vectors import title_vectors
from search.pictures.rendition_reader import Renditions
from search.pictures.rendition_store import PictureStore
from search.settings import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to correct; see `search.database.models.Finding`."""

    kind: str  # duplicate, category or title
    product_id: int
    image_id: int
    score: float  # how sure, 0 to 1
    detail: dict[str, Any]
    group: int | None = None


@dataclass(slots=True)
class Survey:
    """What was found, and how many seconds each part took."""

    found: list[Found] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def survey(
    database: sqlalchemy.Engine,
    settings: Settings,
    generation: Generation,
    encoder: Encoder,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Survey:
    """Survey a generation.

    Args:
        database: Where titles are.
        settings: Below whose root the renditions and the vectors of titles are.
        generation: What is surveyed.
        encoder: The model that built it.
        tell: Called as each part begins.
    """
    result, columns = Survey(), generation.columns
    renditions = Renditions(database, PictureStore(settings.root))

    @contextmanager
    def part(name: str) -> Iterator[None]:
        tell(name)
        started = monotonic()
        yield
        result.seconds[name] = round(monotonic() - started, 2)

    def add(kind: str, row: int, score: float, group: int | None = None, **more: str) -> None:
        product, image = int(columns.product_id[row]), int(columns.image_id[row])
        result.found.append(Found(kind, product, image, round(score, 4), dict(more), group))

    with part("neighbours"):
        neighbours = find_neighbours(generation)
    with part("duplicates"):
        for double in find_duplicates(generation, neighbours, lambda i: renditions([i])[0]):
            add("duplicate", double.row, double.similarity, group=double.group)
    with part("categories"):
        for each in wrong_categories(generation, neighbours):
            add("category", each.row, each.share, stated=each.stated, seen=each.seen)
    with part("titles"):
        encode = partial(title_vectors, settings.root, encoder)
        for misnamed in wrong_titles(generation, read_titles(database), encode):
            add("title", misnamed.row, misnamed.better, title=misnamed.title)
    return result


def read_titles(database: sqlalchemy.Engine) -> dict[int, str]:
    """Return the titles of the products in the catalogue, by id."""
    with session_scope(database) as session:
        named = select(Product.id, Product.title).where(Product.retired_at.is_(None))
        return {row.id: row.title for row in session.execute(named)}
