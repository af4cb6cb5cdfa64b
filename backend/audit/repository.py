"""Reading and appending audit rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.audit.tables import AuditEntry

CHAIN_LOCK = 0x52_4B_41  # any number that nothing else of Rinkaku locks
PIECE = 500
"""Entries read at a time."""


def lock_chain(session: Session) -> None:
    """Hold the end of the chain until the transaction ends; SQLite writers already are one at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))


def last_hash(session: Session) -> str | None:
    """Hash of the newest entry."""
    return session.scalar(select(AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1))


def add(session: Session, entry: AuditEntry) -> None:
    """Append an entry."""
    session.add(entry)
    session.flush()


def in_order(session: Session) -> Iterator[AuditEntry]:
    """Every entry, oldest first, read in pieces."""
    last, statement = 0, select(AuditEntry).order_by(AuditEntry.number).limit(PIECE)
    while piece := session.scalars(statement.where(AuditEntry.number > last)).all():
        yield from piece
        last = piece[-1].number


def page(
    session: Session, project_id: str | None, object_id: str | None, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Newest entries first."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(AuditEntry.project_id == project_id)
    if object_id is not None:
        statement = statement.where(AuditEntry.object_id == object_id)
    if before is not None:
        statement = statement.where(AuditEntry.number < before)
    return session.scalars(statement).all()
