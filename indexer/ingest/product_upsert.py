"""Writes products and their pictures, a batch at a time, and only what changed.

A new or changed picture becomes `pending`. It keeps its sha256, so that its embedding is used until
the new content is encoded. A row for a product of another catalogue is refused. Products that a
batch does not name are never touched.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from indexer.ingest.catalogue_row import CatalogueRow, Remark
from indexer.ingest.picture_addresses import is_remote
from search.catalogue.change_inbox import API_SOURCE
from search.database.models import Product, ProductImage

COLUMNS = (
    "title",
    "description",
    "brand",
    "category",
    "colour",
    "price_cents",
    "currency",
    "in_stock",
    "url",
    "source",
)


@dataclass(slots=True)
class UpsertResult:
    """What one batch changed."""

    counts: Counter[str] = field(default_factory=Counter)  # by the names of IngestReport's fields
    written: set[str] = field(default_factory=set)  # skus of new and changed products
    refused: list[tuple[int, str, Remark]] = field(default_factory=list)  # (line, sku, why)
    remarks: list[tuple[int, str, Remark]] = field(default_factory=list)


def write_batch(
    session: Session, source: str, rows: Sequence[tuple[int, CatalogueRow]]
) -> UpsertResult:
    """Write some rows of a catalogue, in the caller's transaction.

    Known products are locked in the order of their skus, so that two writers can't deadlock.

    Args:
        session: The transaction.
        source: The catalogue that the rows are of.
        rows: (line, row), each sku once.
    """
    result = UpsertResult()
    known = {
        product.sku: product
        for product in session.execute(
            select(Product.id, Product.sku, Product.retired_at, *_compared()).where(
                Product.sku.in_([row.sku for _, row in rows])
            )
        )
    }
    kept = _without_foreign(source, rows, known, result)
    stale: list[CatalogueRow] = []
    for _, row in kept:
        before = known.get(row.sku)
        if before is None:
            result.counts["new"] += 1
            stale.append(row)
        elif before.retired_at is not None or _differs(before, row, source):
            result.counts["changed"] += 1
            result.counts["returned"] += before.retired_at is not None
            stale.append(row)
    _lock(session, [row.sku for row in stale if row.sku in known])
    ids = {sku: product.id for sku, product in known.items()} | _upsert(session, source, stale)
    touched = _write_images(session, sorted(kept, key=lambda row: row[1].sku), ids, result)
    settled = {row.sku for row in stale}
    also_changed = {row.sku for _, row in kept if ids[row.sku] in touched} - settled
    result.counts["changed"] += len(also_changed)
    result.written = settled | also_changed
    result.counts["unchanged"] = len(kept) - len(stale) - len(also_changed)
    return result


def _compared() -> list[Any]:
    """Return the columns that an ingest writes."""
    return [getattr(Product, name) for name in COLUMNS]


def _without_foreign(
    source: str,
    rows: Sequence[tuple[int, CatalogueRow]],
    known: dict[str, Any],
    result: UpsertResult,
) -> list[tuple[int, CatalogueRow]]:
    """Return the rows whose products no other catalogue keeps; refuse the others.

    A product is free if it is retired, if the file of its catalogue is gone, or if only the API
    ever named it.
    """
    kept = []
    for line, row in rows:
        before = known.get(row.sku)
        if (
            before is not None
            and before.source not in (source, API_SOURCE)
            and before.retired_at is None
        ):
            owner = Path(before.source)
            if not owner.is_absolute() or owner.exists():
                detail = (
                    f"The product belongs to the catalogue {before.source}. Give each product to "
                    f"one catalogue; if both are dumps of the same, ingest with "
                    f"--name {before.source!r}."
                )
                result.refused.append((line, row.sku, Remark("sku_of_other_source", detail)))
                continue
        kept.append((line, row))
    return kept


def _differs(before: Any, row: CatalogueRow, source: str) -> bool:  # noqa: ANN401  (a result row)
    """Return whether a row differs from the database."""
    return before.source != source or any(
        getattr(before, name) != getattr(row, name) for name in COLUMNS if name != "source"
    )


def _lock(session: Session, skus: Sequence[str]) -> None:
    """Lock the products that will be overwritten."""
    if skus:
        wanted = select(Product.id).where(Product.sku.in_(skus)).order_by(Product.sku)
        session.execute(wanted.with_for_update(key_share=True)).all()


def _upsert(session: Session, source: str, rows: Sequence[CatalogueRow]) -> dict[str, int]:
    """Insert or overwrite products. Return their ids by sku."""
    if not rows:
        return {}
    values = [row.model_dump(exclude={"images"}) | {"source": source} for row in rows]
    statement = upsert(Product)
    overwritten = {name: statement.excluded[name] for name in COLUMNS}
    statement = statement.on_conflict_do_update(
        index_elements=[Product.sku],
        set_=overwritten | {"retired_at": None, "updated_at": func.now()},
    )
    found = session.execute(statement.returning(Product.sku, Product.id), values)
    return {str(sku): int(product_id) for sku, product_id in found}


def fingerprint(address: str) -> str | None:
    """Return size and modification time of a local file; None where it can't be read."""
    try:
        found = Path(address).stat()
    except (OSError, ValueError):
        return None
    return f"{found.st_size}:{found.st_mtime_ns}"


def _write_images(
    session: Session,
    rows: Sequence[tuple[int, CatalogueRow]],
    ids: dict[str, int],
    result: UpsertResult,
) -> set[int]:
    """Add, update and remove pictures. Return the ids of the products whose pictures changed."""
    before: dict[tuple[int, str], Any] = {
        (image.product_id, image.address): image
        for image in session.execute(
            select(
                ProductImage.id,
                ProductImage.product_id,
                ProductImage.address,
                ProductImage.position,
                ProductImage.fingerprint,
                ProductImage.state,
            ).where(ProductImage.product_id.in_([ids[row.sku] for _, row in rows]))
        )
    }
    added: list[dict[str, Any]] = []
    changes: list[tuple[int, dict[str, Any]]] = []
    touched: set[int] = set()
    for line, row in rows:
        product_id = ids[row.sku]
        for position, address in enumerate(row.images):
            image = before.pop((product_id, address), None)
            if image is None:
                place = {"product_id": product_id, "position": position, "address": address}
                added.append(place | {"fingerprint": _local_fingerprint(address)})
            elif change := _change(image, position, (line, row.sku), result):
                changes.append((image.id, change))
            else:
                continue
            touched.add(product_id)
    result.counts["images_new"] += len(added)
    result.counts["images_removed"] += len(before)
    touched.update(product_id for product_id, _ in before)
    _apply(session, added, changes, [image.id for image in before.values()])
    return touched


def _local_fingerprint(address: str) -> str | None:
    """Return the fingerprint of a local file. Remote pictures get theirs when they are fetched."""
    return None if is_remote(address) else fingerprint(address)


def _change(
    image: Any,  # noqa: ANN401  (a result row)
    position: int,
    row: tuple[int, str],
    result: UpsertResult,
) -> dict[str, Any]:
    """Return the changed columns of a known picture; empty where nothing has changed."""
    change: dict[str, Any] = {} if image.position == position else {"position": position}
    again = {"state": "pending", "error": None}
    found = image.fingerprint if is_remote(image.address) else fingerprint(image.address)
    if found is None and image.fingerprint is not None and image.state == "ready":
        detail = (
            f"The picture {image.address} is not there any more; the product goes on with what was "
            "encoded of it. Put it back, or take it out of the catalogue."
        )
        result.remarks.append((*row, Remark("picture_gone", detail)))
    elif found != image.fingerprint:
        change |= again | {"fingerprint": found}
        result.counts["images_changed"] += 1
    elif image.state == "failed":
        change |= again  # the file may be readable now, the server may answer now
        result.counts["images_retried"] += 1
    return change


def _apply(
    session: Session,
    added: list[dict[str, Any]],
    changes: list[tuple[int, dict[str, Any]]],
    removed: list[int],
) -> None:
    """Write added, changed and removed pictures."""
    if removed:
        session.execute(delete(ProductImage).where(ProductImage.id.in_(removed)))
    if added:
        # A picture that another writer has just added keeps its columns, but for its position.
        statement = upsert(ProductImage)
        statement = statement.on_conflict_do_update(
            index_elements=[ProductImage.product_id, ProductImage.address],
            set_={"position": statement.excluded.position},
        )
        # RETURNING makes SQLAlchemy send many rows in one statement.
        session.execute(statement.returning(ProductImage.id), added)
    for image_id, change in changes:
        session.execute(
            update(ProductImage)
            .where(ProductImage.id == image_id)
            .values(**change, updated_at=func.now())
            .execution_options(synchronize_session=False)
        )
