"""Accounts, API keys, the audit trail; merchandisers' saved descriptions; verdicts of searches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

AMOUNT = (
    "CASE WHEN action IN ('synonym', 'redirect') THEN position IS NULL AND weight IS NULL "
    "ELSE (position IS NULL) <> (weight IS NULL) END"
)


def moment(name: str, *, now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def number() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    make_people()
    make_suite()
    for table, name, condition in (
        ("rule", "action", "action IN ('pin', 'boost', 'bury', 'synonym', 'redirect')"),
        ("rule", "field", "field IN ('sku', 'brand', 'category', 'words', 'address')"),
        ("rule", "amount", AMOUNT),
        ("product_attribute", "source", "source IN ('merchandiser', 'title', 'picture')"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.alter_column("product_attribute", "model_tag", nullable=True)
    op.create_check_constraint(
        op.f("ck_product_attribute_model_tag"),
        "product_attribute",
        "(source = 'merchandiser') = (model_tag IS NULL)",
    )
    op.add_column("search_event", sa.Column("verdict", sa.Text(), nullable=True))
    op.add_column("search_event", sa.Column("photo", sa.Text(), nullable=True))


def make_people() -> None:
    op.create_table(
        "account",
        number(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        moment("locked_until"),
        moment("created_at", now=True),
        moment("last_login_at"),
        sa.CheckConstraint(
            "role IN ('merchandiser', 'operator', 'admin')", name=op.f("ck_account_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "api_key",
        number(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), nullable=False),
        moment("created_at", now=True),
        moment("last_used_at"),
        moment("revoked_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
    )
    op.create_table(
        "audit",
        number(),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        moment("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_created_at"), "audit", ["created_at"])


def make_suite() -> None:
    op.create_table(
        "saved_description",
        number(),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        moment("created_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_description")),
        sa.UniqueConstraint("text", name=op.f("uq_saved_description_text")),
    )
    op.create_table(
        "saved_judgement",
        sa.Column("description_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["description_id"],
            ["saved_description.id"],
            name=op.f("fk_saved_judgement_description_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_saved_judgement_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("description_id", "product_id", name=op.f("pk_saved_judgement")),
    )
    op.create_index(op.f("ix_saved_judgement_product_id"), "saved_judgement", ["product_id"])
    op.create_table(
        "suite_run",
        number(),
        sa.Column("generation_id", sa.BigInteger(), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        moment("created_at", now=True),
        sa.ForeignKeyConstraint(
            ["generation_id"],
            ["generation.id"],
            name=op.f("fk_suite_run_generation_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suite_run")),
    )
    op.create_index(op.f("ix_suite_run_generation_id"), "suite_run", ["generation_id"])


def downgrade() -> None:
    for column in ("photo", "verdict"):
        op.drop_column("search_event", column)
    op.execute("DELETE FROM product_attribute WHERE source = 'merchandiser'")
    op.execute("DELETE FROM rule WHERE action IN ('synonym', 'redirect')")
    op.drop_constraint(op.f("ck_product_attribute_model_tag"), "product_attribute")
    op.alter_column("product_attribute", "model_tag", nullable=False)
    for table, name, condition in (
        ("rule", "action", "action IN ('pin', 'boost', 'bury')"),
        ("rule", "field", "field IN ('sku', 'brand', 'category')"),
        ("rule", "amount", "(position IS NULL) <> (weight IS NULL)"),
        ("product_attribute", "source", "source IN ('picture', 'title')"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for name in (
        "suite_run",
        "saved_judgement",
        "saved_description",
        "audit",
        "api_key",
        "account",
    ):
        op.drop_table(name)
