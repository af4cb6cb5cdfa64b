"""Places in scans that detectors suspect, and what readers said of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No detector looked yet."""
    op.create_table(
        "detections",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("study_row_id", sa.String(36), nullable=False),
        sa.Column("series_row_id", sa.String(36), nullable=False),
        sa.Column("network_version_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_detections_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_row_id"],
            ["studies.id"],
            name=op.f("fk_detections_study_row_id_studies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["series_row_id"],
            ["series.id"],
            name=op.f("fk_detections_series_row_id_series"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_version_id"],
            ["network_versions.id"],
            name=op.f("fk_detections_network_version_id_network_versions"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_detections_job_id_jobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detections")),
    )
    op.create_index(op.f("ix_detections_study_row_id"), "detections", ["study_row_id"])
    op.create_table(
        "candidates",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("detection_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position_mm", sa.JSON(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("volume_cc", sa.Double(), nullable=False),
        sa.Column("box_mm", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(36), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open','accepted','dismissed')", name=op.f("ck_candidates_state")),
        sa.ForeignKeyConstraint(
            ["detection_id"],
            ["detections.id"],
            name=op.f("fk_candidates_detection_id_detections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint("detection_id", "number", name=op.f("uq_candidates_detection_id_number")),
    )


def downgrade() -> None:
    """What readers said is lost."""
    op.drop_table("candidates")
    op.drop_index(op.f("ix_detections_study_row_id"), "detections")
    op.drop_table("detections")
