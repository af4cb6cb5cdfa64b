"""Versions of networks that were imported from elsewhere."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A third origin beside `shipped` and `trained`."""
    _origins("origin IN ('shipped','trained','imported')")


def downgrade() -> None:
    """Imported versions, and where they are in use, are forgotten."""
    imported = "(SELECT id FROM network_versions WHERE origin = 'imported')"
    op.execute(f"DELETE FROM deployments WHERE version_id IN {imported}")
    op.execute(f"DELETE FROM runs WHERE base_version_id IN {imported}")
    op.execute("DELETE FROM network_versions WHERE origin = 'imported'")
    _origins("origin IN ('shipped','trained')")


def _origins(condition: str) -> None:
    with op.batch_alter_table("network_versions") as table:
        table.drop_constraint(op.f("ck_network_versions_origin"), type_="check")
        table.create_check_constraint(op.f("ck_network_versions_origin"), condition)
