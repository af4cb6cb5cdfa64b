"""Alarms of the drift watch; what predictions say about the use of correcting a study."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Charts alarm from the next approval on; studies get their gain with the next prediction."""
    op.add_column("studies", sa.Column("expected_gain", sa.Double(), nullable=False, server_default="-1"))
    op.add_column("studies", sa.Column("gain_reason", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_studies_project_id_expected_gain"), "studies", ["project_id", "expected_gain"])
    op.create_table(
        "scan_outlooks",
        sa.Column("series_row_id", sa.String(36), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("network_version_id", sa.String(36), nullable=False),
        sa.Column("expected_dice", sa.JSON(), nullable=False),
        sa.Column("doubted", sa.JSON(), nullable=False),
        sa.Column("descriptor", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_row_id"],
            ["series.id"],
            name=op.f("fk_scan_outlooks_series_row_id_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_row_id", name=op.f("pk_scan_outlooks")),
    )
    op.create_table(
        "drift_alarms",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("network_version_id", sa.String(36), nullable=False),
        sa.Column("structure", sa.String(64), nullable=False),
        sa.Column("measure", sa.String(32), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_drift_alarms_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_version_id"],
            ["network_versions.id"],
            name=op.f("fk_drift_alarms_network_version_id_network_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_alarms")),
        sa.UniqueConstraint(
            "project_id",
            "network_version_id",
            "structure",
            "measure",
            name=op.f("uq_drift_alarms_project_id_network_version_id_structure_measure"),
        ),
    )


def downgrade() -> None:
    """Take all away."""
    op.drop_table("scan_outlooks")
    op.drop_index(op.f("ix_studies_project_id_expected_gain"), "studies")
    op.drop_column("studies", "gain_reason")
    op.drop_column("studies", "expected_gain")
    op.drop_table("drift_alarms")
