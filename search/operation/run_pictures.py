"""A few products to look at of what one run brought: the newest, changed pictures, refusals.

Found by the times of the run, so what an editor or another process did meanwhile is among them.
Every list has an end; the report's counts say how many there are in all. A run that ends well keeps
them in its report, because later runs repair what it refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.catalogue.product_cards import first_picture
from search.database.models import Product, ProductImage, Quarantine
from search.jobs.job_records import JobRecord

SHOWN = 12
EXAMPLES = "examples"
"""What the report of a run calls them."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One product, or what was refused of it."""

    sku: str | None  # None: a row that did not even say so
    title: str | None  # None: no product of this sku
    image_id: int | None  # None: there is no picture to show
    reason: str | None = None  # why it was refused: a short code
    detail: str | None = None  # a sentence that says what to do
    source: str | None = None
    line: int | None = None  # of a refused row


@dataclass(frozen=True, slots=True)
class RunPictures:
    """What there is to see of a run."""

    new: list[Glimpse]
    changed: list[Glimpse]  # pictures that are new or other ones, of products that were known
    refused: list[Glimpse]  # pictures
    refused_rows: list[Glimpse]


def read_run_pictures(session: Session, job: JobRecord, limit: int = SHOWN) -> RunPictures:
    """Return up to `limit` of each, latest first; those that its report keeps where it does."""
    kept: dict[str, list[dict[str, Any]]] | None = job.report.get(EXAMPLES)
    if kept is not None:
        return RunPictures(
            **{name: [Glimpse(**one) for one in found[:limit]] for name, found in kept.items()}
        )
    since, until = job.started_at, job.finished_at or datetime.now(UTC)
    first = first_picture(ProductImage.state != "failed")
    new = (
        select(Product.sku, Product.title, first)
        .where(Product.created_at.between(since, until))
        .order_by(Product.id.desc())
    )
    changed = (
        select(Product.sku, Product.title, ProductImage.id)
        .join(Product, Product.id == ProductImage.product_id)
        .where(
            ProductImage.updated_at.between(since, until),
            ProductImage.state == "ready",
            Product.created_at < since,
        )
        .order_by(ProductImage.id.desc())
    )
    return RunPictures(
        new=[Glimpse(*row) for row in session.execute(new.limit(limit))],
        changed=[Glimpse(*row) for row in session.execute(changed.limit(limit))],
        refused=_refused(session, "image", since, until, limit),
        refused_rows=_refused(session, "row", since, until, limit),
    )


def _refused(
    session: Session, kind: str, since: datetime, until: datetime, limit: int
) -> list[Glimpse]:
    """Return what was refused, latest first; what can't be read has no picture to show."""
    entry = Quarantine
    query = (
        select(entry.sku, Product.title, entry.reason, entry.detail, entry.source, entry.line)
        .outerjoin(Product, Product.sku == entry.sku)
        .where(entry.kind == kind, entry.created_at.between(since, until))
        .order_by(entry.id.desc())
        .limit(limit)
    )
    return [
        Glimpse(sku, title, None, reason, detail, source, line)
        for sku, title, reason, detail, source, line in session.execute(query)
    ]
