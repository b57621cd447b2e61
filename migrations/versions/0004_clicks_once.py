"""A product counts as opened at most once per search."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_index(op.f("ix_click_search_event_id"), table_name="click")
    op.create_unique_constraint(
        op.f("uq_click_search_event_id_product_id"), "click", ["search_event_id", "product_id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_click_search_event_id_product_id"), "click", type_="unique")
    op.create_index(op.f("ix_click_search_event_id"), "click", ["search_event_id"])
