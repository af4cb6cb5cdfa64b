"""Rows of webhooks and of the messages to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.kit.pagination import ALL, Part
from backend.webhooks.tables import Delivery, DeliveryState, Webhook


def add(session: Session, row: Webhook | Delivery) -> None:
    """Store a new row."""
    session.add(row)
    session.flush()


def webhook(session: Session, webhook_id: str) -> Webhook | None:
    """A webhook by id."""
    return session.get(Webhook, webhook_id)


def delivery(session: Session, delivery_id: str) -> Delivery | None:
    """A message by id."""
    return session.get(Delivery, delivery_id)


def webhooks(session: Session, project_id: str, part: Part = ALL) -> Sequence[Webhook]:
    """A project's webhooks, newest first."""
    statement = select(Webhook).where(Webhook.project_id == project_id)
    if part.before is not None:
        statement = statement.where(Webhook.id < part.before)
    return session.scalars(statement.order_by(Webhook.id.desc()).limit(part.limit)).all()


def deliveries(session: Session, webhook_id: str, part: Part) -> Sequence[Delivery]:
    """Messages to a webhook, newest first."""
    statement = select(Delivery).where(Delivery.webhook_id == webhook_id)
    if part.before is not None:
        statement = statement.where(Delivery.id < part.before)
    return session.scalars(statement.order_by(Delivery.id.desc()).limit(part.limit)).all()


def unsent(session: Session, webhook_id: str, event: str, subject: str) -> Delivery | None:
    """The message about this that nobody has tried to send yet, locked."""
    statement = select(Delivery).where(
        Delivery.webhook_id == webhook_id, Delivery.event == event, Delivery.subject == subject
    )
    waiting = statement.where(Delivery.state == DeliveryState.WAITING, Delivery.attempts == 0)
    return session.scalars(waiting.limit(1).with_for_update()).first()


def forget_ended(session: Session, webhook_id: str, before: datetime) -> None:
    """Remove messages that ended before this moment."""
    ended = delete(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.ended_at < before)
    session.execute(ended.execution_options(synchronize_session=False))


def remove(session: Session, row: Webhook) -> None:
    """Take a webhook and its messages away."""
    session.delete(row)
    session.flush()
