"""What spans features over HTTP: the answer to a login, and audit entries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.schemas import UserOut
from backend.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT
from backend.projects.schemas import ProjectBrief


class Me(BaseModel):
    """Who is logged in and what they may open."""

    user: UserOut
    projects: list[ProjectBrief]
    version: str


class SessionStatus(BaseModel):
    """Who is logged in at a browser, if anybody is."""

    me: Me | None


class AuditQuery(BaseModel):
    """Which acts; all conditions hold at once."""

    model_config = ConfigDict(extra="forbid")

    project_id: str | None = None
    object_id: str | None = None
    patient: Annotated[str, Field(max_length=128)] | None = None
    """Words of a patient's name or ID."""
    user: Annotated[str, Field(max_length=128)] | None = None
    """Words of the name of who acted."""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(max_length=512)] | None = None


class AuditPatient(BaseModel):
    """A patient whom an act concerns."""

    patient_id: str
    name: str


class AuditOut(BaseModel):
    """One act."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    actor_id: str | None
    action: str
    object_type: str
    object_id: str | None
    project_id: str | None
    request_id: str | None
    changes: dict[str, Any]
    hash: str
    actor_name: str | None = None
    patients: list[AuditPatient] = []
    """At most five; none of what was deleted, nor of a project that the reader is no member of."""
    structure_name: str | None = None
