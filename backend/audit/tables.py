"""Who did what to which object: append-only, chained by hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base


class AuditEntry(Base):
    """One act.  `changes` holds ids and hashes, never values of patients."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "object_id"), Index(None, "project_id", "number"))

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(default=now)
    actor_id: Mapped[str | None] = mapped_column(String(36))
    """User; None for the system itself."""
    action: Mapped[str] = mapped_column(String(64))
    """Dotted event name, e.g. `labels.revision.saved`."""
    object_type: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str | None] = mapped_column(String(64))
    project_id: Mapped[str | None] = mapped_column(String(36))
    request_id: Mapped[str | None] = mapped_column(String(36))
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
