"""The structure of pictures, which is the same for equal pictures in other colours."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("product_image", sa.Column("structure", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("product_image", "structure")
