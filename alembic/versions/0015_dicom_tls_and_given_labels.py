"""Peers that are called by TLS; which revisions clients of MONAI Label were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Peers that are here are called as before; clients fetch a label once more before they approve it."""
    op.add_column("dicom_peers", sa.Column("tls", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "given_labels",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_id", sa.String(36), nullable=False),
        sa.Column("tag", sa.String(16), nullable=False),
        sa.Column("structure_id", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["api_tokens.id"],
            name=op.f("fk_given_labels_token_id_api_tokens"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["structure_id"],
            ["structures.id"],
            name=op.f("fk_given_labels_structure_id_structures"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_labels")),
        sa.UniqueConstraint(
            "token_id", "tag", "structure_id", name=op.f("uq_given_labels_token_id_tag_structure_id")
        ),
    )
    op.create_index(op.f("ix_given_labels_structure_id"), "given_labels", ["structure_id"])


def downgrade() -> None:
    """Peers that take TLS only are not reached any more; an approval by a client signs the heads again."""
    op.drop_index(op.f("ix_given_labels_structure_id"), table_name="given_labels")
    op.drop_table("given_labels")
    with op.batch_alter_table("dicom_peers") as table:
        table.drop_column("tls")
