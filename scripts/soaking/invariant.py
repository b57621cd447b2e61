"""Checks what must hold at every moment and what must hold after a run; reads what an index holds.

The checks read files and tables themselves: none of them relies on a verdict of the code under
test.
"""

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import Embedding, GenerationRow, Job, Product, ProductImage
from search.index.embedding_store import EmbeddingStore
from search.index.generation_files import Generation, load_generation, verify_files
from search.results import Vector


@dataclass(frozen=True, slots=True)
class Indexed:
    """One row of an index."""

    sku: str
    sha256: str  # of the picture
    price_cents: int
    in_stock: bool
    texts: tuple[tuple[str, str | None], ...]  # category, brand, colour


def find_wrong_now(database: sqlalchemy.Engine, home: Path) -> list[str]:
    """Check what must hold whatever was killed; return a sentence for each thing that is wrong."""
    with session_scope(database) as session:
        live = _live(session)
        if live is None:
            return ["No generation is live."]
        directory = home / "generations" / live.directory
        verify_files(directory)
        generation = load_generation(directory, live.id)
        columns, manifest = generation.columns, generation.manifest
        wrong = []
        if len(set(columns.image_id.tolist())) != len(columns):
            wrong.append("A picture has two rows in the live generation.")
        products = set(columns.product_id.tolist())
        if len(products) != manifest.products:
            wrong.append(f"{len(products)} products are indexed, {manifest.products} recorded.")
        known = set(session.scalars(select(Product.id).where(Product.id.in_(products))))
        if known != products:
            wrong.append(f"{len(products - known)} indexed products are not in the database.")
        wrong += _wrong_embeddings(session, home)
    return wrong


def find_wrong_after_run(
    database: sqlalchemy.Engine, home: Path, catalogue: Path, report: dict[str, Any]
) -> list[str]:
    """Check what must hold after a successful run; return a sentence for each thing wrong."""
    wrong = find_wrong_now(database, home)
    rows = _catalogue(catalogue)
    usable = {sku for sku, picture in rows.items() if _is_picture(picture)}
    with session_scope(database) as session:
        active = set(session.scalars(select(Product.sku).where(Product.retired_at.is_(None))))
        if active != rows.keys():
            wrong.append(f"On sale or in the catalogue, but not both: {active ^ rows.keys()}.")
        indexed = read_indexed(session, home)
        skus = Counter(row.sku for row in indexed)
        if skus.keys() != usable:
            wrong.append(f"Indexed or usable, but not both: {skus.keys() ^ usable}.")
        contents = {row.sku: row.sha256 for row in indexed}
        old = [sku for sku in usable & skus.keys() if contents[sku] != _sha256(rows[sku])]
        if old:
            wrong.append(f"Indexed with an outdated picture: {old}.")
        unsettled = select(Job.kind).where(Job.state == "running", Job.kind != "encode")
        wrong += [f"A job of kind {kind} still runs." for kind in session.scalars(unsettled)]
        building = select(GenerationRow.directory).where(GenerationRow.state == "building")
        wrong += [f"{name} is still being built." for name in session.scalars(building)]
        wrong += _wrong_account(session, report)
        wrong += _leftovers(session, home)
    return wrong


def read_indexed(session: Session, home: Path) -> dict[Indexed, Vector]:
    """Return what the live generation holds, without ids and order: row -> (d,) vector."""
    live = _live(session)
    if live is None:
        return {}
    generation = load_generation(home / "generations" / live.directory, live.id)
    pictures = select(ProductImage.id, Product.sku, ProductImage.sha256).join(Product)
    named = {row.id: (row.sku, row.sha256) for row in session.execute(pictures)}
    return {
        _row(generation, at, *named[image]): np.asarray(generation.vectors[at], np.float32)
        for at, image in enumerate(generation.columns.image_id.tolist())
    }


def _row(generation: Generation, at: int, sku: str, sha256: str) -> Indexed:
    columns = generation.columns
    codes = {
        name: columns.facets[name].codes[at].item() for name in ("category", "brand", "colour")
    }
    texts = tuple(
        (name, columns.facets[name].values[code] if code >= 0 else None)
        for name, code in codes.items()
    )
    price, in_stock = columns.price_cents[at].item(), columns.in_stock[at].item()
    return Indexed(sku, sha256, price, in_stock, texts)


def _live(session: Session) -> GenerationRow | None:
    return session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))


def _wrong_embeddings(session: Session, home: Path) -> list[str]:
    """Check that each embedding has a shard row of its own, which holds that picture's vector."""
    store, wrong = EmbeddingStore(home), []
    by_shard: dict[tuple[str, str], list[Embedding]] = {}
    for row in session.scalars(select(Embedding)):
        by_shard.setdefault((row.model_tag, row.shard), []).append(row)
    for (tag, name), rows in by_shard.items():
        digests = store.read(tag, name).digests
        if sorted(row.row for row in rows) != sorted({row.row for row in rows}):
            wrong.append(f"Two embeddings share one row of {name}.")
        if any(digests[row.row].tobytes().hex() != row.sha256 for row in rows):
            wrong.append(f"{name} holds another picture than the database records.")
    return wrong


def _wrong_account(session: Session, report: dict[str, Any]) -> list[str]:
    """Check that every product is reported as indexed, without a picture, or retired."""
    products = report["products"]
    total = session.scalar(select(func.count()).select_from(Product))
    parts = products["indexed"] + products["without_picture"] + products["retired"]
    wrong = []
    if total != parts:
        wrong.append(f"The database has {total} products, the report accounts for {parts}.")
    read = products["refused"] + products["indexed"] + products["without_picture"]
    if products["rows"] != read:
        wrong.append(f"The run read {products['rows']} rows, the report accounts for {read}.")
    return wrong


def _leftovers(session: Session, home: Path) -> list[str]:
    """Return files that nothing refers to."""
    recorded = set(session.scalars(select(Embedding.shard).distinct()))
    shards = {path.name for path in (home / "embeddings").glob("*/*")}
    known = set(session.scalars(select(GenerationRow.directory)))
    left = [f"Shard {name} is nobody's." for name in sorted(shards - recorded)]
    left += [
        f"Generation {path.name} is nobody's."
        for path in (home / "generations").iterdir()
        if path.name not in known
    ]
    spool = home / "fetched"
    left += [
        f"{path.name} was fetched and left behind." for path in spool.rglob("*") if path.is_file()
    ]
    return left


def _catalogue(path: Path) -> dict[str, Path]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["sku"]: path.parent / row["image"] for row in csv.DictReader(file)}


def _is_picture(path: Path) -> bool:
    return b"not a picture" not in path.read_bytes()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
