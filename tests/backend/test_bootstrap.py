"""Making an installation ready: the first administrator is told once, a second start changes nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from backend import bootstrap
from backend.accounts.tables import User
from backend.audit.tables import AuditEntry
from backend.kit import db, migrations
from backend.kit.errors import Conflict
from backend.projects.tables import Project
from backend.studies.tables import Study
from backend.training.tables import NetworkVersion
from tests.conftest import forget_caches


@pytest.fixture
def said(database, monkeypatch, tmp_path) -> list[str]:
    """Lines that were said; no networks are shipped with this installation."""
    monkeypatch.setenv("RINKAKU_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("RINKAKU_ADMIN_PASSWORD", raising=False)
    forget_caches()
    return []


def counts() -> dict[str, int]:
    tables = (User, Project, NetworkVersion, AuditEntry)
    with db.session_scope(read_only=True) as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in tables
        }


def test_first_administrator_is_told_once_and_can_log_in(client, said):
    bootstrap.prepare(said.append)
    assert said[0] == "First administrator: admin"
    password = said[1].removeprefix("Password (shown only now): ")
    assert len(said) == 2
    me = client.post("/api/session", json={"username": "admin", "password": password}).json()
    assert me["user"]["is_administrator"]
    assert [one["role"] for one in me["projects"]] == ["administrator"]


def test_second_start_says_and_changes_nothing(said):
    bootstrap.prepare(said.append)
    before, again = counts(), []
    bootstrap.prepare(again.append)
    assert again == []
    assert counts() == before
    assert before["users"] == before["projects"] == 1


def test_given_password_is_taken_and_never_said(client, said, monkeypatch):
    monkeypatch.setenv("RINKAKU_ADMIN_PASSWORD", "given by the hospital")
    forget_caches()
    bootstrap.prepare(said.append)
    assert not any("given by the hospital" in line for line in said)
    answer = client.post("/api/session", json={"username": "admin", "password": "given by the hospital"})
    assert answer.status_code == 200


def test_a_first_password_that_the_rules_forbid_is_refused_by_name(said, monkeypatch):
    monkeypatch.setenv("RINKAKU_ADMIN_PASSWORD", "x")
    forget_caches()
    with pytest.raises(Conflict, match=r"RINKAKU_ADMIN_PASSWORD.*at least 8"):
        bootstrap.prepare(said.append)
    assert counts()["users"] == 0


def test_empty_database_is_brought_to_the_tables_of_this_version(said):
    migrations.downgrade(db.engine(), "base")
    bootstrap.prepare(said.append)
    assert migrations.is_current(db.engine())
    assert said[0] == "Preparing the database …"


def test_demonstration_patient_comes_once(said, project):
    bootstrap.demonstration_patient(said.append)
    bootstrap.demonstration_patient(said.append)
    assert said == ["Making a demonstration patient …"]
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Study)) == 1
