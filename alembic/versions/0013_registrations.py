"""What links two frames of reference, and which registration brought a structure set to its images."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: registrations that are here are read when their study is next settled."""
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("study_row_id", sa.String(36), nullable=False),
        sa.Column("instance_row_id", sa.String(36), nullable=False),
        sa.Column("sop_instance_uid", sa.String(64), nullable=False),
        sa.Column("frame_of_reference_uid", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("content_date", sa.String(8), nullable=False),
        sa.Column("content_time", sa.String(16), nullable=False),
        sa.Column("transforms", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_row_id"],
            ["studies.id"],
            name=op.f("fk_registrations_study_row_id_studies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_row_id"],
            ["instances.id"],
            name=op.f("fk_registrations_instance_row_id_instances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("instance_row_id", name=op.f("uq_registrations_instance_row_id")),
    )
    op.create_index(op.f("ix_registrations_study_row_id"), "registrations", ["study_row_id"])
    op.add_column("structure_sets", sa.Column("registration", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take both away."""
    op.drop_column("structure_sets", "registration")
    op.drop_index(op.f("ix_registrations_study_row_id"), "registrations")
    op.drop_table("registrations")
