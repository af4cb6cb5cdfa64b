"""What webhooks say and hear over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from backend.projects.schemas import Closed

EventName = Literal["study.arrived", "contours.ready", "structures.approved", "network.promoted"]
DeliveryStateName = Literal["waiting", "delivered", "failed"]


def _is_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        named = False
    if not named or not url.isascii() or any(c.isspace() for c in url):
        raise ValueError("must be an http or https address in ASCII")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password: messages are signed instead")
    if parts.fragment:
        raise ValueError("must not hold a fragment")
    return url


Address = Annotated[str, StringConstraints(min_length=8, max_length=2048), AfterValidator(_is_address)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=4)]


class WebhookIn(Closed):
    """A webhook to be made."""

    url: Address
    events: Events


class WebhookPatch(Closed):
    """What may change about a webhook."""

    url: Address | None = None
    events: Events | None = None
    active: bool | None = None


class WebhookOut(BaseModel):
    """A webhook without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    url: str
    events: list[EventName]
    active: bool
    created_at: datetime


class NewWebhook(WebhookOut):
    """A webhook whose secret was just made: the only time that it is shown."""

    secret: str


class DeliveryOut(BaseModel):
    """One message and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    event: EventName | Literal["ping"]
    data: dict[str, Any]
    state: DeliveryStateName
    attempts: int
    status_code: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None
