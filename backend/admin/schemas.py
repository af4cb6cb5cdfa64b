"""What spans features over HTTP: the answer to a login, and audit entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from backend.accounts.schemas import UserOut
from backend.projects.schemas import ProjectBrief


class Me(BaseModel):
    """Who is logged in and what they may open."""

    user: UserOut
    projects: list[ProjectBrief]
    version: str


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
