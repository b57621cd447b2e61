"""Products that a shop's own programs send and withdraw by messages on the broker.

Messages go to the queue `findalike.products`; none is ever discarded. `findalike.put_product` takes
a product's fields with its sku, `findalike.delete_product` a sku. A message is recorded as a change
and settled at once. A message that makes no sense is recorded as refused, because nobody waits for
an answer; `GET /api/v1/changes?state=refused` shows it. A broker may deliver a message twice, so an
older message may come after a newer one. A program that sends several changes of one product within
minutes should use the API instead.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy
import structlog
from celery import Celery
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from indexer.ingest.settle_changes import take_changes
from indexer.queue.celery_app import DELETE_PRODUCT, PUT_PRODUCT
from search.catalogue.change_inbox import InboxChange, delete_product, put_product, refuse_change
from search.catalogue.product_fields import SKU, ProductFields
from search.database.connection import run_transaction
from search.settings import Settings
from search.text.normalise import one_line

ACTOR = "message"
OPTIONS: dict[str, Any] = {
    "autoretry_for": (OperationalError,),
    "retry_backoff": 5,
    "retry_backoff_max": 600,
    "max_retries": None,
    "shared": False,  # with other applications in this process
}
"""While the database does not answer, a message is tried again."""

log = structlog.get_logger()


def register_product_tasks(app: Celery, database: sqlalchemy.Engine, settings: Settings) -> None:
    """Make an application able to take products from messages."""

    @app.task(name=PUT_PRODUCT, **OPTIONS)  # type: ignore[untyped-decorator]
    def put(record: object) -> None:
        """Add or replace a product."""
        sku = record.get("sku") if isinstance(record, dict) else None

        def add_change(session: Session) -> InboxChange:
            fields = ProductFields.model_validate(record)
            key = SKU.validate_python(fields.sku)
            if not fields.image:
                return _refuse(session, "put", sku, "image: a product needs a picture's address.")
            return put_product(session, key, fields, actor=ACTOR, most=None)

        _take(database, settings, "put", sku, add_change)

    @app.task(name=DELETE_PRODUCT, **OPTIONS)  # type: ignore[untyped-decorator]
    def delete(sku: object) -> None:
        """Withdraw a product."""

        def add_change(session: Session) -> InboxChange:
            key = SKU.validate_python(sku)
            return delete_product(session, key, actor=ACTOR, most=None)

        _take(database, settings, "delete", sku, add_change)


def _take(
    database: sqlalchemy.Engine,
    settings: Settings,
    action: str,
    sku: object,
    add_change: Callable[[Session], InboxChange],
) -> None:
    """Record the change that a message asks for, and settle what waits."""

    def work(session: Session) -> InboxChange:
        try:
            return add_change(session)
        except ValidationError as error:
            first = error.errors(include_context=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "sku"
            return _refuse(session, action, sku, f"{field}: {first['msg']}.")

    change = run_transaction(database, work)
    log.info("message_taken", action=action, change=change.id, state=change.state)
    if change.state == "waiting":
        take_changes(database, settings, limit=None)


def _refuse(session: Session, action: str, sku: object, detail: str) -> InboxChange:
    """Record a message that makes no sense as refused, under its sku if it has one."""
    text = sku if isinstance(sku, str) else ""
    plain = one_line(text.encode(errors="replace").decode()).replace("\x00", "")[:200]
    return refuse_change(session, action, plain, actor=ACTOR, reason="bad_message", detail=detail)
