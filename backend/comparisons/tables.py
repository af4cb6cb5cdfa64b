"""Rows of comparisons: what was asked, what is done, and the table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, BlobName, id_column


class Comparison(Base):
    """Architectures side by side on one frozen dataset."""

    __tablename__ = "comparisons"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    snapshot_id: Mapped[str] = mapped_column(ForeignKey("snapshots.id"))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    config: Mapped[dict[str, Any]]
    """{entries, structures, minutes, evaluate}; the presets are written out, as they were."""
    results: Mapped[dict[str, Any] | None]
    """What `models.comparison.results` tabulates, of the entries that are done."""
    outcomes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{entry: outcome} of those that are done, from which another worker goes on; empty at the end."""
    checkpoint_entry: Mapped[str | None] = mapped_column(String(64))
    checkpoint_sha256: Mapped[str | None] = mapped_column(BlobName)
    """Newest checkpoint of the entry that learns."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
