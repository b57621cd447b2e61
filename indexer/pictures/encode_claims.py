"""Which pictures are to be encoded, and how a worker claims some of them.

A claim is a row lock and nothing else: it lasts as long as the transaction that took it. So the
claims of a killed worker are free as soon as PostgreSQL sees its connection closed. No column says
"claimed", so no claim can be left behind.
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
    fetched_sha256: str | None = None  # of its bytes in the spool; None: they are at the address


def unencoded(model_tag: str) -> Select[int]:
    """Select the ids of pictures that have no embedding under a model.

    Of products on sale these are pictures that were never decoded, and usable ones whose content
    this model has not seen. Refused pictures wait until their catalogue brings them again.
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
    """Select those of `unencoded` whose bytes are on this machine: files, and fetched pictures."""
    on_disk = or_(~REMOTE, ProductImage.fetched_sha256.is_not(None))
    return unencoded(model_tag).where(on_disk)


def count(session: Session, wanted: Select[int]) -> int:
    """Count the pictures of a query, claimed or not."""
    return session.scalars(select(func.count()).select_from(wanted.subquery())).one()


def count_unencoded(session: Session, model_tag: str) -> int:
    """Count the pictures that a model has still to encode, claimed or not."""
    return count(session, unencoded(model_tag))


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
    """Claim up to `limit` encodable pictures that no other worker holds, lowest ids first.

    Args:
        session: The transaction that holds the claim until it ends.
        model_tag: The model that is to encode them.
        limit: Most pictures.
        after: Look only at greater ids. A worker passes where its last claim ended, so that
            the whole table is not scanned for every batch.
        among: Claim none but these; None: any.
    """
    wanted = encodable(model_tag)
    if among is not None:
        wanted = wanted.where(ProductImage.id.in_(among))
    held = lock_pictures(session, wanted, limit, after=after)
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


def lock_pictures(
    session: Session, wanted: Select[int], limit: int, *, after: int = 0
) -> list[int]:
    """Lock up to `limit` pictures of a query that no other worker holds; return their ids in order.

    Args:
        session: The transaction that holds them until it ends.
        wanted: Ids of pictures.
        limit: Most pictures.
        after: Look only at greater ids.
    """
    # A batch of pictures from slow hosts may idle longer than the server's general limit.
    session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{CLAIM_HELD_AT_MOST}'"))
    while True:
        locking = _locking(wanted).where(ProductImage.id > after)
        locked = session.scalars(locking.order_by(ProductImage.id).limit(limit)).all()
        held = _still_wanted(session, wanted, locked)
        if held or not locked:
            return held
        after = locked[-1]


def _still_wanted(session: Session, wanted: Select[int], locked: Sequence[int]) -> list[int]:
    """Return the locked rows that no other worker has finished a moment before.

    A row that is finished between the locking query's snapshot and its lock passes that query:
    PostgreSQL checks the locked row again, but against the embeddings of the old snapshot. This
    query has a new snapshot, and nobody can change the rows any more.
    """
    still = wanted.where(ProductImage.id.in_(locked)).order_by(ProductImage.id)
    return list(session.scalars(still))


def _locking(wanted: Select[int]) -> Select[int]:
    # NO KEY UPDATE: others may still refer to the row, as a quarantine entry does.
    return wanted.with_for_update(skip_locked=True, of=ProductImage, key_share=True)
