"""Migrations: up, down, up again with data, and equal to the tables of the code."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from backend.accounts.schemas import UserIn
from backend.accounts.service import create_user
from backend.audit.service import verify_chain
from backend.kit import db, migrations
from backend.labels.tables import Derivation, DerivationSource
from backend.projects.service import default_project, join_default_project
from backend.tables import Base

APPEND_ONLY = ("audit_entries", "revisions", "reviews")
DERIVATIONS = ("derivations", "derivation_sources")


def test_migrated_database_is_what_the_tables_say(database):
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_down_leaves_nothing_and_up_again_works_with_data(database):
    with db.session_scope() as session:
        person = UserIn(username="ada", display_name="Ada", password="a long password", is_administrator=True)
        join_default_project(session, create_user(session, None, person).id)
    migrations.downgrade(db.engine(), "0001")
    assert not migrations.is_current(db.engine())
    migrations.upgrade(db.engine())
    with db.session_scope(read_only=True) as session:
        assert default_project(session).slug == "default"
        assert verify_chain(session) is None
    migrations.downgrade(db.engine(), "base")
    assert inspect(db.engine()).get_table_names() == ["alembic_version"]
    migrations.upgrade(db.engine())
    assert migrations.is_current(db.engine())


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_append_only_tables_refuse_change(database, labelled, table):
    column = "hash" if table == "audit_entries" else "id"
    changes = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if database == "postgres":
        changes.append(f"TRUNCATE {table} CASCADE")
    for change in changes:
        with pytest.raises(DatabaseError, match="append-only"), db.session_scope() as session:
            session.execute(text(change))


def test_revisions_and_reviews_go_with_their_study_and_the_audit_stays(database, labelled):
    with db.session_scope() as session:
        session.execute(text("DELETE FROM studies"))
    with db.session_scope(read_only=True) as session:
        left = {table: session.scalar(text(f"SELECT count(*) FROM {table}")) for table in APPEND_ONLY}
    assert left["revisions"] == left["reviews"] == 0
    assert left["audit_entries"] > 0


def test_acts_of_review_from_before_their_names_were_kept_stay_without_one(database, labelled):
    """Reviews never change, also not by a migration."""
    migrations.downgrade(db.engine(), "0005")
    migrations.upgrade(db.engine())
    with db.session_scope(read_only=True) as session:
        rows = session.execute(text("SELECT act, structure_name FROM reviews")).all()
    assert [tuple(row) for row in rows] == [("submitted", None)]


def test_derived_structures_stay_without_their_derivations(database, labelled):
    """Down and up again forgets how they were derived; contours and their history are as they were."""
    with db.session_scope() as session:
        structure_id = session.scalar(text("SELECT id FROM structures"))
        session.add(Derivation(structure_id=structure_id, expression={}, used={}, computed=1))
        session.flush()
        session.add(DerivationSource(structure_id=structure_id, source_id="gone"))
        revisions = session.execute(text("SELECT id, sha256 FROM revisions ORDER BY id")).all()
    migrations.downgrade(db.engine(), "0011")
    migrations.upgrade(db.engine())
    with db.session_scope(read_only=True) as session:
        assert session.execute(text("SELECT id, sha256 FROM revisions ORDER BY id")).all() == revisions
        assert session.scalars(text("SELECT derived_from FROM revisions")).all() == [None] * len(revisions)
        assert [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in DERIVATIONS] == [0, 0]
