"""The audit trail: one entry per act, in the act's own transaction, each hashed together with the one before.

Entries are appended one transaction at a time (advisory lock on Postgres, the write lock on SQLite), so the
chain has no forks.  The database refuses changes of entries; what a superuser does anyhow, the chain shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from backend.audit import repository
from backend.audit.repository import Wanted
from backend.audit.tables import AuditEntry
from backend.kit.clock import now
from backend.kit.context import request_id

__all__ = ["GENESIS", "Wanted", "entries", "entry_hash", "record", "verify_chain"]

GENESIS = "0" * 64
"""What stands before the first entry."""


def record(
    session: Session,
    actor_id: str | None,
    action: str,
    object_type: str,
    object_id: str | None,
    project_id: str | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Append one act; `changes` holds ids, hashes, counts and reasons given, never values of patients."""
    repository.lock_chain(session)
    entry = AuditEntry(
        at=now(),
        actor_id=actor_id,
        action=action,
        object_type=object_type,
        object_id=object_id,
        project_id=project_id,
        request_id=request_id.get(),
        changes=changes or {},
        previous_hash=repository.last_hash(session) or GENESIS,
    )
    entry.hash = entry_hash(entry)
    repository.add(session, entry)


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over everything in an entry and the hash of the one before."""
    content = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.actor_id,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.project_id,
        entry.request_id,
        entry.changes,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def verify_chain(session: Session) -> int | None:
    """Number of the first entry that was altered or whose predecessor is gone; None when all is well."""
    previous = GENESIS
    for entry in repository.in_order(session):
        if entry.previous_hash != previous or entry.hash != entry_hash(entry):
            return entry.number
        previous = entry.hash
    return None


def entries(session: Session, wanted: Wanted) -> Sequence[AuditEntry]:
    """Newest entries first, older than number `wanted.before`."""
    return repository.page(session, wanted)
