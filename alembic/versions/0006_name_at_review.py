"""An act of review keeps the name under which the structure was seen, for a returned one may be renamed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of acts that exist the name stays unknown, for they never change."""
    op.add_column("reviews", sa.Column("structure_name", sa.String(64), nullable=True))


def downgrade() -> None:
    """The audit trail holds the names too."""
    op.drop_column("reviews", "structure_name")
