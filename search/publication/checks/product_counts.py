"""Whether a generation holds what it should, to the last product, and nothing twice.

Every product of the catalogue must be indexed, retired or without a usable picture. What changed
since the generation looked at the catalogue may be otherwise; its transaction number tells.
"""

from dataclasses import dataclass

import numpy as np
import sqlalchemy
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from search.database.connection import consistent_session
from search.database.models import Embedding, Product, ProductImage
from search.index.generation_files import Generation
from search.publication.checks.rehearsal_outcome import RehearsalCheck
from search.results import Ids

NAMED = 5
"""Skus that a sentence names."""


@dataclass(frozen=True, slots=True)
class Recount:
    """Every product of the catalogue, counted once: products is the sum of the next five."""

    products: int  # in the catalogue
    indexed: int  # in the generation
    without_picture: int  # of the others: no usable picture
    retired: int
    waiting: int  # changed since the generation was built; the next one will have them
    missing: int  # should be in it
    missing_skus: tuple[str, ...]  # of some of these
    surplus: int  # in it, though retired before it was built, or not known at all
    doubled: int  # rows that show a picture again that another row shows
    misstated: int  # by how much the manifest's own counts are wrong

    @property
    def wrong(self) -> int:
        """Products and rows that are not as they should be."""
        return self.missing + self.surplus + self.doubled + self.misstated


def check_counts(database: sqlalchemy.Engine, generation: Generation) -> RehearsalCheck:
    """Recount everything; one product too few or too many fails."""
    found = recount(database, generation)
    sentence = (
        f"{found.products:,} products = {found.indexed:,} indexed + {found.without_picture:,} "
        f"without a usable picture + {found.retired:,} retired"
        + (f" + {found.waiting:,} changed since the build" if found.waiting else "")
    )
    if not found.wrong:
        return RehearsalCheck("counts", "passed", f"{sentence}.", 0, 0)
    wrong = {
        f"{found.missing:,} missing ({', '.join(found.missing_skus)})": found.missing,
        f"{found.surplus:,} that should not be there": found.surplus,
        f"{found.doubled:,} pictures twice": found.doubled,
        f"{found.misstated:,} more or less than its manifest says": found.misstated,
    }
    told = ", ".join(words for words, count in wrong.items() if count)
    sentence = f"The index does not add up: {told}. Run `findalike build` again."
    return RehearsalCheck("counts", "failed", sentence, found.wrong, 0)


def recount(database: sqlalchemy.Engine, generation: Generation) -> Recount:
    """Count products in one look at the database and in the generation's columns."""
    columns, manifest = generation.columns, generation.manifest
    held = np.unique(columns.product_id)
    with consistent_session(database) as session:
        active = Product.retired_at.is_(None)
        every = _ids(session, select(Product.id))
        retired = _ids(session, select(Product.id).where(~active))
        usable = _ids(session, select(Product.id).where(active, _has_picture(manifest.model_tag)))
        changed = _ids(session, select(Product.id).where(_changed_since(manifest.changed_from)))
        rest = np.setdiff1d(every, held)
        due = np.intersect1d(rest, usable)
        missing = np.setdiff1d(due, changed)
        named = select(Product.sku).where(Product.id.in_(missing[:NAMED].tolist()))
        skus = tuple(session.scalars(named.order_by(Product.sku)))
    gone = np.intersect1d(rest, retired)
    bare = len(rest) - len(gone) - len(due)
    unknown = np.setdiff1d(held, every)
    late = np.setdiff1d(np.intersect1d(held, retired), changed)
    misstated = abs(len(held) - manifest.products) + abs(len(columns) - manifest.vectors)
    if not len(changed):  # or else its counts of what it does not hold are of another day
        stated = manifest.left_out
        misstated += abs(len(gone) - stated.get("products_retired", 0))
        misstated += abs(bare - stated.get("products_without_picture", 0))
    return Recount(
        products=len(every),
        indexed=len(held) - len(unknown),
        without_picture=bare,
        retired=len(gone),
        waiting=len(due) - len(missing),
        missing=len(missing),
        missing_skus=skus,
        surplus=len(unknown) + len(late),
        doubled=len(columns) - len(np.unique(columns.image_id)),
        misstated=misstated,
    )


def _has_picture(model_tag: str) -> ColumnElement[bool]:
    """Return whether a product has a picture that is encoded under a model and not refused."""
    embedded = exists().where(
        Embedding.sha256 == ProductImage.sha256, Embedding.model_tag == model_tag
    )
    return exists().where(
        and_(ProductImage.product_id == Product.id, ProductImage.state != "failed", embedded)
    )


def _changed_since(changed_from: int) -> ColumnElement[bool]:
    """Return whether a product or one of its pictures may have changed since a build looked."""
    picture = exists().where(
        ProductImage.product_id == Product.id, ProductImage.changed_in >= changed_from
    )
    return or_(Product.changed_in >= changed_from, picture)


def _ids(session: Session, query: Select[int]) -> Ids:
    return np.fromiter(session.scalars(query), dtype=np.int64)
