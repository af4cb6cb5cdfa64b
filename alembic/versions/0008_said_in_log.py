"""A line of a job's log is a slug with values beside the sentence in English, as its stage is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; lines from before stay English."""
    op.add_column("job_log", sa.Column("said", sa.JSON(), nullable=True))


def downgrade() -> None:
    """The sentence stays."""
    op.drop_column("job_log", "said")
