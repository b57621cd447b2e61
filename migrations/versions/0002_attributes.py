"""Attributes of products from pictures and titles, with confidence; colours of pictures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("product_image", sa.Column("colours", JSONB(), nullable=True))
    op.create_table(
        "product_attribute",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("model_tag", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "source IN ('picture', 'title')", name=op.f("ck_product_attribute_source")
        ),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 1", name=op.f("ck_product_attribute_confidence")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_product_attribute_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("product_id", "name", "source", name=op.f("pk_product_attribute")),
    )


def downgrade() -> None:
    op.drop_table("product_attribute")
    op.drop_column("product_image", "colours")
