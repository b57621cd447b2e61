"""Which pictures want encoding, and how a worker takes pictures for itself.

A claim is a row lock, nothing else: it lasts as long as the transaction that took it, so the
claims of a killed worker are free as soon as PostgreSQL sees its connection closed. No column
says "taken", so none can be left behind.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select, text
from sqlalchemy.orm import Session

from search.database.models import Embedding, Product, ProductImage

CLAIM_HELD_AT_MOST = "30min"
REMOTE = or_(
    ProductImage.address.istartswith("http://"), ProductImage.address.istartswith("https://")
)
"""Whether a picture is fetched over the network; the SQL twin of `picture_addresses.is_remote`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A picture that this transaction holds."""

    image_id: int
    address: str  # absolute path or http(s) address
    source: str  # the catalogue it came from
    sku: str
    fetched_sha256: str | None = None  # what the spool has of it, where it is not here


def unencoded(model_tag: str) -> Select[int]:
    """Select the ids of pictures that have no embedding under a model.

    That is: of products on sale, those never looked at, and usable ones whose content this
    model has not seen. Refused pictures wait until their catalogue brings them again.
    """
    return (
        select(ProductImage.id)
        .join(Product, Product.id == ProductImage.product_id)
        .outerjoin(
            Embedding,
            and_(Embedding.sha256 == ProductImage.sha256, Embedding.model_tag == model_tag),
        )
        .where(
            Product.retired_at.is_(None),
            or_(
                ProductImage.state == "pending",
                and_(ProductImage.state == "ready", Embedding.sha256.is_(None)),
            ),
        )
    )


def encodable(model_tag: str) -> Select[int]:
    """Select those of `unencoded` whose bytes are here: files, and fetched pictures."""
    here = or_(~REMOTE, ProductImage.fetched_sha256.is_not(None))
    return unencoded(model_tag).where(here)


def count(session: Session, wanted: Select[int]) -> int:
    """Count the pictures of a query, claimed or not."""
    return session.scalars(select(func.count()).select_from(wanted.subquery())).one()


def count_unencoded(session: Session, model_tag: str) -> int:
    """Count what is left to do, claimed or not."""
    return count(session, unencoded(model_tag))


def anything_unclaimed(session: Session, model_tag: str) -> bool:
    """Return whether there is a picture to encode that no worker holds."""
    return session.scalars(_locking(encodable(model_tag)).limit(1)).first() is not None


def newest(session: Session, wanted: Select[int], limit: int) -> list[int]:
    """Return the ids of some pictures of a query, claimed or not, those written last first."""
    last_first = wanted.order_by(ProductImage.changed_in.desc(), ProductImage.id)
    return list(session.scalars(last_first.limit(limit)))


def claim(
    session: Session,
    model_tag: str,
    limit: int,
    *,
    after: int = 0,
    among: Collection[int] | None = None,
) -> list[Claim]:
    """Take up to `limit` pictures whose bytes are here, lowest ids first, that nobody else holds.

    Args:
        session: The transaction that holds the claim until it ends.
        model_tag: The model that is to encode them.
        limit: At most so many.
        after: Look only at greater ids. A worker passes where its last claim ended, so that
            the whole table is not scanned for every batch.
        among: Take none but these; None: any.
    """
    wanted = encodable(model_tag)
    if among is not None:
        wanted = wanted.where(ProductImage.id.in_(among))
    held = hold(session, wanted, limit, after=after)
    rows = session.execute(
        select(
            ProductImage.id,
            ProductImage.address,
            Product.source,
            Product.sku,
            ProductImage.fetched_sha256,
        )
        .join(Product, Product.id == ProductImage.product_id)
        .where(ProductImage.id.in_(held))
        .order_by(ProductImage.id)
    )
    return [Claim(*row) for row in rows]


def hold(session: Session, wanted: Select[int], limit: int, *, after: int = 0) -> list[int]:
    """Lock up to `limit` pictures of a query that nobody else holds; return their ids, in order.

    Args:
        session: The transaction that holds them until it ends.
        wanted: Ids of pictures.
        limit: At most so many.
        after: Look only at greater ids.
    """
    # A batch of pictures from slow hosts may idle longer than the server's general limit.
    session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{CLAIM_HELD_AT_MOST}'"))
    while True:
        locking = _locking(wanted).where(ProductImage.id > after)
        locked = session.scalars(locking.order_by(ProductImage.id).limit(limit)).all()
        held = _still(session, wanted, locked)
        if held or not locked:
            return held
        after = locked[-1]


def _still(session: Session, wanted: Select[int], locked: Sequence[int]) -> list[int]:
    """Return those of our locked rows that another worker has not stamped just before.

    A row stamped between the locking query's snapshot and its lock passes that query: PostgreSQL
    rechecks the locked row, but against the embeddings of the old snapshot. This query has a
    new snapshot, and nobody can change the rows any more.
    """
    still = wanted.where(ProductImage.id.in_(locked)).order_by(ProductImage.id)
    return list(session.scalars(still))


def _locking(wanted: Select[int]) -> Select[int]:
    # NO KEY UPDATE: others may still refer to the row, as a quarantine entry does.
    return wanted.with_for_update(skip_locked=True, of=ProductImage, key_share=True)
