"""Business rules: what merchants pin, boost and bury."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("query", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.Double(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("action IN ('pin', 'boost', 'bury')", name=op.f("ck_rule_action")),
        sa.CheckConstraint("field IN ('sku', 'brand', 'category')", name=op.f("ck_rule_field")),
        sa.CheckConstraint("(position IS NULL) <> (weight IS NULL)", name=op.f("ck_rule_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )


def downgrade() -> None:
    op.drop_table("rule")
