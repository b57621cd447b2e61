"""Which pictures on the network hosts are to be asked for, and how a worker claims some of them.

There are two kinds: pictures that are needed, because they can't be encoded without their bytes;
and usable pictures whose host was not asked for a while. Claims are row locks, see
`indexer.pictures.encode_claims`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from indexer.pictures.encode_claims import REMOTE, Claim, lock_pictures, unencoded
from search.database.models import Embedding, Product, ProductImage
from search.http.picture_fetch import Validators

HOST_PATTERN = r"^https?://(?:[^/?#@]*@)?([^/?#]*)"
HOST = func.substring(func.lower(ProductImage.address), HOST_PATTERN)
"""SQL: host and port of a picture's address, without a password; the twin of `host_of`."""


@dataclass(frozen=True, slots=True)
class FetchClaim:
    """A picture on the network that this transaction holds."""

    picture: Claim
    ready: bool  # it has usable content already
    sha256: str | None  # of that content
    known: Validators  # what the host said of that content
    needed: bool  # it can't be encoded without its bytes

    @property
    def host(self) -> str:
        """Host and port of the address."""
        return host_of(self.picture.address)


def host_of(address: str) -> str:
    """Return host and port of an http(s) address."""
    found = re.match(HOST_PATTERN, address.lower())
    return found[1] if found else ""


def needed(model_tag: str | None, *, fetched: bool = False) -> Select[int]:
    """Select the ids of remote pictures that can't be encoded without their bytes.

    Args:
        model_tag: The model that is to encode them; None: not known yet, so only pictures that
            no model has encoded.
        fetched: Select instead those that are in the spool and wait to be encoded.
    """
    if model_tag is None:
        wanted = (
            select(ProductImage.id)
            .join(Product, Product.id == ProductImage.product_id)
            .where(Product.retired_at.is_(None), ProductImage.state == "pending")
        )
    else:
        wanted = unencoded(model_tag)
    return wanted.where(REMOTE, ProductImage.fetched_sha256.is_not(None) == fetched)


def due(model_tag: str, before: datetime) -> Select[int]:
    """Select the ids of usable pictures whose host was last asked before a time, or never."""
    return (
        select(ProductImage.id)
        .join(Product, Product.id == ProductImage.product_id)
        .join(
            Embedding,
            and_(Embedding.sha256 == ProductImage.sha256, Embedding.model_tag == model_tag),
        )
        .where(
            Product.retired_at.is_(None),
            ProductImage.state == "ready",
            REMOTE,
            or_(ProductImage.checked_at.is_(None), ProductImage.checked_at < before),
        )
    )


def apart_from(wanted: Select[int], hosts: Collection[str]) -> Select[int]:
    """Leave out the pictures of some hosts."""
    return wanted.where(HOST.not_in(sorted(hosts))) if hosts else wanted


def count_by_host(session: Session, wanted: Select[int]) -> dict[str, int]:
    """Count the pictures of a query by their host."""
    hosts = wanted.with_only_columns(HOST.label("host")).subquery()
    counted = (
        select(hosts.c.host, func.count().label("pictures"))
        .group_by(hosts.c.host)
        .order_by(hosts.c.host)
    )
    return {row.host: row.pictures for row in session.execute(counted)}


def claim_remote(
    session: Session, wanted: Select[int], limit: int, *, after: int = 0, needed: bool
) -> list[FetchClaim]:
    """Claim up to `limit` pictures of a query that no other worker holds, lowest ids first.

    Args:
        session: The transaction that holds the claim until it ends.
        wanted: `needed` or `due`.
        limit: Most pictures.
        after: Look only at greater ids.
        needed: Whether the query is `needed`: then the host is to send them in any case.
    """
    held = lock_pictures(session, wanted, limit, after=after)
    rows = session.execute(
        select(
            ProductImage.id,
            ProductImage.address,
            Product.source,
            Product.sku,
            ProductImage.state == literal("ready"),
            ProductImage.sha256,
            ProductImage.etag,
            ProductImage.last_modified,
        )
        .join(Product, Product.id == ProductImage.product_id)
        .where(ProductImage.id.in_(held))
        .order_by(ProductImage.id)
    )
    return [
        FetchClaim(
            Claim(image_id, address, source, sku),
            ready,
            sha256,
            Validators() if needed else Validators(etag, last_modified),
            needed,
        )
        for image_id, address, source, sku, ready, sha256, etag, last_modified in rows
    ]
