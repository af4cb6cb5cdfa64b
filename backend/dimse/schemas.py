"""What titles, peers and deliveries say and hear over HTTP."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

AeTitle = Annotated[
    str,
    Field(
        min_length=1,
        max_length=16,
        pattern=r"^[A-Za-z0-9_.:@&+-]([A-Za-z0-9_.:@&+ -]*[A-Za-z0-9_.:@&+-])?$",
        description="As it is spelled on the network, without padding (PS3.5, VR AE)",
    ),
]
Host = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$")
]


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text.strip(), strict=False))


Address = Annotated[
    str, Field(max_length=64, description="An IP address or a network"), AfterValidator(_network)
]


class Caller(BaseModel):
    """One who may call: by AE title, by address, or both."""

    model_config = ConfigDict(extra="forbid")

    title: AeTitle | None = None
    address: Address | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Caller:
        if self.title is None and self.address is None:
            raise ValueError("a caller needs a title or an address")
        return self


class TitleIn(BaseModel):
    """How an AE title behaves."""

    model_config = ConfigDict(extra="forbid")

    callers: Annotated[list[Caller], Field(max_length=100)] = []
    allow_query: bool = False


class TitleOut(BaseModel):
    """An AE title that leads into the project."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    callers: list[Caller]
    allow_query: bool


class TitleList(BaseModel):
    """AE titles of a project."""

    items: list[TitleOut]


class PeerIn(BaseModel):
    """Where a peer is reached."""

    model_config = ConfigDict(extra="forbid")

    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)]
    commitment: bool = False
    tls: bool = False


class PeerOut(BaseModel):
    """A peer that objects of the project may be sent to."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    host: str
    port: int
    commitment: bool
    tls: bool


class PeerList(BaseModel):
    """Peers of a project."""

    items: list[PeerOut]


class SendIn(BaseModel):
    """An approved structure set to send to a peer."""

    model_config = ConfigDict(extra="forbid")

    peer: AeTitle
    modalities: Annotated[list[Literal["RTSTRUCT", "SEG"]], Field(min_length=1, max_length=2)] = ["RTSTRUCT"]
    images: bool = False
    """Also the images that the set is drawn on, before it."""


class DicomDeliveryState(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveredOut(BaseModel):
    """One object of a delivery; what is not known yet is null."""

    modality: str
    sop_class_uid: str
    sop_instance_uid: str
    status: int | None
    """Of the peer's answer: 0 is success (PS3.4 table B.2-1)."""
    comment: str
    at: datetime | None
    committed: bool | None
    """What the peer said when it was asked to commit itself to keep it."""


class DicomDeliveryOut(BaseModel):
    """A delivery, and the receipt of it."""

    id: str
    structure_set_id: str
    peer: str
    state: DicomDeliveryState
    tries: int
    problem: str
    images: int
    """How many images go with the contours."""
    images_stored: int
    """How many of them the peer has."""
    instances: list[DeliveredOut]
    """In a list of deliveries without the images that the peer has or was not sent yet."""
    job_id: str | None
    created_by: str | None
    created_at: datetime
    sent_at: datetime | None
