"""Reading and appending audit rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import CompoundSelect, Select, func, select
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


@dataclass(frozen=True)
class Wanted:
    """Which entries; all conditions hold at once."""

    project_ids: Collection[str] | None = None
    object_id: str | None = None
    object_ids: CompoundSelect[str] | None = None
    """Of what the entries are about."""
    actor_ids: Select[str] | None = None
    before: int | None = None
    limit: int | None = None

    def about(self, object_ids: CompoundSelect[str], project_ids: Collection[str]) -> Self:
        """Only entries on these objects, in these projects."""
        return replace(self, object_ids=object_ids, project_ids=project_ids)


def page(session: Session, wanted: Wanted) -> Sequence[AuditEntry]:
    """Newest entries first."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(wanted.limit)
    if wanted.project_ids is not None:
        statement = statement.where(AuditEntry.project_id.in_(wanted.project_ids))
    if wanted.object_id is not None:
        statement = statement.where(AuditEntry.object_id == wanted.object_id)
    if wanted.object_ids is not None:
        statement = statement.where(AuditEntry.object_id.in_(wanted.object_ids))
    if wanted.actor_ids is not None:
        statement = statement.where(AuditEntry.actor_id.in_(wanted.actor_ids))
    if wanted.before is not None:
        statement = statement.where(AuditEntry.number < wanted.before)
    return session.scalars(statement).all()
