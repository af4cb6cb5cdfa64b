"""AE titles that lead into projects, peers that their objects may be sent to, and receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty: nobody is let in before an administrator says so."""
    op.create_table(
        "dicom_titles",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(16), nullable=False),
        sa.Column("callers", sa.JSON(), nullable=False),
        sa.Column("allow_query", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_dicom_titles_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_titles")),
        sa.UniqueConstraint("title", name=op.f("uq_dicom_titles_title")),
    )
    op.create_index(op.f("ix_dicom_titles_project_id"), "dicom_titles", ["project_id"])
    op.create_table(
        "dicom_peers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(16), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("commitment", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_dicom_peers_port")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_dicom_peers_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_peers")),
        sa.UniqueConstraint("project_id", "title", name=op.f("uq_dicom_peers_project_id_title")),
    )
    op.create_table(
        "dicom_deliveries",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("structure_set_id", sa.String(36), nullable=False),
        sa.Column("peer_title", sa.String(16), nullable=False),
        sa.Column("calling_title", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=True),
        sa.Column("instances", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(255), nullable=False),
        sa.Column("commitment_uid", sa.String(64), nullable=True),
        sa.Column("created_by", sa.String(36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_dicom_deliveries_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_deliveries")),
        sa.UniqueConstraint("commitment_uid", name=op.f("uq_dicom_deliveries_commitment_uid")),
    )
    op.create_index(op.f("ix_dicom_deliveries_project_id"), "dicom_deliveries", ["project_id"])
    op.create_index(
        op.f("ix_dicom_deliveries_structure_set_id_id"), "dicom_deliveries", ["structure_set_id", "id"]
    )


def downgrade() -> None:
    """Take all away."""
    op.drop_index(op.f("ix_dicom_deliveries_structure_set_id_id"), "dicom_deliveries")
    op.drop_index(op.f("ix_dicom_deliveries_project_id"), "dicom_deliveries")
    op.drop_table("dicom_deliveries")
    op.drop_table("dicom_peers")
    op.drop_index(op.f("ix_dicom_titles_project_id"), "dicom_titles")
    op.drop_table("dicom_titles")
