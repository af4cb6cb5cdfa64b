"""A deployment says whether it went back to what was in use before: the next one then goes further back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what was rolled back before nothing says so, and it counts as promoted."""
    op.add_column(
        "deployments", sa.Column("rolled_back", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """The versions that were in use stay."""
    op.drop_column("deployments", "rolled_back")
