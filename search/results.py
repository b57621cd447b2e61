"""The values that pass between parts: queries, candidates, hits, pages, array aliases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.errors import UnusableQuery

Embeddings = npt.NDArray[np.float32]
"""(n, d) float32, rows of unit length."""
HalfVectors = npt.NDArray[np.float16]
"""(n, d) float16, rows of unit length up to rounding: how vectors are stored."""
Vector = npt.NDArray[np.float32]
"""(d,) float32, unit length."""
Patches = npt.NDArray[np.int8]
"""(n, cells, p) int8, a descriptor of each cell of a picture; unit length is 127."""
CellPatches = npt.NDArray[np.int8]
"""(cells, p) int8, the descriptors of one picture."""
PatchWeights = npt.NDArray[np.float32]
"""(n, cells) float32, how much each cell matters in a query; they sum to 1."""
RegionMaps = npt.NDArray[np.float32]
"""(n, 5, g, g) float32, where a model sees things in pictures; see `search.query.regions`."""
Codes = npt.NDArray[np.int32]
"""(n,) int32, positions in a list of values; -1: none is known."""
Ids = npt.NDArray[np.int64]
"""(n,) int64; -1 pads short rows where faiss returns them."""


class StoredRows(Protocol):
    """Rows that are read by number, slice or array of numbers: an array, or something like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as of an array, rows first."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...  # noqa: ANN401 - as an array's


SAME_SIDE = 0.001
"""Sides of boxes that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an upright picture, as fractions of its width and height."""

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        inside = (
            self.x >= 0 and self.y >= 0 and self.x + self.w <= 1.0001 and self.y + self.h <= 1.0001
        )
        if not (inside and self.w > 0 and self.h > 0):
            raise UnusableQuery(
                "box must be x,y,w,h as fractions of the picture, inside it and not empty, "
                "such as 0.1,0.2,0.5,0.5."
            )

    def near(self, other: "Box | None") -> bool:
        """Return whether another box is the same, up to rounding."""
        if other is None:
            return False
        mine, theirs = (self.x, self.y, self.w, self.h), (other.x, other.y, other.w, other.h)
        return max(abs(a - b) for a, b in zip(mine, theirs, strict=True)) < SAME_SIDE

    def crop(self, image: Image.Image) -> Image.Image:
        """Return this part of the picture, at least one pixel wide and high."""
        left, top = int(self.x * image.width), int(self.y * image.height)
        right = max(left + 1, round((self.x + self.w) * image.width))
        bottom = max(top + 1, round((self.y + self.h) * image.height))
        return image.crop((left, top, min(right, image.width), min(bottom, image.height)))


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a photo that shows a thing."""

    box: Box
    score: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must be; an empty tuple or None does not restrict."""

    categories: tuple[str, ...] = ()  # paths; `A > B` keeps everything below it
    brands: tuple[str, ...] = ()  # compared without case
    colours: tuple[str, ...] = ()  # compared without case
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # pattern: (striped,)
    min_price_cents: int | None = None
    max_price_cents: int | None = None
    in_stock: bool | None = None

    def __bool__(self) -> bool:
        return self != Filters()


Sort = Literal["relevance", "price_up", "price_down"]
"""The order of found products: as ranked, or by price, products without one last."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: a photo, a text or both, and what hits must be."""

    photo: Image.Image | None = None
    box: Box | None = None
    text: str = ""
    filters: Filters = field(default_factory=Filters)
    k: int = 24  # products per page
    page: int = 1  # 1-based
    stages: tuple[str, ...] | None = None  # re-ranking stages to run; None: all
    fold: bool = True  # variants of one product take one place
    record: bool = True  # keep a search event; False for searches by staff, who are no shoppers
    sort: Sort = "relevance"

    @property
    def kind(self) -> str:
        """`photo`, `text` or `both`."""
        if self.photo is not None:
            return "both" if self.text.strip() else "photo"
        return "text"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of a generation that may answer a query, best first."""

    rows: Ids  # (n,) int64, row numbers of the generation's files
    similarities: npt.NDArray[np.float32]  # (n,) cosine, approximate until rescored


@dataclass(frozen=True, slots=True)
class StageMove:
    """What one re-ranking stage did to a hit."""

    stage: str
    rank_before: int  # 1-based
    rank_after: int  # 1-based


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that speaks for, or against, a hit's place; see `search.ranking.explanations`."""

    kind: str  # `words`, `sku`, `brand`, `attribute`, `region`, `parts` or `rule`
    message: str  # an English sentence with `%(name)s` for each value; translations look it up
    values: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in English; words are quoted and listed."""
        said = {
            name: ", ".join(f"“{word}”" for word in value) if isinstance(value, tuple) else value
            for name, value in self.values.items()
        }
        return self.message % said if said else self.message


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One attribute of a product, and who says so."""

    name: str
    value: str
    confidence: float  # 0..1; 1 where someone wrote it
    source: (
        str  # `merchandiser`: edited, `merchant`: its own field, `title`: named, `picture`: seen
    )


@dataclass(frozen=True, slots=True)
class ProductCard:
    """What a page shows of a product."""

    product_id: int
    sku: str
    title: str
    description: str
    brand: str | None
    category: str | None  # the merchandiser's, or else the merchant's
    colour: str | None  # the same
    price_cents: int | None
    currency: str | None
    in_stock: bool
    url: str | None
    image_ids: tuple[int, ...]  # product_image ids in the merchant's order, usable ones only
    attributes: tuple[AttributeValue, ...] = ()  # each name once, by its best source


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One product on a page, best first."""

    product: ProductCard
    image_id: int  # the product's picture that matched best
    similarity: float  # cosine, -1..1, exact
    rank: int  # 1-based, after re-ranking, counted over all pages
    moves: tuple[StageMove, ...] = ()
    why: tuple[Reason, ...] = ()
    variants: tuple[ProductCard, ...] = ()  # found variants that share this place, best first


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many of the found products have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A misspelt word, and the word of the catalogue that was searched for; both lower case."""

    typed: str
    meant: str


Verdict = Literal["same", "close", "nothing"]
"""`same`: the first hit is most likely the product; `close`: something like it was found."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits and what is needed to show and repeat it."""

    hits: tuple[SearchHit, ...]
    total: int  # products found, over all pages; variants of one product count once
    page: int
    k: int
    kind: str  # `photo`, `text` or `both`
    generation_id: int
    model_tag: str
    facets: dict[str, tuple[FacetValue, ...]]  # `category`, `brand`, `colour`, attributes
    timings_ms: dict[str, float]  # by step: words, encode, candidates, rerank, hydrate
    prices_cents: tuple[int, int] | None = None  # lowest and highest of the found; None: no prices
    verdict: Verdict | None = None  # how close the hits are; None: not calibrated, or `similar`
    corrections: tuple[Correction, ...] = ()  # misspelt words of the text
    regions: tuple[Region, ...] = ()  # things in the photo, best first
    looked_at: Box | None = None  # the part of the photo that was searched for; None: all of it
    redirect: str | None = None  # the address that the shop sends these words to
    event_id: int | None = None  # search_event row, where one was written

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.k)
