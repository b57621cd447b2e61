"""Refused rows and pictures: listed with reasons in plain words, and tried again.

A picture that is tried again becomes pending, and the next encode looks at it. A row is read again
if its catalogue still holds it (`search.catalogue.change_inbox.reread_rows`). The next ingest of
that catalogue reads all of its rows anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from search.catalogue.change_inbox import waiting_rows
from search.database.audit_trail import record_change
from search.database.models import Product, ProductImage, Quarantine

WORDS = {
    "bad_address": "The address of the picture is wrong",
    "missing_file": "The picture is not there",
    "not_a_file": "The address is no file",
    "permission": "The picture may not be read",
    "unreadable": "The picture can't be read",
    "unreachable": "The picture's server does not answer",
    "timeout": "The picture's server is too slow",
    "redirect_loop": "The picture's server sends in circles",
    "private_address": "The address of the picture is not a public one",
    "web_page": "The address answers with a web page",
    "not_a_picture": "The file is no picture",
    "empty": "The file is empty",
    "truncated": "The picture ends early",
    "damaged": "The picture is damaged",
    "too_small": "The picture is too small",
    "too_large": "The picture is too large",
    "picture_gone": "The picture is no longer there",
    "no_sku": "The row has no sku",
    "empty_title": "The row has no title",
    "negative_price": "The price is below zero",
    "no_image": "The row names no picture",
    "duplicate_sku": "The sku stands in the catalogue twice",
    "sku_of_other_source": "The sku belongs to another catalogue",
    "bad_value": "A value can't be used",
    "bad_utf8": "The row is not UTF-8",
    "bad_json": "The row is not JSON",
    "nul_byte": "The row holds a NUL byte",
    "too_long": "A value is too long",
    "description_cut": "The description was cut",
    "many_images": "The row names too many pictures",
    "odd_price": "The price is no number",
    "odd_currency": "The currency is not known",
    "odd_stock": "The word for the stock is not known",
    "odd_url": "The link is no address",
    "unknown_product": "No product has the sku",
    "own_fault": "It could not be stored",
    "unusable_catalogue": "The catalogue can't be read",
    "catalogue_changed": "The catalogue is another one by now",
    "read_meanwhile": "The catalogue was read meanwhile",
}
"""Reasons in plain words; a code without an entry is shown as it is."""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often something was refused for a reason."""

    kind: str  # row or image
    code: str
    count: int

    @property
    def words(self) -> str:
        """The reason in plain words."""
        return in_words(self.code)


@dataclass(frozen=True, slots=True)
class RefusalFilter:
    """Which refusals are meant; empty: any."""

    kind: str = ""  # row or image
    code: str = ""  # a reason
    source: str = ""  # a catalogue


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row or a picture that was refused, or taken with something left out."""

    id: int
    kind: str  # row or image
    source: str
    line: int | None
    sku: str | None
    address: str | None
    code: str
    detail: str  # what to do
    created_at: datetime
    waiting: bool  # it will be looked at, or read, again
    known: bool  # its product is in the catalogue

    @property
    def words(self) -> str:
        """The reason in plain words."""
        return in_words(self.code)


def in_words(code: str) -> str:
    """Return a reason in plain words."""
    if code.startswith("http_"):
        return f"The picture's server answers {code.removeprefix('http_')}"
    return WORDS.get(code) or code.replace("_", " ").capitalize()


def count_reasons(session: Session) -> list[RefusalCount]:
    """Return how many there are of each reason, most first."""
    counted = (
        select(Quarantine.kind, Quarantine.reason, func.count())
        .group_by(Quarantine.kind, Quarantine.reason)
        .order_by(func.count().desc(), Quarantine.reason)
    )
    return [RefusalCount(*row) for row in session.execute(counted)]


def count_sources(session: Session) -> list[tuple[str, int]]:
    """Return how many rows of each catalogue there are, most first."""
    counted = (
        select(Quarantine.source, func.count())
        .where(Quarantine.kind == "row")
        .group_by(Quarantine.source)
        .order_by(func.count().desc(), Quarantine.source)
    )
    return [(source, count) for source, count in session.execute(counted)]


def count_refusals(session: Session, which: RefusalFilter) -> int:
    """Return how many refusals there are."""
    return session.scalar(select(func.count(Quarantine.id)).where(*_wanted(which))) or 0


def count_waiting_rows(session: Session, which: RefusalFilter) -> int:
    """Return how many of the refused rows wait to be read again."""
    wanted = [*_wanted(which), Quarantine.id.in_(waiting_rows())]
    return session.scalar(select(func.count(Quarantine.id)).where(*wanted)) or 0


def list_refusals(
    session: Session, which: RefusalFilter, *, limit: int | None, offset: int = 0
) -> tuple[list[Refusal], int]:
    """Return refusals, latest first, and how many there are in all.

    Args:
        session: Open session.
        which: Only these.
        limit: How many at most; None: all.
        offset: How many to skip.
    """
    statement = (
        select(
            Quarantine.id,
            Quarantine.kind,
            Quarantine.source,
            Quarantine.line,
            Quarantine.sku,
            Quarantine.address,
            Quarantine.reason,
            Quarantine.detail,
            Quarantine.created_at,
            func.coalesce(ProductImage.state == "pending", Quarantine.id.in_(waiting_rows())),
            Product.id.is_not(None),
        )
        .outerjoin(ProductImage, ProductImage.id == Quarantine.product_image_id)
        .outerjoin(Product, (Product.sku == Quarantine.sku) & Product.retired_at.is_(None))
        .where(*_wanted(which))
        .order_by(Quarantine.created_at.desc(), Quarantine.id.desc())
    )
    rows = session.execute(statement.limit(limit).offset(offset))
    return [Refusal(*row) for row in rows], count_refusals(session, which)


def retry_pictures(session: Session, image_ids: Sequence[int] | None = None) -> int:
    """Make refused pictures pending again; return how many.

    Args:
        session: Open session; the caller commits.
        image_ids: Only these; None: all.
    """
    wanted = [ProductImage.state == "failed"]
    if image_ids is not None:
        wanted.append(ProductImage.id.in_(image_ids))
    retried = session.execute(
        update(ProductImage)
        .where(*wanted)
        .values(state="pending", error=None, updated_at=func.now())
        .returning(ProductImage.id)
        .execution_options(synchronize_session=False)
    )
    return len(retried.all())


def retry_refusals(
    session: Session, *, actor: str, code: str = "", refusal_id: int | None = None
) -> int:
    """Have one refused picture, or all of a reason, looked at again; return how many.

    Args:
        session: Open session; the caller commits.
        actor: Who asks, for the audit trail.
        code: All of this reason; ignored beside `refusal_id`.
        refusal_id: Only this one.
    """
    wanted = [Quarantine.kind == "image", Quarantine.product_image_id.is_not(None)]
    if refusal_id is not None:
        wanted.append(Quarantine.id == refusal_id)
    else:
        wanted.append(Quarantine.reason == code)
    images = list(session.scalars(select(Quarantine.product_image_id).where(*wanted)))
    count = retry_pictures(session, [image for image in images if image is not None])
    if count:
        subject = f"quarantine {refusal_id}" if refusal_id is not None else code
        record_change(session, actor, "picture.retry", subject, {"pictures": count})
    return count


def _wanted(which: RefusalFilter) -> list[ColumnElement[bool]]:
    columns = (
        (Quarantine.kind, which.kind),
        (Quarantine.reason, which.code),
        (Quarantine.source, which.source),
    )
    return [column == value for column, value in columns if value]
