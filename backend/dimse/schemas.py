"""What the DICOM network's settings say and hear over HTTP."""

from __future__ import annotations

import ipaddress
from typing import Annotated

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


class PeerOut(BaseModel):
    """A peer that objects of the project may be sent to."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    host: str
    port: int


class PeerList(BaseModel):
    """Peers of a project."""

    items: list[PeerOut]
