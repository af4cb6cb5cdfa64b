"""Audit entries are for ever; revisions and reviews never change and go only with their structure.

A revision may be deleted while its structure is not there any more, and only then: that is the cascade of the
foreign key when a structure, a study or a project is deleted.  So a study can be deleted as a whole, but no
revision or signature can be taken out of a structure that stays.  Audit entries refer to no row and stay.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_THEIR_STRUCTURE = ("revisions", "reviews")
TABLES = ("audit_entries", *WITH_THEIR_STRUCTURE)
STAYS = "EXISTS (SELECT 1 FROM structures WHERE structures.id = OLD.structure_id)"


def upgrade() -> None:
    """Add the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgres()
    else:
        _upgrade_sqlite()


def downgrade() -> None:
    """Take the triggers out."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in TABLES:
        for act in ("update", "delete", "truncate") if postgres else ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuse_{act}" + (f" ON {table}" if postgres else ""))
    if postgres:
        op.execute("DROP FUNCTION refuse_change()")
        op.execute("DROP FUNCTION refuse_delete_from_structure()")


def _upgrade_sqlite() -> None:
    for table in TABLES:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        condition = f"WHEN {STAYS} " if table in WITH_THEIR_STRUCTURE else ""
        op.execute(f"CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table} {condition}{refuse}")


def _upgrade_postgres() -> None:
    refuse = (
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';"
    )
    op.execute(
        f"CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$"
    )
    op.execute(
        "CREATE FUNCTION refuse_delete_from_structure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {STAYS} THEN {refuse} END IF; RETURN OLD; END $$"
    )
    for table in TABLES:
        delete = "refuse_delete_from_structure" if table in WITH_THEIR_STRUCTURE else "refuse_change"
        for act, level, function in (
            ("update", "ROW", "refuse_change"),
            ("delete", "ROW", delete),
            ("truncate", "STATEMENT", "refuse_change"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{act} BEFORE {act.upper()} ON {table} "
                f"FOR EACH {level} EXECUTE FUNCTION {function}()"
            )
