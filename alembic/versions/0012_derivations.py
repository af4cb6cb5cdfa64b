"""How structures are derived from others, and from which revisions a contour was computed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the column; of revisions that exist none was computed."""
    op.create_table(
        "derivations",
        sa.Column("structure_id", sa.String(36), nullable=False),
        sa.Column("expression", sa.JSON(), nullable=False),
        sa.Column("used", sa.JSON(), nullable=False),
        sa.Column("computed", sa.Integer(), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("defined_by", sa.String(36), nullable=True),
        sa.Column("defined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["structure_id"],
            ["structures.id"],
            name=op.f("fk_derivations_structure_id_structures"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("structure_id", name=op.f("pk_derivations")),
    )
    op.create_table(
        "derivation_sources",
        sa.Column("structure_id", sa.String(36), nullable=False),
        sa.Column("source_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["structure_id"],
            ["derivations.structure_id"],
            name=op.f("fk_derivation_sources_structure_id_derivations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("structure_id", "source_id", name=op.f("pk_derivation_sources")),
    )
    op.create_index(op.f("ix_derivation_sources_source_id"), "derivation_sources", ["source_id"])
    op.add_column("revisions", sa.Column("derived_from", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Derived structures stay as they are and follow nothing any more."""
    op.drop_column("revisions", "derived_from")
    op.drop_index(op.f("ix_derivation_sources_source_id"), "derivation_sources")
    op.drop_table("derivation_sources")
    op.drop_table("derivations")
