"""Turns requests into queries. Errors name the fields that can't be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from flask import request
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from search.errors import UnusableQuery
from search.index.product_columns import FIELDS
from search.pictures.decoding import decode_picture
from search.results import Box, Filters, Query
from web.errors import InvalidFields
from web.photos.photo_addresses import is_address
from web.photos.upload_store import MAX_SIDE_PX, KeptPhoto
from web.request.attribute_fields import attribute_names
from web.request.fields import FilterFields, FormSearch, JsonSearch, QueryFields
from web.state import state

PER_PAGE = 24


class PageFields(QueryFields):
    """The fields in the address of a results page. Unknown ones, such as trackers, are ignored."""

    model_config = ConfigDict(extra="ignore")

    k: int = Field(default=PER_PAGE, ge=PER_PAGE, le=PER_PAGE)
    photo: str | None = None


Fields = TypeVar("Fields", bound=FilterFields)
Plain = TypeVar("Plain", bound=BaseModel)


def parse_fields(model: type[Fields], values: MultiDict[str, str]) -> Fields:
    """Return the fields of an address or a form.

    Raises:
        InvalidFields: names the fields and what is allowed.
    """
    lists = {*FIELDS, *attribute_names()}
    given: Mapping[str, Any] = {
        name: values.getlist(name) if name in lists else values[name] for name in values
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidFields.of(error) from error


def parse_single_fields(model: type[Plain], values: MultiDict[str, str]) -> Plain:
    """Return the fields of an address in which each occurs once.

    Raises:
        InvalidFields: names the fields and what is allowed.
    """
    try:
        return model.model_validate(values.to_dict())
    except ValidationError as error:
        raise InvalidFields.of(error) from error


def parse_box(text: str | None) -> Box | None:
    """Return the box written `x,y,w,h`.

    Raises:
        UnusableQuery: not four numbers, or not inside the picture.
    """
    if text is None:
        return None
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UnusableQuery(
            f"box is {text!r}; it must be four numbers x,y,w,h, such as 0.1,0.2,0.5,0.5."
        ) from error
    return Box(x, y, w, h)


def parse_filters(fields: FilterFields) -> Filters:
    """Return what hits must be.

    Raises:
        UnusableQuery: the lowest price is above the highest.
    """
    low, high = _cents(fields.min_price), _cents(fields.max_price)
    if low is not None and high is not None and low > high:
        raise UnusableQuery("min_price is above max_price.")
    return Filters(
        categories=tuple(fields.category),
        brands=tuple(fields.brand),
        colours=tuple(fields.colour),
        attributes={name: tuple(values) for name, values in fields.attributes.items()},
        min_price_cents=low,
        max_price_cents=high,
        in_stock=fields.in_stock,
    )


def parse_query(fields: QueryFields, photo: Image.Image | None) -> Query:
    """Return the query that the fields describe.

    Raises:
        UnusableQuery: fields that contradict each other.
    """
    box = parse_box(fields.box)
    if box is not None and photo is None:
        raise UnusableQuery("box is a part of a photo, and there is no photo.")
    return Query(
        photo=photo,
        box=box,
        text=fields.text,
        filters=parse_filters(fields),
        k=fields.k,
        page=fields.page,
        fold=fields.fold,
        sort=fields.sort,
    )


def parse_photo(upload: FileStorage) -> Image.Image:
    """Decode an uploaded picture; see `decode_photo` and `read_upload`.

    Raises:
        UnusablePicture: says why.
    """
    return decode_photo(read_upload(upload))


def read_upload(upload: FileStorage) -> bytes:
    """Return the bytes of an uploaded picture.

    Raises:
        RequestEntityTooLarge: more bytes than FINDALIKE_MAX_IMAGE_BYTES.
    """
    settings = state().settings
    content = upload.stream.read(settings.max_image_bytes + 1)
    if len(content) > settings.max_image_bytes:
        raise RequestEntityTooLarge(
            f"The picture has more than {settings.max_image_bytes // 1_000_000} MB."
        )
    return content


def decode_photo(content: bytes) -> Image.Image:
    """Decode a shopper's picture: upright, RGB, no larger than we keep.

    Raises:
        UnusablePicture: says why.
    """
    pixels = state().settings.max_image_pixels
    return decode_picture(content, max_pixels=pixels, max_side_px=MAX_SIDE_PX)


def fetch_photo(address: str) -> Image.Image:
    """Fetch and decode a picture that a shopper named by its address.

    Raises:
        UnusablePicture: says why.
    """
    return decode_photo(state().photo_addresses.fetch(address))


def parse_search(fields: JsonSearch | FormSearch) -> tuple[Query, str | None]:
    """Return the query of an API search, and the token of its photo where that is kept."""
    if fields.photo is not None and fields.photo_url is not None:
        raise UnusableQuery("Give photo or photo_url, not both.")
    kept = fields.photo if isinstance(fields, JsonSearch) else None
    photo: Image.Image | None
    if fields.photo_url is not None:
        photo = fetch_photo(fields.photo_url)
    elif isinstance(fields, FormSearch):
        photo = parse_photo(fields.photo) if fields.photo is not None else None
    else:
        photo = state().uploads.load(kept) if kept else None
    query = parse_query(fields, photo)
    if photo is not None and fields.keep and kept is None:
        kept = state().uploads.save(photo).token
    return query, kept


@dataclass(frozen=True, slots=True)
class PanelSearch:
    """What the search panel's form asks."""

    fields: tuple[tuple[str, str], ...]  # of the results address
    sent: KeptPhoto | None  # the photo that came with the form


def parse_panel() -> PanelSearch:
    """Return what the search panel's form asks.

    A newly chosen picture is decoded and kept, and so is one that is named by its address, be it
    in the field for words; otherwise the form names the one already there, and the part of it that
    was looked at.

    Raises:
        UnusablePicture: the picture can't be used.
        UnusableQuery: neither a picture nor words.
    """
    text = request.form.get("text", "").strip()
    photo, box = request.form.get("photo", ""), request.form.get("box", "")
    named = request.form.get("photo_url", "").strip()
    if not named and state().photo_addresses.allowed and is_address(text):
        named, text = text, ""
    chosen = next((file for file in request.files.getlist("picture") if file.filename), None)
    sent = None
    if chosen is not None or named:
        picture = parse_photo(chosen) if chosen is not None else fetch_photo(named)
        sent = state().uploads.save(picture)
        photo, box = sent.token, ""
    if not text and not photo:
        raise UnusableQuery("Choose a picture, or describe what you are looking for.")
    asked = (("text", text), ("photo", photo), ("box", box if photo else ""))
    return PanelSearch(tuple((name, value) for name, value in asked if value), sent)


def _cents(price: Decimal | None) -> int | None:
    return None if price is None else round(price * 100)
