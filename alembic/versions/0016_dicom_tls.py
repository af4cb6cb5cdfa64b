"""Peers that are called by TLS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; peers that are here are called as before."""
    op.add_column("dicom_peers", sa.Column("tls", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Peers that take TLS only are not reached any more."""
    with op.batch_alter_table("dicom_peers") as table:
        table.drop_column("tls")
