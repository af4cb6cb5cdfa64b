"""A database, a data folder and people, for every test of the backend.

`database` runs on SQLite always and once more on Postgres when RINKAKU_TEST_POSTGRES_URL names a server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from backend import config
from backend.accounts.actor import Actor
from backend.accounts.schemas import TokenIn, UserIn
from backend.accounts.service import create_token, create_user
from backend.kit import db, ids, storage
from backend.projects.service import default_project
from backend.projects.tables import Member, Project, Role
from backend.tables import Base

POSTGRES = os.environ.get("RINKAKU_TEST_POSTGRES_URL")
PASSWORD = "correct horse battery"
"""Password of every user in tests."""


def forget_caches() -> None:
    """Let the next use read the settings again."""
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    for cached in (config.get_settings, db.engine, db.session_factory, storage.storage):
        cached.cache_clear()


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else ["sqlite"]
)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An empty migrated database and data folder of this test's own; gives the name of the kind."""
    monkeypatch.setenv("RINKAKU_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    drop = None
    if request.param == "postgres":
        drop = _own_postgres(monkeypatch)
    else:
        monkeypatch.delenv("RINKAKU_DATABASE_URL", raising=False)
    forget_caches()
    Base.metadata.create_all(db.engine())
    yield request.param
    forget_caches()
    if drop is not None:
        drop()


def _own_postgres(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    assert POSTGRES is not None
    server = make_url(POSTGRES.replace("postgresql://", "postgresql+psycopg://", 1))
    name = "test_" + ids.new_id().replace("-", "")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("RINKAKU_DATABASE_URL", url)

    def drop() -> None:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()

    return drop


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    """A transaction that the test may commit; what is left open is rolled back."""
    made = db.session_factory()()
    yield made
    made.rollback()
    made.close()


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    """The app on this test's database; errors come back as answers, as a browser would see them."""
    from backend.app import create_app

    with TestClient(create_app(), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def project(database: str) -> Project:
    """The default project, committed."""
    with db.session_scope() as session:
        return default_project(session)


ActorMaker = Callable[..., Actor]


@pytest.fixture
def actor(project: Project) -> ActorMaker:
    """`actor("clinician")` makes a user with that role in the default project (None: in no project)."""

    def make(
        role: str | None = "administrator", *, installation: bool | None = None, in_: Any = None
    ) -> Actor:
        administers = role == "administrator" if installation is None else installation
        username = f"{role or 'stranger'}-{ids.new_id()[-6:]}"
        new = UserIn(
            username=username, display_name=username, password=PASSWORD, is_administrator=administers
        )
        with db.session_scope() as session:
            user = create_user(session, None, new)
            if role is not None:
                target = in_ or project
                session.add(Member(project_id=target.id, user_id=user.id, role=Role(role)))
        return Actor(user.id, user.username, user.display_name, user.is_administrator, "token")

    return make


@pytest.fixture
def login(actor: ActorMaker) -> Callable[..., dict[str, str]]:
    """`login("annotator")` gives a new user's headers; takes what `actor` takes, or an Actor."""

    def headers(role: str | Actor | None = "administrator", **options: Any) -> dict[str, str]:
        who = role if isinstance(role, Actor) else actor(role, **options)
        with db.session_scope() as session:
            _, secret = create_token(session, who.user_id, TokenIn(name="test"))
        return {"Authorization": f"Bearer {secret}"}

    return headers
