"""The fields of a product that is sent between two ingests of its catalogue, and their limits.

The fields have the names of a catalogue's. When the change is settled they are read by the rules
of a catalogue (`indexer.ingest.catalogue_row`): a price may be 12.5 or `12,50 EUR`. This module
refuses what can be refused before that: unknown fields, other types, sizes, text that PostgreSQL
can't store, pictures without an http(s) address. A field that is left out, the product does not
have.
"""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
)

from search.http.web_addresses import MAX_ADDRESS_CHARS, is_web_address
from search.text.normalise import one_line

MAX_PICTURES = 100
MAX_LINE_CHARS = 500
LARGEST = 10**12
"""The largest price or stock that is accepted."""


def _storable(text: str) -> str:
    """Refuse what PostgreSQL can't store as text."""
    if "\x00" in text:
        raise ValueError("it holds a NUL byte; send text")
    return text


def _known_sku(text: str) -> str:
    """Return a sku in the form in which products have it."""
    sku = one_line(text)
    if not sku:
        raise ValueError("every product needs a sku of its own")
    return sku


def _web_address(text: str) -> str:
    """Return a picture's address. Refuse anything but an http(s) address."""
    address = text.strip()
    if not is_web_address(address):
        raise ValueError("a picture is named by its http(s) address; a file is sent as `picture`")
    return address


def _amount(value: object) -> object:
    """Refuse what is not a number, a yes or no, or a text."""
    if value is None:
        return None
    if isinstance(value, str):
        if len(value) > MAX_LINE_CHARS:
            raise ValueError(f"at most {MAX_LINE_CHARS} characters fit")
        return _storable(value)
    if not isinstance(value, bool | int | float) or not 0 <= value <= LARGEST:
        raise ValueError(f"send a number from 0 to {LARGEST:,}, or words")
    return value


def _price(value: object) -> object:
    """Refuse what is not an amount."""
    if isinstance(value, bool):
        raise ValueError("send an amount, such as 12.5")  # noqa: TRY004  (pydantic's own)
    return _amount(value)


def _as_list(value: object) -> object:
    """Return a single picture as a list of one."""
    return [value] if isinstance(value, str) else value


Sku = Annotated[str, Field(max_length=200), AfterValidator(_storable), AfterValidator(_known_sku)]
Address = Annotated[
    str,
    Field(max_length=MAX_ADDRESS_CHARS),
    AfterValidator(_storable),
    AfterValidator(_web_address),
]
Line = Annotated[str, Field(max_length=MAX_LINE_CHARS), AfterValidator(_storable)]
SKU: TypeAdapter[str] = TypeAdapter(Sku)
"""Reads a sku that stands alone, for example in an address."""


class ProductFields(BaseModel):
    """A whole product: a field that is left out, it does not have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: Sku | None = Field(
        default=None, description="The shop's key of the product.", examples=["S007-00042"]
    )
    title: Line = Field(min_length=1, examples=["Red enamel mug"])
    description: Annotated[str, Field(max_length=100_000), AfterValidator(_storable)] | None = (
        Field(
            default=None, description="Its HTML is left out; the first 20,000 characters are kept."
        )
    )
    brand: Line | None = Field(default=None, examples=["Nordlys"])
    category: Line | list[Line] | None = Field(
        default=None, description="A path: `A > B > C`, or a list.", examples=["Home > Tableware"]
    )
    colour: Line | None = Field(default=None, examples=["red"])
    price: Annotated[float | int | str | None, BeforeValidator(_price)] = Field(
        default=None, description="Such as 12.5, or `12,50 EUR`.", examples=[12.5]
    )
    currency: Line | None = Field(default=None, description="Of three letters.", examples=["EUR"])
    in_stock: Annotated[bool | float | int | str | None, BeforeValidator(_amount)] = Field(
        default=None, description="Or a number, or a word such as `sold_out`; left out: it is."
    )
    url: Annotated[str, Field(max_length=MAX_ADDRESS_CHARS), AfterValidator(_storable)] | None = (
        Field(default=None, description="Its page in the shop.")
    )
    image: Annotated[list[Address], BeforeValidator(_as_list)] = Field(
        default=[],
        max_length=MAX_PICTURES,
        description="Addresses of its pictures, the main one first. Of a form, sent pictures stand "
        "before them.",
        examples=[["https://shop.example/mug.jpg"]],
    )
