"""Full text search over products: words, and skus without punctuation, as generated columns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0003"
down_revision = "0002"

SIGNS = "-_/.:@+~"
SKU_SIGNS = " -_/.:#\u2010\u2011\u2012\u2013\u2014"


def weighted(configuration: str, column: str, weight: str) -> str:
    spaced = f"translate(coalesce({column}, ''), '{SIGNS}', '{' ' * len(SIGNS)}')"
    return f"setweight(to_tsvector('{configuration}', {spaced}), '{weight}')"


SEARCH = " || ".join(
    [
        weighted("simple", "sku", "A"),
        weighted("simple", "title", "A"),
        weighted("english", "title", "A"),
        weighted("simple", "brand", "B"),
        weighted("english", "brand", "B"),
        weighted("english", "category", "C"),
        weighted("english", "colour", "C"),
        weighted("english", "description", "D"),
    ]
)


def upgrade() -> None:
    sku_key = sa.Computed(f"lower(translate(sku, '{SKU_SIGNS}', ''))", persisted=True)
    op.add_column("product", sa.Column("sku_key", sa.Text(collation="C"), sku_key, nullable=False))
    op.add_column(
        "product",
        sa.Column("search", TSVECTOR(), sa.Computed(SEARCH, persisted=True), nullable=False),
    )
    op.create_index(op.f("ix_product_sku_key"), "product", ["sku_key"])
    op.create_index(op.f("ix_product_search"), "product", ["search"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index(op.f("ix_product_search"), "product")
    op.drop_index(op.f("ix_product_sku_key"), "product")
    op.drop_column("product", "search")
    op.drop_column("product", "sku_key")
