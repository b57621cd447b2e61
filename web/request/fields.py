"""The fields of requests as pydantic models; `web.api.response_models` has the answers."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from werkzeug.datastructures import FileStorage

from search.index.product_columns import FIELDS
from search.results import Sort
from web.request.attribute_fields import describe_fields, gather_attributes


def _as_list(value: object) -> object:
    """Return a list: a single value of a form becomes a list of one."""
    return [value] if isinstance(value, str) else value


Values = Annotated[list[str], BeforeValidator(_as_list)]
Price = Annotated[Decimal, Field(ge=0, le=10**9, allow_inf_nan=False)]
Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
UploadedFile = Annotated[FileStorage, WithJsonSchema({"type": "string", "format": "binary"})]


class RequestFields(BaseModel):
    """The fields of a request; others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FilterFields(RequestFields):
    """What hits must be. Empty fields do not restrict."""

    model_config = ConfigDict(arbitrary_types_allowed=True, json_schema_extra=describe_fields)

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
    def gather_fields(cls, fields: object) -> object:
        """Gather attributes, and leave out form fields that nobody filled in."""
        if not isinstance(fields, dict):
            return fields
        kept = {}
        for name, value in fields.items():
            filled = [v for v in value if v != ""] if isinstance(value, list) else value
            unsent = isinstance(filled, FileStorage) and not filled.filename
            if filled not in ("", []) and not unsent:
                kept[name] = filled
        return gather_attributes(kept, cls.model_fields)

    def chosen(self, name: str) -> list[str]:
        """Return the values of a facet that are asked for."""
        own: list[str] = getattr(self, name) if name in FIELDS else self.attributes.get(name, [])
        return own


class PagedFields(FilterFields):
    """Filters, and which page of the hits to return."""

    k: int = Field(default=24, ge=1, le=100, description="Products per page.")
    page: int = Field(default=1, ge=1, le=10_000, description="Counted from 1.")
    fold: bool = Field(
        default=True,
        description="Variants of one product, such as its colours, take one place.",
    )
    sort: Sort = Field(
        default="relevance",
        description="Order of the found products; those without a price come last.",
    )


class QueryFields(PagedFields):
    """The fields that JSON and form searches share."""

    text: str = Field(
        default="",
        max_length=2000,
        description="Words; with a photo, what to change.",
        examples=["red striped mug"],
    )
    box: str | None = Field(
        default=None,
        description="Part of the upright photo to look at: `x,y,w,h` as fractions of its size.",
        examples=["0.1,0.2,0.5,0.5"],
    )


class PhotoFields(QueryFields):
    """A query whose photo may have an address, and whether to keep the photo."""

    photo_url: str | None = Field(
        default=None, max_length=2000, description="Address of a photo on the public Internet."
    )
    keep: bool = Field(
        default=False,
        description="Keep the photo for a day and return its token, so that further pages and "
        "other filters need no second upload.",
    )


class JsonSearch(PhotoFields):
    """A search for words, or with a photo that was kept before or has an address."""

    photo: Token | None = Field(default=None, description="Token that an earlier search returned.")


class FormSearch(PhotoFields):
    """A search with a photo."""

    photo: UploadedFile | None = Field(default=None, description="JPEG, PNG, WebP, HEIC, AVIF, …")


class HeatFields(RequestFields):
    """Which two pictures to compare, and which of them to show."""

    photo: Token = Field(
        description="Token that a search with `keep` returned.",
        examples=["0123456789abcdef0123456789abcdef"],
    )
    image_id: int = Field(
        ge=1, le=2**63 - 1, description="A hit's picture: the end of `picture`.", examples=[42]
    )
    box: str | None = Field(default=None, description="Part of the photo, as in a search.")
    side: Literal["product", "photo"] = Field(default="product", description="What is shown.")


class ClickFields(RequestFields):
    """A shown product that was opened."""

    event_id: int = Field(ge=1, le=2**63 - 1, description="The answer's `event_id`.")
    sku: str = Field(min_length=1, description="The hit's product.")
    rank: int = Field(ge=1, le=10**6, description="The hit's `rank`.")


class KeepFields(RequestFields):
    """A photo that found nothing."""

    event_id: int = Field(ge=1, le=2**63 - 1, description="The answer's `event_id`.")
    photo: Token = Field(description="Token of the photo that was searched with.")
