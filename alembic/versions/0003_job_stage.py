"""A running job says at which stage it is by a slug with values, beside the sentence in English."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; jobs that run meanwhile say it with their next word."""
    op.add_column("jobs", sa.Column("stage", sa.JSON(), nullable=True))


def downgrade() -> None:
    """The sentence stays."""
    op.drop_column("jobs", "stage")
