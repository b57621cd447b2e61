"""What the API takes and gives, as pydantic models; the OpenAPI document is made from them."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from flask import url_for
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from werkzeug.datastructures import FileStorage

from search.columns import FIELDS
from search.results import ProductCard, SearchHit, SearchPage
from web.attribute_fields import describe_fields, gathered


def _as_list(value: object) -> object:
    """Take a single form value for a list of one."""
    return [value] if isinstance(value, str) else value


Values = Annotated[list[str], BeforeValidator(_as_list)]
Price = Annotated[Decimal, Field(ge=0, le=10**9, allow_inf_nan=False)]
Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
UploadedFile = Annotated[FileStorage, WithJsonSchema({"type": "string", "format": "binary"})]


class FilterFields(BaseModel):
    """What hits must be. Empty fields do not restrict."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        json_schema_extra=describe_fields,
    )

    category: Values = Field(default=[], description="Paths; `A > B` keeps all below it. Any of.")
    brand: Values = Field(default=[], description="Any of these, whatever the case.")
    colour: Values = Field(default=[], description="Any of these, whatever the case.")
    attributes: dict[str, Values] = Field(default={}, description="By name; any of these.")
    min_price: Price | None = Field(
        default=None, description="In the currency's unit, such as 19.90."
    )
    max_price: Price | None = Field(
        default=None, description="In the currency's unit, such as 49.90."
    )
    in_stock: bool | None = Field(default=None, description="True keeps what can be bought now.")

    @model_validator(mode="before")
    @classmethod
    def take_apart(cls, fields: object) -> object:
        """Gather attributes; leave out the fields of a form that nobody filled in."""
        if not isinstance(fields, dict):
            return fields
        kept = {}
        for name, value in fields.items():
            filled = [v for v in value if v != ""] if isinstance(value, list) else value
            unsent = isinstance(filled, FileStorage) and not filled.filename
            if filled not in ("", []) and not unsent:
                kept[name] = filled
        return gathered(kept, cls.model_fields)

    def chosen(self, name: str) -> list[str]:
        """Return the values of a facet that are asked for."""
        own: list[str] = getattr(self, name) if name in FIELDS else self.attributes.get(name, [])
        return own


class PagedFields(FilterFields):
    """Filters, and which part of the hits to return."""

    k: int = Field(default=24, ge=1, le=100, description="Products per page.")
    page: int = Field(default=1, ge=1, le=10_000, description="Counted from 1.")
    fold: bool = Field(
        default=True,
        description="Variants of one product, such as its colours, take one place.",
    )


class QueryFields(PagedFields):
    """The fields that JSON and form searches share."""

    text: str = Field(
        default="", max_length=2000, description="Words; with a photo, what to change."
    )
    box: str | None = Field(
        default=None,
        description="Part of the upright photo to look at: `x,y,w,h` as fractions of its size.",
        examples=["0.1,0.2,0.5,0.5"],
    )


class JsonSearch(QueryFields):
    """A search for words, or with a photo that was kept before."""

    photo: Token | None = Field(default=None, description="Token that an earlier search returned.")


class FormSearch(QueryFields):
    """A search with a photo."""

    photo: UploadedFile | None = Field(default=None, description="JPEG, PNG, WebP, HEIC, AVIF, …")
    keep: bool = Field(
        default=False,
        description="Keep the photo for a day and return its token, to page and to refine "
        "without sending it again.",
    )


class AttributeView(BaseModel):
    """What is known of a product, and who says so."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="category, colour, pattern, material, …")
    value: str
    confidence: float = Field(description="0 to 1; of what pictures show, how likely it is.")
    source: str = Field(
        description="`merchant`: its field says so; `title`: the title; `picture`: predicted."
    )


class ProductView(BaseModel):
    """A product."""

    sku: str
    title: str
    description: str
    brand: str | None
    category: str | None = Field(description="A path, `A > B > C`.")
    colour: str | None
    price_cents: int | None = Field(description="Hundredths of the currency's unit.")
    currency: str | None = Field(description="ISO 4217.")
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


class MoveView(BaseModel):
    """What one re-ranking stage did to a hit."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    rank_before: int
    rank_after: int


class HitView(BaseModel):
    """One product found."""

    rank: int = Field(description="Counted from 1 over all pages.")
    similarity: float = Field(description="Cosine, -1 to 1, exact; rises with likeness.")
    picture: str = Field(description="The product's picture that matched best.")
    product: ProductView
    moves: list[MoveView] = Field(description="Which stage moved it where.")
    variants: list[ProductView] = Field(
        description="Found variants of the product, such as other colours, that take its place."
    )

    @classmethod
    def of(cls, hit: SearchHit) -> Self:
        """Return what the API shows of a hit."""
        return cls(
            rank=hit.rank,
            similarity=round(hit.similarity, 6),
            picture=url_for("pictures.picture", image_id=hit.image_id),
            product=ProductView.of(hit.product),
            moves=[MoveView.model_validate(move) for move in hit.moves],
            variants=[ProductView.of(card) for card in hit.variants],
        )


class FacetView(BaseModel):
    """How many of the found products have this value."""

    model_config = ConfigDict(from_attributes=True)

    value: str
    count: int


class CorrectionView(BaseModel):
    """A misspelt word, and the word of the catalogue that it was read as."""

    model_config = ConfigDict(from_attributes=True)

    typed: str
    meant: str


class ResultsView(BaseModel):
    """One page of hits, best first."""

    hits: list[HitView]
    total: int = Field(
        description="Products found, over all pages; what is folded counts once, except in facets."
    )
    page: int
    pages: int
    k: int
    kind: str = Field(description="`photo`, `text`, `both` or `similar`.")
    photo: str | None = Field(description="Token of the kept photo.")
    facets: dict[str, list[FacetView]]
    generation_id: int
    model_tag: str
    timings_ms: dict[str, float]
    verdict: Literal["same", "close", "nothing"] | None = Field(
        description="What the first hits are worth, by similarities calibrated on this catalogue: "
        "most likely the very product, something close, or nothing close. Null where the "
        "catalogue is too small to tell, and for products similar to one."
    )
    corrections: list[CorrectionView] = Field(description="Words that were read otherwise.")
    event_id: int | None

    @classmethod
    def of(cls, found: SearchPage, *, photo: str | None = None) -> Self:
        """Return what the API shows of a page."""
        return cls(
            hits=[HitView.of(hit) for hit in found.hits],
            total=found.total,
            page=found.page,
            pages=found.pages,
            k=found.k,
            kind=found.kind,
            photo=photo,
            facets={
                name: [FacetView.model_validate(value) for value in values]
                for name, values in found.facets.items()
            },
            generation_id=found.generation_id,
            model_tag=found.model_tag,
            timings_ms={step: round(ms, 3) for step, ms in found.timings_ms.items()},
            verdict=found.verdict,
            corrections=[CorrectionView.model_validate(c) for c in found.corrections],
            event_id=found.event_id,
        )


class ClickFields(BaseModel):
    """A shown product that was opened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: int = Field(ge=1, le=2**63 - 1, description="The answer's `event_id`.")
    sku: str = Field(min_length=1, description="The hit's product.")
    rank: int = Field(ge=1, le=10**6, description="The hit's `rank`.")


class ClickView(BaseModel):
    """What became of a click."""

    recorded: bool = Field(description="False where this click was known already.")


class RefusedField(BaseModel):
    """A field that can't be used, and why."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(description="Names the kind of problem; stable.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do.")
    reason: str | None = Field(default=None, description="Short code of why a picture is refused.")
    errors: list[RefusedField] | None = Field(default=None, description="Refused fields.")
