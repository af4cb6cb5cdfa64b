"""Consensus of readers who draw one structure blindly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No structure was read blindly yet."""
    op.create_table(
        "consensus_tasks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("study_row_id", sa.String(36), nullable=False),
        sa.Column("structure_set_id", sa.String(36), nullable=False),
        sa.Column("structure_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("tolerance_mm", sa.Double(), nullable=False),
        sa.Column("existing", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=True),
        sa.Column("results", sa.JSON(), nullable=True),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("adopted", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(36), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open','closed','ready')", name=op.f("ck_consensus_tasks_state")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], ondelete="CASCADE",
            name=op.f("fk_consensus_tasks_project_id_projects"),
        ),
        sa.ForeignKeyConstraint(
            ["study_row_id"], ["studies.id"], ondelete="CASCADE",
            name=op.f("fk_consensus_tasks_study_row_id_studies"),
        ),
        sa.ForeignKeyConstraint(
            ["structure_set_id"], ["structure_sets.id"], ondelete="CASCADE",
            name=op.f("fk_consensus_tasks_structure_set_id_structure_sets"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_consensus_tasks_job_id_jobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consensus_tasks")),
    )  # fmt: skip
    op.create_index(op.f("ix_consensus_tasks_project_id"), "consensus_tasks", ["project_id"])
    op.create_index(op.f("ix_consensus_tasks_study_row_id"), "consensus_tasks", ["study_row_id"])
    op.create_table(
        "consensus_readings",
        sa.Column("consensus_id", sa.String(36), nullable=False),
        sa.Column("reader_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("structure_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["consensus_id"], ["consensus_tasks.id"], ondelete="CASCADE",
            name=op.f("fk_consensus_readings_consensus_id_consensus_tasks"),
        ),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["users.id"], ondelete="CASCADE",
            name=op.f("fk_consensus_readings_reader_id_users"),
        ),
        sa.PrimaryKeyConstraint("consensus_id", "reader_id", name=op.f("pk_consensus_readings")),
    )  # fmt: skip
    op.add_column("structures", sa.Column("consensus_id", sa.String(36), nullable=True))
    op.create_index(op.f("ix_structures_consensus_id"), "structures", ["consensus_id"])
    op.add_column("revisions", sa.Column("consensus", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Readings and tasks go; the revisions that came of them stay."""
    op.drop_column("revisions", "consensus")
    op.drop_index(op.f("ix_structures_consensus_id"), "structures")
    op.drop_column("structures", "consensus_id")
    op.drop_table("consensus_readings")
    op.drop_table("consensus_tasks")
