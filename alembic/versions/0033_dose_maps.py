"""Analyses may be dose-outcome maps."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('subtypes','survival','outcome','outcome-network')"
SINCE = "kind IN ('subtypes','survival','outcome','outcome-network','dose-map')"


def upgrade() -> None:
    """No analysis is one yet."""
    _only(SINCE)


def downgrade() -> None:
    """Dose-outcome maps cannot stay."""
    op.execute("DELETE FROM predictions WHERE analysis_id IN (SELECT id FROM analyses WHERE kind='dose-map')")
    op.execute("DELETE FROM analyses WHERE kind = 'dose-map'")
    _only(BEFORE)


def _only(kinds: str) -> None:
    with op.batch_alter_table("analyses") as table:
        table.drop_constraint(op.f("ck_analyses_kind"), type_="check")
        table.create_check_constraint(op.f("ck_analyses_kind"), kinds)
