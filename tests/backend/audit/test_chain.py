"""The audit trail: unbroken under concurrency, and telling when someone tampered (RELIABILITY case 29)."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from backend.audit.service import GENESIS, record, verify_chain
from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.kit.context import request_id


def act(number: int) -> None:
    with db.session_scope() as session:
        record(session, "someone", "tests.acted", "thing", str(number), changes={"number": number})


def entries() -> list[AuditEntry]:
    with db.session_scope(read_only=True) as session:
        return list(session.query(AuditEntry).order_by(AuditEntry.number))


def first_bad() -> int | None:
    with db.session_scope(read_only=True) as session:
        return verify_chain(session)


def as_superuser(kind: str, *statements: str) -> None:
    """Change rows the way someone with the database's own password could."""
    with db.engine().connect() as connection:
        if kind == "postgres":
            connection.execute(text("ALTER TABLE audit_entries DISABLE TRIGGER ALL"))
        else:
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_entries_refuse_{act}"))
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


def test_entries_hold_each_other(database):
    for number in range(3):
        act(number)
    rows = entries()
    assert [row.previous_hash for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert first_bad() is None


def test_many_at_once_make_one_chain(database):
    threads = [threading.Thread(target=lambda: [act(n) for n in range(10)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = entries()
    assert len(rows) == 80
    assert len({row.previous_hash for row in rows}) == 80
    assert first_bad() is None


def test_act_that_is_rolled_back_leaves_no_entry(database):
    with pytest.raises(RuntimeError), db.session_scope() as session:
        record(session, None, "tests.acted", "thing", "1")
        raise RuntimeError
    assert entries() == []


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET object_id = 'another' WHERE object_id = '1'",
        "UPDATE audit_entries SET actor_id = 'another' WHERE object_id = '1'",
        "UPDATE audit_entries SET changes = '{\"number\": 7}' WHERE object_id = '1'",
    ],
)
def test_changed_entry_is_named(database, tampering):
    for number in range(3):
        act(number)
    as_superuser(database, tampering)
    assert first_bad() == entries()[1].number


def test_entry_taken_out_is_noticed_at_the_next(database):
    for number in range(3):
        act(number)
    as_superuser(database, "DELETE FROM audit_entries WHERE object_id = '1'")
    assert first_bad() == entries()[1].number


def test_entry_names_the_request(database):
    token = request_id.set("the-request")
    try:
        act(1)
    finally:
        request_id.reset(token)
    assert entries()[0].request_id == "the-request"


def test_project_administrator_reads_the_project_and_only_the_installation_all(client, project, login):
    admin, local = login("administrator"), login("administrator", installation=False)
    every = client.get("/api/audit", headers=admin).json()["items"]
    assert {one["action"] for one in every} >= {"projects.project.created", "accounts.user.created"}
    assert client.get("/api/audit", headers=local).status_code == 403
    mine = client.get("/api/audit", params={"project_id": project.id}, headers=local).json()["items"]
    assert {one["project_id"] for one in mine} == {project.id}
    assert (
        client.get("/api/audit", params={"project_id": project.id}, headers=login("clinician")).status_code
        == 403
    )
