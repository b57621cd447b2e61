"""Findings of the survey of a generation: products that look wrong."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

KINDS = "kind IN ('duplicate', 'category', 'title')"
REFERENCES = ("generation", "product", "product_image")


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(f"{table}_id", sa.BigInteger(), nullable=False) for table in REFERENCES),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_finding_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"],
                [f"{table}.id"],
                name=op.f(f"fk_finding_{table}_id"),
                ondelete="CASCADE",
            )
            for table in REFERENCES
        ),
    )
    op.create_index(op.f("ix_finding_generation_id_kind"), "finding", ["generation_id", "kind"])
    for column in ("product_id", "product_image_id"):
        op.create_index(op.f(f"ix_finding_{column}"), "finding", [column])


def downgrade() -> None:
    op.drop_table("finding")
