"""The answers of the API as pydantic models; the OpenAPI document is made from them."""

from typing import Annotated, Literal, Self

from flask import url_for
from pydantic import BaseModel, ConfigDict, Field

from search.results import Box, ProductCard, Region, SearchHit, SearchPage

Sides = Annotated[
    list[float],
    Field(
        min_length=4,
        max_length=4,
        description="x, y, w, h as fractions of the upright photo; joined by commas, a `box`.",
    ),
]


def box_sides(box: Box) -> list[float]:
    """Return x, y, w and h, rounded."""
    return [round(side, 4) for side in (box.x, box.y, box.w, box.h)]


class RecordView(BaseModel):
    """What is read from the attributes of one of the engine's own records."""

    model_config = ConfigDict(from_attributes=True)


class AttributeView(RecordView):
    """What is known of a product, and who says so."""

    name: str = Field(description="category, colour, pattern, material, …")
    value: str
    confidence: float = Field(description="0 to 1; of what pictures show, how likely it is.")
    source: str = Field(
        description="`merchandiser`: someone of the shop set it; `merchant`: its field says so; "
        "`title`: the title; `picture`: predicted. The first of these that knows is believed."
    )


class ProductView(BaseModel):
    """A product."""

    sku: str = Field(description="The shop's key.", examples=["S007-00042"])
    title: str = Field(examples=["Red striped mug"])
    description: str
    brand: str | None = Field(examples=["Nordlys"])
    category: str | None = Field(
        description="A path, `A > B > C`.", examples=["Home > Tableware > Mugs"]
    )
    colour: str | None = Field(examples=["red"])
    price_cents: int | None = Field(
        description="Hundredths of the currency's unit.", examples=[1050]
    )
    currency: str | None = Field(description="ISO 4217.", examples=["EUR"])
    in_stock: bool
    url: str | None = Field(description="The product in the shop.")
    page: str = Field(description="The product on this site.")
    pictures: list[str] = Field(description="Addresses on this site, in the shop's order.")
    attributes: list[AttributeView]

    @classmethod
    def of(cls, card: ProductCard) -> Self:
        """Return what the API shows of a product."""
        return cls(
            sku=card.sku,
            title=card.title,
            description=card.description,
            brand=card.brand,
            category=card.category,
            colour=card.colour,
            price_cents=card.price_cents,
            currency=card.currency,
            in_stock=card.in_stock,
            url=card.url,
            page=url_for("pages.product", sku=card.sku),
            pictures=[url_for("pictures.picture", image_id=i) for i in card.image_ids],
            attributes=[AttributeView.model_validate(known) for known in card.attributes],
        )


class MoveView(RecordView):
    """What one re-ranking stage did to a hit."""

    stage: str
    rank_before: int
    rank_after: int


class ReasonView(RecordView):
    """One fact for or against a hit's place."""

    kind: str = Field(
        description="`words`, `sku`, `brand`: what the text names; `attribute`: a wanted value; "
        "`region`: the marked part of the photo; `parts`: the cells of both pictures; `rule`: the "
        "shop's rules."
    )
    text: str = Field(description="A sentence to show.")


class HitView(BaseModel):
    """One product found."""

    rank: int = Field(description="Counted from 1 over all pages.")
    similarity: float = Field(
        description="Cosine, -1 to 1, exact; rises with likeness.", examples=[0.8731]
    )
    picture: str = Field(description="The product's picture that matched best.")
    product: ProductView
    moves: list[MoveView] = Field(description="Which stage moved it where.")
    why: list[ReasonView] = Field(description="What matched.")
    heat: str | None = Field(
        description="A PNG that shows where the photo and the picture agree; null where the photo "
        "is not kept, or its parts were not compared."
    )
    variants: list[ProductView] = Field(
        description="Found variants of the product, such as other colours, that take its place."
    )

    @classmethod
    def of(cls, hit: SearchHit, *, photo: str | None = None, box: str | None = None) -> Self:
        """Return what the API shows of a hit; `photo` and `box` as in `ResultsView.of`."""
        compared = photo is not None and any(reason.kind == "parts" for reason in hit.why)
        return cls(
            rank=hit.rank,
            similarity=round(hit.similarity, 6),
            picture=url_for("pictures.picture", image_id=hit.image_id),
            product=ProductView.of(hit.product),
            moves=[MoveView.model_validate(move) for move in hit.moves],
            why=[ReasonView.model_validate(reason) for reason in hit.why],
            heat=url_for("api.heat", photo=photo, image_id=hit.image_id, box=box)
            if compared
            else None,
            variants=[ProductView.of(card) for card in hit.variants],
        )


class FacetView(RecordView):
    """How many of the found products have this value."""

    value: str
    count: int


class CorrectionView(RecordView):
    """A misspelt word, and the word of the catalogue that it was read as."""

    typed: str
    meant: str


class RegionView(BaseModel):
    """A part of the photo that shows a thing."""

    box: Sides
    score: float = Field(description="0 to 1, how likely it is meant.")
    chosen: bool = Field(description="Whether the search looked at this part.")

    @classmethod
    def of(cls, region: Region, at: Box | None) -> Self:
        """Return what the API shows of a region; `at` is the part that was searched for."""
        return cls(box=box_sides(region.box), score=region.score, chosen=region.box.near(at))


class ResultsView(BaseModel):
    """One page of hits, best first."""

    hits: list[HitView]
    total: int = Field(
        description="Products found, over all pages; folded variants count once, except in facets.",
        examples=[57],
    )
    page: int = Field(examples=[1])
    pages: int = Field(examples=[3])
    k: int = Field(examples=[24])
    kind: str = Field(description="`photo`, `text`, `both` or `similar`.", examples=["text"])
    photo: str | None = Field(description="Token of the kept photo.")
    regions: list[RegionView] = Field(
        description="Things in the photo, best first; search with another `box` to mean another."
    )
    looked_at: Sides | None = Field(
        description="The part of the photo that was searched for: the query's box, or the best "
        "region, which counts beside the whole photo; null: all of it."
    )
    facets: dict[str, list[FacetView]]
    generation_id: int
    model_tag: str
    timings_ms: dict[str, float]
    verdict: Literal["same", "close", "nothing"] | None = Field(
        description="How close the first hits are, by thresholds calibrated on this catalogue: "
        "`same`, most likely the very product; `close`, something like it; `nothing`, nothing "
        "close. Null where the catalogue is too small to tell, and for products similar to one."
    )
    corrections: list[CorrectionView] = Field(
        description="Misspelt words, and what was searched for instead."
    )
    redirect: str | None = Field(
        description="Where the shop sends shoppers who ask for exactly these words: a web address, "
        "or a path on this site. The hits are those of a search all the same."
    )
    event_id: int | None

    @classmethod
    def of(cls, found: SearchPage, *, photo: str | None = None, box: str | None = None) -> Self:
        """Return what the API shows of a page.

        Args:
            found: The page.
            photo: Token of the photo, where it is kept.
            box: The part of it that was asked for.
        """
        return cls(
            hits=[HitView.of(hit, photo=photo, box=box) for hit in found.hits],
            total=found.total,
            page=found.page,
            pages=found.pages,
            k=found.k,
            kind=found.kind,
            photo=photo,
            regions=[RegionView.of(region, found.looked_at) for region in found.regions],
            looked_at=None if found.looked_at is None else box_sides(found.looked_at),
            facets={
                name: [FacetView.model_validate(value) for value in values]
                for name, values in found.facets.items()
            },
            generation_id=found.generation_id,
            model_tag=found.model_tag,
            timings_ms={step: round(ms, 3) for step, ms in found.timings_ms.items()},
            verdict=found.verdict,
            corrections=[CorrectionView.model_validate(c) for c in found.corrections],
            redirect=found.redirect,
            event_id=found.event_id,
        )


class ClickView(BaseModel):
    """What became of a click."""

    recorded: bool = Field(description="False where this click was recorded already.")


class KeptView(BaseModel):
    """What became of a photo."""

    kept: bool = Field(description="False where the search found something, or has its photo.")
