"""Remembers the skus of one ingest, to find duplicates and to retire products that are gone.

No more than a share of a catalogue is retired: a broken export must not empty the shop.
"""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from indexer.ingest.catalogue_row import Remark
from search.database.models import Product

SKUS_AND_LINES = "unnest(CAST(:skus AS text[]), CAST(:lines AS bigint[]))"
TAKE_SQL = (
    f"INSERT INTO seen_sku SELECT *, true FROM {SKUS_AND_LINES} "  # noqa: S608  (a constant)
    "ON CONFLICT (sku) DO UPDATE SET taken = true, line = EXCLUDED.line "
    "WHERE NOT seen_sku.taken RETURNING sku"
)
REFUSE_SQL = (
    f"INSERT INTO seen_sku SELECT *, false FROM {SKUS_AND_LINES} "  # noqa: S608  (a constant)
    "ON CONFLICT (sku) DO NOTHING"
)


class SeenSkus:
    """The skus of one ingest, in a temporary table: a catalogue may have millions.

    The table belongs to the connection and ends with it.
    """

    def __init__(self, session: Session) -> None:
        session.execute(text("DROP TABLE IF EXISTS pg_temp.seen_sku"))
        session.execute(
            text(
                "CREATE TEMPORARY TABLE seen_sku "
                "(sku text PRIMARY KEY, line bigint NOT NULL, taken boolean NOT NULL)"
            )
        )

    def take(self, session: Session, lines: dict[str, int]) -> dict[str, int]:
        """Note the lines of skus whose rows are to be written.

        Returns:
            The earlier line of each sku that was noted before: a duplicate.
        """
        taken = session.execute(
            text(TAKE_SQL),
            {"skus": list(lines), "lines": list(lines.values())},
        )
        duplicates = lines.keys() - set(taken.scalars())
        if not duplicates:
            return {}
        found = session.execute(
            text("SELECT sku, line FROM seen_sku WHERE sku = ANY(CAST(:skus AS text[]))"),
            {"skus": list(duplicates)},
        )
        return {str(sku): int(line) for sku, line in found}

    def refuse(self, session: Session, lines: dict[str, int]) -> None:
        """Note the skus of refused rows, whose products stay as they were."""
        if lines:
            session.execute(
                text(REFUSE_SQL),
                {"skus": list(lines), "lines": list(lines.values())},
            )

    def retire_others(self, session: Session, source: str, *, at_most: float) -> tuple[int, int]:
        """Retire the products that a catalogue no longer names.

        Args:
            session: The transaction.
            source: The catalogue.
            at_most: Share of its products. If more are gone, none is retired.

        Returns:
            (products that are gone, products before).
        """
        missing = text("NOT EXISTS (SELECT FROM seen_sku WHERE seen_sku.sku = product.sku)")
        own = (Product.source == source, Product.retired_at.is_(None))
        present = select(func.count()).select_from(Product).where(*own)
        before = session.scalar(present) or 0
        gone = session.scalar(present.where(missing)) or 0
        if gone and gone <= at_most * before:
            session.execute(
                update(Product)
                .where(*own, missing)
                .values(retired_at=func.now(), updated_at=func.now())
                .execution_options(synchronize_session=False)
            )
        return gone, before


def duplicate_sku(first: int) -> Remark:
    """Return the refusal of a row whose sku stands in an earlier line."""
    return Remark(
        "duplicate_sku",
        f"The sku stands in line {first} already, which counts. Give each product one row; several "
        "pictures go into its image column, separated by |.",
    )
