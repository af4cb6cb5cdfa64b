"""Messages to other programs: a study arrived, its AI contours are ready, structures were approved, a network
was promoted.

A message is a row in the transaction of what it tells of, and a job sends it, so none is lost and none tells
of what was rolled back.  It holds identifiers, never names of patients: who may know more asks the API.  It
may come twice (`webhook-id` is the same then), and later ones may overtake it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.jobs.service import JobRequest, enqueue
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.pagination import Part
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.webhooks import repository
from backend.webhooks.outgoing import check_literal
from backend.webhooks.schemas import EventName, WebhookIn, WebhookPatch
from backend.webhooks.tables import DeliveryState, Webhook, WebhookDelivery

RETRIES_S: tuple[float, ...] = (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600)
"""Wait before each further attempt: about a day and a half in all."""
QUIET_S = 5.0
"""A study comes as several series; its messages wait this long and are one."""
KEPT = timedelta(days=30)
"""How long ended messages can be looked at."""
MOST = 20
"""Webhooks of one project."""


def emit(session: Session, project_id: str, event: EventName, subject: str, data: Mapping[str, Any]) -> None:
    """Tell every webhook of the project that wants it, after the caller's transaction is committed.

    A message about the same subject that was not tried yet is brought up to date instead.
    """
    for webhook in repository.webhooks(session, project_id):
        if not webhook.active or event not in webhook.events:
            continue
        waiting = repository.unsent(session, webhook.id, event, subject)
        if waiting is not None:
            waiting.data = dict(data)
        else:
            quiet_s = QUIET_S if event == "study.arrived" else 0.0
            _send(session, webhook, WebhookDelivery(event=event, subject=subject, data=dict(data)), quiet_s)


def _send(session: Session, webhook: Webhook, delivery: WebhookDelivery, delay_s: float) -> WebhookDelivery:
    delivery.webhook_id = webhook.id
    repository.add(session, delivery)
    _queue(session, webhook, delivery, delay_s)
    return delivery


def _queue(session: Session, webhook: Webhook, delivery: WebhookDelivery, delay_s: float) -> None:
    key = f"deliver-webhook:{delivery.id}"
    parameters = {"delivery_id": delivery.id}
    enqueue(session, JobRequest("deliver-webhook", parameters, webhook.project_id, None, None, key, delay_s))


def begin(session: Session, delivery_id: str) -> tuple[WebhookDelivery, Webhook] | None:
    """Count an attempt at a message; None where it or its webhook is gone, sent, or switched off.

    From now on news about the same subject is a message of its own.
    """
    delivery = repository.delivery(session, delivery_id)
    if delivery is None or delivery.state != DeliveryState.WAITING:
        return None
    webhook = repository.webhook(session, delivery.webhook_id)
    if webhook is None or not webhook.active:
        return None
    delivery.attempts += 1
    session.flush()
    return delivery, webhook


def delivered(session: Session, delivery_id: str, status_code: int) -> None:
    """The receiver took the message."""
    delivery = repository.delivery(session, delivery_id)
    if delivery is not None:
        delivery.state, delivery.status_code, delivery.error = DeliveryState.DELIVERED, status_code, None
        delivery.ended_at = now()
        repository.forget_ended(session, delivery.webhook_id, now() - KEPT)


def not_delivered(session: Session, delivery_id: str, why: str, status_code: int | None) -> float | None:
    """Keep why; seconds until the next attempt, None where this was the last one.

    A receiver that answers 410 (gone) is called no more: its webhook is switched off.
    """
    delivery = repository.delivery(session, delivery_id)
    if delivery is None:
        return None
    delivery.status_code, delivery.error = status_code, why[:255]
    if status_code == 410:
        webhook = repository.webhook(session, delivery.webhook_id)
        if webhook is not None:
            webhook.active = False
    elif delivery.attempts <= len(RETRIES_S):
        return RETRIES_S[delivery.attempts - 1]
    delivery.state, delivery.ended_at = DeliveryState.FAILED, now()
    return None


def list_webhooks(session: Session, actor: Actor, project_id: str, part: Part) -> Sequence[Webhook]:
    """A project's webhooks, newest first."""
    projects.require(session, actor, project_id, Permission.ADMINISTER)
    return repository.webhooks(session, project_id, part)


def create_webhook(session: Session, actor: Actor, project_id: str, new: WebhookIn) -> Webhook:
    """A webhook with a secret of its own."""
    projects.require(session, actor, project_id, Permission.ADMINISTER)
    if len(repository.webhooks(session, project_id)) >= MOST:
        raise Conflict(f"a project has at most {MOST} webhooks")
    check_literal(new.url)
    webhook = Webhook(
        project_id=project_id, url=new.url, events=_ordered(new.events), secret=_new_secret(),
        created_by=actor.user_id,
    )  # fmt: skip
    repository.add(session, webhook)
    _record(session, actor, webhook, "projects.webhook.created")
    return webhook


def update_webhook(session: Session, actor: Actor, webhook_id: str, patch: WebhookPatch) -> Webhook:
    """Change where a webhook goes, what it tells, or whether it does."""
    webhook = _own(session, actor, webhook_id)
    if patch.url is not None:
        check_literal(patch.url)
        webhook.url = patch.url
    if patch.events is not None:
        webhook.events = _ordered(patch.events)
    if patch.active is not None:
        webhook.active = patch.active
        if patch.active:
            _resume(session, webhook)
    _record(session, actor, webhook, "projects.webhook.changed")
    return webhook


def renew_secret(session: Session, actor: Actor, webhook_id: str) -> Webhook:
    """A new secret in place of the old one; what is sent from now on is signed with it."""
    webhook = _own(session, actor, webhook_id)
    webhook.secret = _new_secret()
    _record(session, actor, webhook, "projects.webhook.renewed")
    return webhook


def delete_webhook(session: Session, actor: Actor, webhook_id: str) -> None:
    """Take a webhook away; what waits is not sent."""
    webhook = _own(session, actor, webhook_id)
    _record(session, actor, webhook, "projects.webhook.deleted")
    repository.remove(session, webhook)


def list_deliveries(session: Session, actor: Actor, webhook_id: str, part: Part) -> Sequence[WebhookDelivery]:
    """Messages to a webhook, newest first."""
    return repository.deliveries(session, _own(session, actor, webhook_id).id, part)


def ping(session: Session, actor: Actor, webhook_id: str) -> WebhookDelivery:
    """Send a message that tells of nothing, to see whether it gets there."""
    webhook = _own(session, actor, webhook_id)
    if not webhook.active:
        raise Conflict("the webhook is switched off")
    nothing = WebhookDelivery(event="ping", subject=webhook.id, data={"project_id": webhook.project_id})
    return _send(session, webhook, nothing, 0.0)


def redeliver(session: Session, actor: Actor, webhook_id: str, delivery_id: str) -> WebhookDelivery:
    """Send a message again, under the id it had, from the first attempt on."""
    webhook = _own(session, actor, webhook_id)
    delivery = repository.delivery(session, delivery_id)
    if delivery is None or delivery.webhook_id != webhook.id:
        raise NotFound("there is no such message")
    if not webhook.active:
        raise Conflict("the webhook is switched off")
    delivery.state, delivery.attempts, delivery.ended_at = DeliveryState.WAITING, 0, None
    session.flush()
    _queue(session, webhook, delivery, 0.0)
    return delivery


def _resume(session: Session, webhook: Webhook) -> None:
    """What waited while the webhook was switched off goes out now."""
    for delivery in repository.deliveries(session, webhook.id, Part()):
        if delivery.state == DeliveryState.WAITING:
            _queue(session, webhook, delivery, 0.0)


def _own(session: Session, actor: Actor, webhook_id: str) -> Webhook:
    webhook = repository.webhook(session, webhook_id)
    if webhook is None:
        raise NotFound("there is no such webhook")
    projects.require(session, actor, webhook.project_id, Permission.ADMINISTER)
    return webhook


def _ordered(events: Sequence[EventName]) -> list[str]:
    return sorted(set(events))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _record(session: Session, actor: Actor, webhook: Webhook, action: str) -> None:
    changes = {"url": webhook.url, "events": webhook.events, "active": webhook.active}
    record(session, actor.user_id, action, "webhook", webhook.id, webhook.project_id, changes)
