"""A study of which all but untouched imported structures are approved is approved."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPROVED = """
UPDATE studies SET state = 'approved' WHERE state = 'partly-approved'
AND NOT EXISTS (SELECT 1 FROM structures s JOIN structure_sets t ON t.id = s.structure_set_id
                JOIN revisions r ON r.structure_id = s.id AND r.number = s.head
                WHERE t.study_row_id = studies.id AND s.state <> 'approved' AND s.assessment <> 'rejected'
                AND (r.slices > 0 OR r.author_id IS NOT NULL)
                AND NOT (t.origin = 'import' AND s.state = 'draft' AND r.author_id IS NULL))
"""


def upgrade() -> None:
    """Other states do not change by it."""
    op.execute(APPROVED)


def downgrade() -> None:
    """The next act of review computes it anew."""
