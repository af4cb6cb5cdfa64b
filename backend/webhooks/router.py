"""HTTP of webhooks: for who administers the project."""

from __future__ import annotations

from fastapi import APIRouter, status

from backend.accounts.deps import ActorDep
from backend.kit.web import Page, PartDep, SessionDep, following, problems
from backend.webhooks import service
from backend.webhooks.schemas import NewWebhook, WebhookDeliveryOut, WebhookIn, WebhookOut, WebhookPatch

router = APIRouter(prefix="/api", tags=["webhooks"])


@router.get("/projects/{project_id}/webhooks")
def list_webhooks(project_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[WebhookOut]:
    """Where the project's messages go, newest first."""
    rows = service.list_webhooks(session, actor, project_id, part)
    return Page(items=[WebhookOut.model_validate(row) for row in rows], next_cursor=following(part, rows))


@router.post("/projects/{project_id}/webhooks", status_code=status.HTTP_201_CREATED, responses=problems(409))
def create_webhook(project_id: str, body: WebhookIn, session: SessionDep, actor: ActorDep) -> NewWebhook:
    """Send the project's messages to an address; its secret is shown this once."""
    return NewWebhook.model_validate(
        service.create_webhook(session, actor, project_id, body), from_attributes=True
    )


@router.patch("/webhooks/{webhook_id}")
def update_webhook(webhook_id: str, body: WebhookPatch, session: SessionDep, actor: ActorDep) -> WebhookOut:
    """Change a webhook, switch it off or on."""
    return WebhookOut.model_validate(service.update_webhook(session, actor, webhook_id, body))


@router.delete("/webhooks/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_webhook(webhook_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Take a webhook away."""
    service.delete_webhook(session, actor, webhook_id)


@router.post("/webhooks/{webhook_id}/secret")
def renew_webhook_secret(webhook_id: str, session: SessionDep, actor: ActorDep) -> NewWebhook:
    """Make a new secret in place of the old one; it is shown this once."""
    return NewWebhook.model_validate(service.renew_secret(session, actor, webhook_id), from_attributes=True)


@router.post("/webhooks/{webhook_id}/ping", status_code=status.HTTP_202_ACCEPTED, responses=problems(409))
def ping_webhook(webhook_id: str, session: SessionDep, actor: ActorDep) -> WebhookDeliveryOut:
    """Send a message that tells of nothing, to see whether it gets there."""
    return WebhookDeliveryOut.model_validate(service.ping(session, actor, webhook_id))


@router.get("/webhooks/{webhook_id}/deliveries")
def list_webhook_deliveries(
    webhook_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[WebhookDeliveryOut]:
    """Messages of the last thirty days and what became of them, newest first."""
    rows = service.list_deliveries(session, actor, webhook_id, part)
    return Page(
        items=[WebhookDeliveryOut.model_validate(row) for row in rows], next_cursor=following(part, rows)
    )


@router.post(
    "/webhooks/{webhook_id}/deliveries/{message_id}/redeliver",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(409),
)
def redeliver_webhook(
    webhook_id: str, message_id: str, session: SessionDep, actor: ActorDep
) -> WebhookDeliveryOut:
    """Send a message again under the id it had."""
    return WebhookDeliveryOut.model_validate(service.redeliver(session, actor, webhook_id, message_id))
