"""Webhooks of a project and the messages to them, which are the outbox: written beside what they tell of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, id_column


class DeliveryState(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    """Not taken yet; it is sent (again) when due."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up after the last attempt; a person may send it again."""


class Webhook(Base):
    """Where a project's messages go."""

    __tablename__ = "webhooks"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(2048))
    events: Mapped[list[Any]]
    """Kinds of message wanted."""
    secret: Mapped[str] = mapped_column(String(64))
    """Key of the signature, `whsec_` and base64: kept as it is, since every message is signed with it."""
    active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """One message to one webhook."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','delivered','failed')", name="state"),
        Index("ix_webhook_deliveries_subject", "webhook_id", "event", "subject"),
    )

    id: Mapped[str] = id_column()
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    """Id of what it tells of."""
    data: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    status_code: Mapped[int | None]
    """Of the last answer, where there was one."""
    error: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
