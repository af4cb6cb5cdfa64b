"""Consensus tasks and the blind readings of each.

A reading's mask is a blob that only this feature's table names before the task is closed; then it becomes a
revision of a structure of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import NAMES_BLOBS, Base, BlobName, id_column


class Consensus(Base):
    """Several people draw one structure of a study blindly, and one contour comes of it."""

    __tablename__ = "consensus_tasks"
    __table_args__ = (CheckConstraint("state IN ('open','closed','ready')", name="state"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    structure_set_id: Mapped[str] = mapped_column(ForeignKey("structure_sets.id", ondelete="CASCADE"))
    structure_id: Mapped[str] = mapped_column(String(36))
    """What the readers draw, and what has the consensus as its revision in the end."""
    name: Mapped[str] = mapped_column(String(64))
    tolerance_mm: Mapped[float]
    """Of the surface Dice."""
    existing: Mapped[list[Any]] = mapped_column(default=list)
    """[{set_id, label}]: sets with a contour of that name when it began, which the readers can see."""
    state: Mapped[str] = mapped_column(String(8), default="open")
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    results: Mapped[dict[str, Any] | None]
    """{agreement, regions, staple, smallest_ml, left_out_ml, union_ml}: `schemas.ConsensusResults`."""
    files: Mapped[dict[str, Any]] = mapped_column(default=dict, info=NAMES_BLOBS)
    """{staple, majority, regions}: SHA-256 of two masks in wire form and of the regions' numbers."""
    decisions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{number of a region: taken or not} of those that were decided."""
    adopted: Mapped[int | None]
    """Number of the newest revision that is this consensus."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
    closed_by: Mapped[str | None] = mapped_column(String(36))
    closed_at: Mapped[datetime | None]


class Reading(Base):
    """One reader's part of a consensus."""

    __tablename__ = "consensus_readings"

    consensus_id: Mapped[str] = mapped_column(
        ForeignKey("consensus_tasks.id", ondelete="CASCADE"), primary_key=True
    )
    reader_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]
    """From 1, in the order in which the readers were named."""
    sha256: Mapped[str | None] = mapped_column(BlobName)
    """Blob of the mask as handed in; None before."""
    seconds: Mapped[float] = mapped_column(default=0.0)
    finished_at: Mapped[datetime | None]
    structure_id: Mapped[str | None] = mapped_column(String(36))
    """The structure that holds it since the task was closed."""
