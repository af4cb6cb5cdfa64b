"""The database: one engine per process, one transaction per request or job step.

Nobody but `session_scope` and the request dependency commits.  What differs between Postgres and SQLite is
in this file: `for_update_skip_locked`, the pragmas and the timeouts.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Select,
    String,
    TypeDecorator,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from backend.config import get_settings
from backend.kit.clock import now
from backend.kit.ids import new_id

StatementT = TypeVar("StatementT", bound=Select[Any])

POOL_SIZE = 48
"""At least the thread pool of the web server (40), so that no request waits for a connection."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Always aware."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class BlobName(TypeDecorator[str]):
    """SHA-256 of a blob, which the row keeps alive: the sweep finds the columns by this type.

    A JSON column that names blobs says so in its `info`: `NAMES_BLOBS`.
    """

    impl = String(64)
    cache_ok = True


NAMES_BLOBS = {"names_blobs": True}
"""`info` of a JSON column: every SHA-256 in its values keeps a blob alive."""


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: String,
    }


def id_column() -> Any:
    """A UUIDv7 primary key."""
    return mapped_column(String(36), primary_key=True, default=new_id)


_making_engine = threading.Lock()


def engine() -> Engine:
    """The engine of this process; the lock keeps first requests from making one pool each."""
    with _making_engine:
        return _engine()


def disconnect() -> None:
    """Close every connection; the next use reads the settings again."""
    if _engine.cache_info().currsize:
        _engine().dispose()
    _engine.cache_clear()
    session_factory.cache_clear()


@lru_cache
def _engine() -> Engine:
    settings = get_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    return make_engine(settings.sql_url)


def make_engine(url: str) -> Engine:
    """An engine with the timeouts and pragmas that every use relies on."""
    if url.startswith("sqlite"):
        made = create_engine(
            url, pool_size=POOL_SIZE, max_overflow=0, hide_parameters=True, connect_args={"timeout": 30}
        )
        event.listen(made, "connect", _sqlite_pragmas)
        event.listen(made, "begin", _sqlite_begin)
        return made
    options = "-c lock_timeout=10s -c statement_timeout=120s -c idle_in_transaction_session_timeout=60s"
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": options},
    )


def _sqlite_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # SQLite's own lower() knows only ASCII: a search for MÜLLER would find nobody
    cast(sqlite3.Connection, connection).create_function("lower", 1, _lowered, deterministic=True)


def _lowered(value: object) -> str | None:
    return None if value is None else str(value).lower()


def _sqlite_begin(connection: Connection) -> None:
    """Writers take the lock at once (a deferred one could deadlock on upgrade); readers cannot write."""
    reads = bool(connection.get_execution_options().get("postgresql_readonly"))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")


@lru_cache
def session_factory(*, read_only: bool = False) -> sessionmaker[Session]:
    """Makes sessions on this process's engine; the database refuses writes of the read-only ones."""
    bind = engine().execution_options(postgresql_readonly=True) if read_only else engine()
    return sessionmaker(bind, expire_on_commit=False)


@contextmanager
def session_scope(*, read_only: bool = False) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any error."""
    with session_factory(read_only=read_only).begin() as session:
        yield session


def for_update_skip_locked(statement: StatementT) -> StatementT:
    """Lock the selected rows and pass over those that another transaction holds (no-op on SQLite)."""
    return statement.with_for_update(skip_locked=True)


def database_now(session: Session) -> datetime:
    """The database's clock, which decides about leases; on SQLite database and workers share one clock."""
    if session.get_bind().dialect.name == "sqlite":
        return now()
    moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
