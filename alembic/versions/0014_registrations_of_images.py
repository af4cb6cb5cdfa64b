"""Whether a registration waits for the images that it names in place of a frame of reference."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are here are read once more when their patient's next objects come: they may be such."""
    op.add_column(
        "registrations", sa.Column("images_missing", sa.Boolean(), nullable=False, server_default=sa.true())
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_column("registrations", "images_missing")
