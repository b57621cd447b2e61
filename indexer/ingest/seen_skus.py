"""Which skus an ingest has seen, to tell duplicates and to retire what is gone.

Refuses to retire more than a share of a catalogue: a broken export must not empty the shop.
"""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from indexer.ingest.catalogue_row import Remark
from search.database.models import Product

SKUS_AND_LINES = "unnest(CAST(:skus AS text[]), CAST(:lines AS bigint[]))"
TAKE = (
    f"INSERT INTO seen_sku SELECT *, true FROM {SKUS_AND_LINES} "  # noqa: S608  (a constant)
    "ON CONFLICT (sku) DO UPDATE SET taken = true, line = EXCLUDED.line "
    "WHERE NOT seen_sku.taken RETURNING sku"
)
REFUSE = (
    f"INSERT INTO seen_sku SELECT *, false FROM {SKUS_AND_LINES} "  # noqa: S608  (a constant)
    "ON CONFLICT (sku) DO NOTHING"
)


class SeenSkus:
    """The skus of one ingest, kept in the database: a catalogue may have millions.

    A temporary table of the connection; it ends with it.
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
        """Note the lines of skus that are to be taken.

        Returns:
            The line that took it before, of each sku that was taken before: a duplicate.
        """
        taken = session.execute(
            text(TAKE),
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
        """Note skus of refused rows: their products stay as they were."""
        if lines:
            session.execute(
                text(REFUSE),
                {"skus": list(lines), "lines": list(lines.values())},
            )

    def retire_others(self, session: Session, source: str, *, at_most: float) -> tuple[int, int]:
        """Retire the products of a catalogue that it does not name any more.

        Args:
            session: The transaction.
            source: The catalogue.
            at_most: Nothing is retired when more than this share would be.

        Returns:
            (products to retire, products before).
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
    """Say why a row is refused whose sku stands in an earlier line."""
    return Remark(
        "duplicate_sku",
        f"The sku stands in line {first} already, which counts. Give each product one row; several "
        "pictures go into its image column, separated by |.",
    )
