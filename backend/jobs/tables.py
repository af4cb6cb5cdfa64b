"""Jobs: this table is the truth, the broker only wakes workers (the row is the outbox)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import NAMES_BLOBS, Base, id_column


class Job(Base):
    """One piece of work.  `attempt` is the fence: every write of a worker names it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state IN ('queued','running','succeeded','failed','cancelled')", name="state"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
        Index(None, "state", "available_at"),
        Index(
            "uq_jobs_coalesced", "coalesce_key", unique=True,
            postgresql_where=text("state = 'queued' AND coalesce_key IS NOT NULL"),
            sqlite_where=text("state = 'queued' AND coalesce_key IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[str] = id_column()
    kind: Mapped[str] = mapped_column(String(32), index=True)
    queue: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[dict[str, Any]] = mapped_column(info=NAMES_BLOBS)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    coalesce_key: Mapped[str | None] = mapped_column(String(128))
    """A second request with this key while one is queued is the same job."""
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    study_id: Mapped[str | None] = mapped_column(String(36), index=True)
    created_by: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
    available_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(128))
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    crashes: Mapped[int] = mapped_column(default=0)
    """How often the job killed or hung its process; twice is the end."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[float] = mapped_column(default=0.0)
    stage: Mapped[dict[str, Any] | None]
    """{slug, values}: one of `stages.STAGES` with what fills its sentence."""
    message: Mapped[str] = mapped_column(String(255), default="")
    """The stage in English."""
    error_slug: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(info=NAMES_BLOBS)
    """What the handler gave back; an export names its file here."""


class JobLog(Base):
    """A line that a worker wrote."""

    __tablename__ = "job_log"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    line: Mapped[str] = mapped_column(Text)
    said: Mapped[dict[str, Any] | None]
    """Slug and values of the line, see `stages`; none of lines from before it was kept."""


class Event(Base):
    """A hint that something changed, for the browser's event stream."""

    __tablename__ = "events"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    kind: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str] = mapped_column(String(36))
    project_id: Mapped[str | None] = mapped_column(String(36))
