"""Rows of detections: what a detector was asked to look at, and the places that it suspects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.detections.states import CandidateState
from backend.kit.clock import now
from backend.kit.db import Base, id_column


class Detection(Base):
    """One look of a detector at one series."""

    __tablename__ = "detections"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_row_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    network_version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id"))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    threshold: Mapped[float | None]
    """Score from which its card's figures count a candidate; null until it has looked."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Candidate(Base):
    """One suspicious place; the most suspicious one of a detection is number 1."""

    __tablename__ = "candidates"
    __table_args__ = (
        UniqueConstraint("detection_id", "number"),
        CheckConstraint("state IN ('open','accepted','dismissed')", name="state"),
    )

    id: Mapped[str] = id_column()
    detection_id: Mapped[str] = mapped_column(ForeignKey("detections.id", ondelete="CASCADE"))
    number: Mapped[int]
    position_mm: Mapped[list[Any]]
    """x, y, z in LPS."""
    score: Mapped[float]
    volume_cc: Mapped[float]
    box_mm: Mapped[list[Any]]
    """Two opposite corners."""
    state: Mapped[CandidateState] = mapped_column(String(16), default=CandidateState.OPEN)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_at: Mapped[datetime | None]
