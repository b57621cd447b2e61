"""Single products, sent and withdrawn by a shop, and what became of each change.

A call is stored and answered at once. `findalike watch` applies it within seconds; without it, the
next ingest does.
"""

from datetime import datetime
from typing import Annotated

from flask import url_for
from pydantic import BeforeValidator, ConfigDict, Field, Json, ValidationError

from search.catalogue import change_inbox
from search.catalogue.product_fields import SKU, ProductFields
from search.database.connection import session_scope
from search.database.models import CHANGE_STATES
from web.api.api_access import request_actor
from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import operation
from web.api.list_paging import ListFields, ListView, position, with_links
from web.api.product_views import SKU_PATH
from web.api.response_models import RecordView
from web.errors import InvalidFields
from web.problems import RefusedField
from web.request.fields import RequestFields, UploadedFile
from web.request.query_parsing import read_upload
from web.state import state

NUMBER = {"change_id": "The change's number."}
MOST_FILES = 20
PRODUCT = {
    "title": "Red enamel mug",
    "category": "Home > Tableware",
    "price": 12.5,
    "currency": "EUR",
    "image": ["https://shop.example/mug.jpg"],
}
EXAMPLES = {
    "application/json": PRODUCT,
    "multipart/form-data": {
        "product": '{"title": "Red enamel mug", "price": 12.5}',
        "picture": "@mug.jpg",
    },
}
ChangeAnswer = tuple["ChangeView", int, dict[str, str]]


def _as_files(value: object) -> object:
    """Return a list of files: a single file becomes a list, and an empty form field is left out."""
    files = value if isinstance(value, list) else [value]
    return [file for file in files if getattr(file, "filename", file)]


class SentProduct(RequestFields):
    """A product with its pictures."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    product: Json[ProductFields] = Field(description="Its fields, as JSON.")
    picture: Annotated[list[UploadedFile], BeforeValidator(_as_files)] = Field(
        default=[],
        max_length=MOST_FILES,
        description="Its pictures, the main one first: JPEG, PNG, WebP, HEIC, AVIF, …",
    )


class ChangeFields(ListFields):
    """Which changes to list."""

    state: Annotated[str, Field(json_schema_extra={"enum": ["", *CHANGE_STATES]})] = Field(
        default="", description="Only in this state."
    )
    sku: str = Field(default="", max_length=200, description="Only of this product.")


class ChangeView(RecordView):
    """A change of a product, and what became of it."""

    id: int = Field(examples=[4711])
    action: str = Field(
        description="put, delete, or reread: a refused row of a catalogue.", examples=["put"]
    )
    sku: str = Field(examples=["S007-00042"])
    state: str = Field(description="waiting, done or refused", examples=["waiting"])
    reason: str | None = Field(description="Short code of why it was refused.")
    detail: str | None = Field(description="What to do; of a change that is done: what was odd.")
    actor: str = Field(description="Who sent it.", examples=["key:feed"])
    received_at: datetime
    settled_at: datetime | None = Field(description="Null while it waits.")


class ChangesView(ListView):
    """A page of changes, newest first."""

    changes: list[ChangeView]


@blueprint.put("/products/<path:sku>")
@operation(
    "putProduct",
    ChangeView,
    *(400, 413, 415),
    tag="products",
    scope="catalogue",
    status=202,
    path=SKU_PATH,
    headers=("Location",),
    examples=EXAMPLES,
)
def put_product(sku: str, json: ProductFields, form: SentProduct) -> ChangeAnswer:
    """Add a product, or replace it as a whole.

    Fields that are left out are empty afterwards. Send JSON with addresses of pictures, or a form
    with the pictures themselves. `Location` leads to what becomes of the change. If a catalogue
    holds the product too, the next ingest of that catalogue replaces it again.
    """
    fields: ProductFields = form.product if form else json
    key = _checked_sku(sku)
    if fields.sku not in (None, key):
        raise _refused("sku", f"the address names {key}, the product {fields.sku}; send one")
    files = form.picture if form else []
    if not files and not fields.image:
        raise _refused("image", "a product needs a picture, by its address or as `picture`")
    sent, pixels = state().sent_pictures, state().settings.max_image_pixels
    pictures = [str(sent.keep(read_upload(file), max_pixels=pixels)) for file in files]
    with session_scope(state().engine.database) as session:
        change = change_inbox.put_product(
            session, key, fields, actor=request_actor(), pictures=pictures
        )
    return _accepted(change)


@blueprint.delete("/products/<path:sku>")
@operation(
    "deleteProduct",
    ChangeView,
    tag="products",
    scope="catalogue",
    status=202,
    path=SKU_PATH,
    headers=("Location",),
)
def delete_product(sku: str) -> ChangeAnswer:
    """Withdraw a product, until it is sent again or an ingested catalogue names it."""
    key = _checked_sku(sku)
    with session_scope(state().engine.database) as session:
        change = change_inbox.delete_product(session, key, actor=request_actor())
    return _accepted(change)


@blueprint.get("/changes")
@operation("changes", ChangesView, tag="products", scope="catalogue", headers=("Link",))
def list_changes(query: ChangeFields) -> tuple[ChangesView, int, dict[str, str]]:
    """List changes, newest first. They are kept as long as searches."""
    with session_scope(state().engine.database) as session:
        found, total = change_inbox.list_changes(
            session, state=query.state, sku=query.sku, limit=query.k, offset=query.offset
        )
    shown = [ChangeView.model_validate(change) for change in found]
    return with_links(ChangesView(changes=shown, **position(query, total)), query)


@blueprint.get("/changes/<int(max=9223372036854775807):change_id>")
@operation("change", ChangeView, 404, tag="products", scope="catalogue", path=NUMBER)
def read_change(change_id: int) -> ChangeView:
    """Return what became of one change."""
    with session_scope(state().engine.database) as session:
        return ChangeView.model_validate(change_inbox.read_change(session, change_id))


def _checked_sku(sku: str) -> str:
    try:
        return SKU.validate_python(sku)
    except ValidationError as error:
        raise _refused("sku", error.errors()[0]["msg"]) from error


def _refused(field: str, detail: str) -> InvalidFields:
    return InvalidFields([RefusedField(field=field, detail=detail)])


def _accepted(change: change_inbox.InboxChange) -> ChangeAnswer:
    location = url_for("api.read_change", change_id=change.id)
    return ChangeView.model_validate(change), 202, {"Location": location}
