"""Changes since a generation was built, and how they reach searchers.

`changed_in` is the number of the transaction that last wrote a row. A generation records the oldest
transaction that was still open when it looked at the catalogue; all that it may have missed has
this number or a greater one. Triggers set it, so that no writer can forget to.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

NOW = "pg_current_xact_id()::text::bigint"
STAMPED = {
    "product": "title brand category colour price_cents in_stock retired_at changed_in",
    "product_image": "product_id position state sha256 colours structure changed_in",
    "product_attribute": "name value",
}
"""Tables, and the columns whose changes count."""
STAMP = f"""
CREATE FUNCTION stamp_changed_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_in := {NOW};
  RETURN NEW;
END $$
"""
HAND_ON = """
CREATE FUNCTION pass_on_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE product SET changed_in = 0 WHERE id = OLD.product_id;  -- stamped by its own trigger
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table in STAMPED:
        op.add_column(
            table,
            sa.Column("changed_in", sa.BigInteger(), server_default=sa.text(NOW), nullable=False),
        )
    for table in ("product", "product_image"):
        op.create_index(op.f(f"ix_{table}_changed_in"), table, ["changed_in"])
    op.create_index(
        op.f("ix_product_attribute_changed_in"),
        "product_attribute",
        ["changed_in"],
        postgresql_where=sa.text("source = 'merchandiser'"),
    )
    op.execute(STAMP)
    op.execute(HAND_ON)
    for table, columns in STAMPED.items():
        old, new = (
            ", ".join(f"{row}.{column}" for column in columns.split()) for row in ("OLD", "NEW")
        )
        op.execute(
            f"CREATE TRIGGER stamp_changed_in BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION stamp_changed_in()"
        )
    op.execute(
        "CREATE TRIGGER pass_on_change AFTER DELETE ON product_image "
        "FOR EACH ROW EXECUTE FUNCTION pass_on_change()"
    )
    op.execute(
        "CREATE TRIGGER pass_on_change AFTER DELETE ON product_attribute "
        "FOR EACH ROW WHEN (OLD.source = 'merchandiser') EXECUTE FUNCTION pass_on_change()"
    )
    for column in ("etag", "last_modified", "fetched_sha256"):
        op.add_column("product_image", sa.Column(column, sa.Text(), nullable=True))
    op.add_column(
        "product_image", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        op.f("ix_product_image_fetched_sha256"),
        "product_image",
        ["fetched_sha256"],
        postgresql_where=sa.text("fetched_sha256 IS NOT NULL"),
    )
    _create_delta()
    _create_product_change()


def _create_delta() -> None:
    op.create_table(
        "delta",
        sa.Column("generation_id", sa.BigInteger(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("generation_id", name=op.f("pk_delta")),
        sa.ForeignKeyConstraint(
            ["generation_id"],
            ["generation.id"],
            name=op.f("fk_delta_generation_id"),
            ondelete="CASCADE",
        ),
    )


def _create_product_change() -> None:
    texts = {"reason": True, "detail": True, "actor": False}
    op.create_table(
        "product_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=True),
        sa.Column("quarantine_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        *(sa.Column(name, sa.Text(), nullable=nullable) for name, nullable in texts.items()),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "action IN ('put', 'delete', 'reread')", name=op.f("ck_product_change_action")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'refused')", name=op.f("ck_product_change_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_change")),
        sa.ForeignKeyConstraint(
            ["quarantine_id"],
            ["quarantine.id"],
            name=op.f("fk_product_change_quarantine_id"),
            ondelete="SET NULL",
        ),
    )
    op.create_index(
        op.f("ix_product_change_id"),
        "product_change",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_product_change_sku"), "product_change", ["sku"])
    op.create_index(
        op.f("ix_product_change_quarantine_id"),
        "product_change",
        ["quarantine_id"],
        postgresql_where=sa.text("quarantine_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("product_change")
    op.drop_table("delta")
    for column in ("etag", "last_modified", "fetched_sha256", "checked_at"):
        op.drop_column("product_image", column)
    for table in list(STAMPED)[1:]:
        op.execute(f"DROP TRIGGER pass_on_change ON {table}")
    for table in STAMPED:
        op.execute(f"DROP TRIGGER stamp_changed_in ON {table}")
        op.drop_column(table, "changed_in")
    op.execute("DROP FUNCTION pass_on_change")
    op.execute("DROP FUNCTION stamp_changed_in")
