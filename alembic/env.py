"""Runs migrations on the database of the settings, one process at a time, never waiting long for a lock."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from backend.config import get_settings
from backend.kit.db import UtcDateTime, make_engine
from backend.tables import Base

LOCK = 0x52_4B_4D  # any number that nothing else of Rinkaku locks


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Migrations outlive the code: write our types as SQLAlchemy's."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def migrate(connection: Connection) -> None:
    """Run what is asked for in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = make_engine(get_settings().sql_url)
    with engine.connect() as opened:
        migrate(opened)
    engine.dispose()
