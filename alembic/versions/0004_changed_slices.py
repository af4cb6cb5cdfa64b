"""A revision says on how many slices it differs from its parent; a study may be approved in part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PARTLY = """
UPDATE studies SET state = 'partly-approved' WHERE state IN ('approved', 'drafted')
AND EXISTS (SELECT 1 FROM structures s JOIN structure_sets t ON t.id = s.structure_set_id
            WHERE t.study_row_id = studies.id AND s.state = 'approved' AND s.assessment <> 'rejected')
AND EXISTS (SELECT 1 FROM structures s JOIN structure_sets t ON t.id = s.structure_set_id
            WHERE t.study_row_id = studies.id AND s.state = 'draft' AND s.assessment <> 'rejected'
            AND s.head > 0)
"""


def upgrade() -> None:
    """Add the column; of revisions that exist the number stays unknown, for they never change."""
    op.add_column("revisions", sa.Column("changed_slices", sa.Integer(), nullable=True))
    op.execute(PARTLY)


def downgrade() -> None:
    """Partly approved was drafted before."""
    op.execute("UPDATE studies SET state = 'drafted' WHERE state = 'partly-approved'")
    op.drop_column("revisions", "changed_slices")
