"""Pictures of network versions, who signed them off, and versions that never change.

A version's manifest, weights, card and figures are what was signed: no row of them is changed any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

IMMUTABLE = ("network_versions", "version_signatures")


def upgrade() -> None:
    """Versions that are here have no pictures and no signatures, and say so."""
    _pictures()
    _signatures()
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in IMMUTABLE:
        if postgres:
            act = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        else:
            act = f"BEGIN SELECT RAISE(ABORT, '{table} never change'); END"
        op.execute(f"CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} {act}")


def _pictures() -> None:
    op.create_table(
        "network_pictures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("rank", sa.String(8), nullable=False),
        sa.Column("case_name", sa.String(64), nullable=False),
        sa.Column("dice", sa.Double(), nullable=True),
        sa.Column("slice_number", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.String(36), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "rank IN ('best','median','worst','example')", name=op.f("ck_network_pictures_rank")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["network_versions.id"],
            name=op.f("fk_network_pictures_version_id_network_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["studies.id"],
            name=op.f("fk_network_pictures_study_id_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_pictures")),
        sa.UniqueConstraint("version_id", "rank", name=op.f("uq_network_pictures_version_id_rank")),
    )
    op.create_index(op.f("ix_network_pictures_study_id"), "network_pictures", ["study_id"])


def _signatures() -> None:
    op.create_table(
        "version_signatures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("signer_id", sa.String(36), nullable=False),
        sa.Column("signer_name", sa.String(128), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("weights_sha256", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_version_signatures_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["network_versions.id"],
            name=op.f("fk_version_signatures_version_id_network_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_signatures")),
        sa.UniqueConstraint(
            "project_id", "version_id", name=op.f("uq_version_signatures_project_id_version_id")
        ),
    )
    op.create_index(op.f("ix_version_signatures_version_id"), "version_signatures", ["version_id"])


def downgrade() -> None:
    """Pictures and signatures are lost; versions may be changed again."""
    suffix = {table: f" ON {table}" for table in IMMUTABLE}
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in IMMUTABLE:
        op.execute(f"DROP TRIGGER {table}_refuse_update" + (suffix[table] if postgres else ""))
    op.drop_index(op.f("ix_version_signatures_version_id"), table_name="version_signatures")
    op.drop_table("version_signatures")
    op.drop_index(op.f("ix_network_pictures_study_id"), table_name="network_pictures")
    op.drop_table("network_pictures")
