"""A database, a data folder and people, for every test of the backend.

`database` runs on SQLite always and once more on Postgres when RINKAKU_TEST_POSTGRES_URL names a server.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

from backend import config
from backend.accounts.actor import Actor
from backend.accounts.schemas import TokenIn, UserIn
from backend.accounts.service import create_token, create_user
from backend.kit import db, ids, migrations, storage
from backend.projects.service import default_project
from backend.projects.tables import Member, Project, Role

# Speed is measured by `make bench`, never by a test; CI looks at the same examples each time.
settings.register_profile("rinkaku", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("rinkaku")

POSTGRES = os.environ.get("RINKAKU_TEST_POSTGRES_URL")
PASSWORD = "correct horse battery"
"""Password of every user in tests."""


def forget_caches() -> None:
    """Let the next use read the settings again."""
    db.disconnect()
    config.get_settings.cache_clear()
    storage.storage.cache_clear()


def postgres_url(name: str) -> URL:
    """A database of the test server."""
    assert POSTGRES is not None
    return make_url(POSTGRES).set(database=name, drivername="postgresql+psycopg")


def on_server(*statements: str) -> None:
    """Run administrative statements on the test server."""
    assert POSTGRES is not None
    url = make_url(POSTGRES).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Names the migrated, empty database of a kind, made once; tests work on copies."""
    made: dict[str, str] = {}

    def of_kind(kind: str) -> str:
        if kind not in made:
            made[kind] = str(tmp_path_factory.mktemp("template") / "rinkaku.sqlite3")
            url = f"sqlite:///{made[kind]}"
            if kind == "postgres":
                made[kind] = "template_" + ids.new_id().replace("-", "")
                on_server(f"CREATE DATABASE {made[kind]}")
                url = postgres_url(made[kind]).render_as_string(hide_password=False)
            engine = db.make_engine(url)
            migrations.upgrade(engine)
            engine.dispose()
        return made[kind]

    yield of_kind
    if "postgres" in made:
        on_server(f"DROP DATABASE {made['postgres']} WITH (FORCE)")


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else ["sqlite"]
)
def database(
    request: pytest.FixtureRequest,
    template: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """An empty migrated database and data folder of this test's own; gives the name of the kind."""
    kind, source, data = request.param, template(request.param), tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("RINKAKU_DATA", str(data))
    name = "test_" + ids.new_id().replace("-", "")
    if kind == "postgres":
        on_server(f"CREATE DATABASE {name} TEMPLATE {source}")
        url = postgres_url(name).set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("RINKAKU_DATABASE_URL", url)
    else:
        shutil.copyfile(source, data / "rinkaku.sqlite3")
        monkeypatch.delenv("RINKAKU_DATABASE_URL", raising=False)
    forget_caches()
    yield kind
    forget_caches()
    if kind == "postgres":
        on_server(f"DROP DATABASE {name} WITH (FORCE)")


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
def live_server(database: str) -> Iterator[str]:
    """Address of the app on a free port, for clients that speak real HTTP."""
    from backend.app import create_app

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)  # clients may connect before the server accepts
        server = uvicorn.Server(uvicorn.Config(create_app(), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def project(database: str) -> Project:
    """The default project, committed."""
    with db.session_scope() as session:
        return default_project(session)


structlog.configure(processors=[structlog.processors.KeyValueRenderer()])  # the default one renders locals


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """A test that starts a program in this process leaves the log as it was: the next one reads stderr."""
    root, known = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**known)


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
