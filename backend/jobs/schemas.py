"""Jobs on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from backend.jobs.states import JobState
from backend.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT


class JobPatient(BaseModel):
    """Whose study a job works on."""

    id: str
    name: str


class JobQuery(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = None
    kind: str | None = Field(default=None, max_length=32)
    study_id: str | None = Field(default=None, max_length=36)
    housekeeping: bool = True
    """False leaves out the kinds that nobody asks for."""
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=512)


class JobError(BaseModel):
    """Why a job failed."""

    slug: str
    detail: str


class Phrase(BaseModel):
    """Where a running job is, or a line of its log: a slug with the values of its sentence."""

    slug: str
    values: dict[str, str | int | float]


class JobOut(BaseModel):
    """A job."""

    id: str
    kind: str
    state: JobState
    queue: str
    progress: float
    stage: Phrase | None
    message: str
    project_id: str | None
    study_id: str | None
    patient: JobPatient | None
    attempt: int
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: JobError | None
    result: dict[str, Any] | None


class LogLine(BaseModel):
    """A line that a worker wrote."""

    at: datetime
    attempt: int
    line: str
    said: Annotated[Phrase | None, Field(description="the same by slug; null of old lines")]


class LogOut(BaseModel):
    """A job's log, oldest line first, at most the last 1000."""

    items: list[LogLine]
