"""Send one message to a webhook; what is not taken is tried again, later each time."""

from __future__ import annotations

from typing import Any

from backend.webhooks import service as webhooks
from backend.webhooks.errors import AddressNotAllowed, NotDelivered
from backend.webhooks.outgoing import Message, post
from workers.runtime import JobContext, job


@job("deliver-webhook", queue="cpu")
def deliver_webhook(context: JobContext) -> dict[str, Any]:
    """One attempt; the next one is a job of its own, so that a receiver that is away holds no worker."""
    delivery_id = context.parameters["delivery_id"]
    with context.session() as session:
        due = webhooks.begin(session, delivery_id)
        if due is None:
            return {"delivered": False, "reason": "not-wanted"}
        delivery, webhook = due
        message = Message(
            delivery.id, webhook.url, webhook.secret, delivery.event, delivery.created_at, delivery.data
        )
    result: dict[str, Any] = {"delivered": False}
    try:
        status = post(message)
    except (NotDelivered, AddressNotAllowed) as error:
        with context.finishing(result) as session:
            code = error.status_code if isinstance(error, NotDelivered) else None
            wait_s = webhooks.not_delivered(session, delivery_id, error.detail, code)
            result["reason"] = error.slug
            if wait_s is not None:
                context.again(session, wait_s)
        return result
    with context.finishing(result) as session:
        webhooks.delivered(session, delivery_id, status)
        result["delivered"] = True
    return result
