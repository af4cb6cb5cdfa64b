"""Rows of reader studies.  The design is fixed when a study opens; a finished reading never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import NAMES_BLOBS, Base, BlobName, id_column


class ReaderStudy(Base):
    """A question put to readers."""

    __tablename__ = "reader_studies"
    __table_args__ = (CheckConstraint("state IN ('draft','open','closed')", name="state"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(String(2048))
    state: Mapped[str] = mapped_column(String(8), default="draft")
    conditions: Mapped[list[Any]]
    """[{name, ai}]; the others are compared with the first."""
    washout_days: Mapped[float]
    """Between a reader's last reading of a session and his first of the next."""
    seed: Mapped[int]
    """Of the order of the cases."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class StudyReader(Base):
    """Who reads, under a code."""

    __tablename__ = "reader_study_readers"

    reader_study_id: Mapped[str] = mapped_column(
        ForeignKey("reader_studies.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(8))
    """In the report: `R1`, …"""
    level: Mapped[str | None] = mapped_column(String(8))
    position: Mapped[int]


class StudyCase(Base):
    """What is read, under a code, with its truth and the marks of the AI."""

    __tablename__ = "reader_study_cases"
    __table_args__ = (UniqueConstraint("reader_study_id", "study_row_id"),)

    id: Mapped[str] = id_column()
    reader_study_id: Mapped[str] = mapped_column(
        ForeignKey("reader_studies.id", ondelete="CASCADE"), index=True
    )
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    series_id: Mapped[str] = mapped_column(String(36))
    code: Mapped[str] = mapped_column(String(8))
    """In the report and for readers: `C001`, …"""
    position: Mapped[int]
    positive: Mapped[bool]
    lesions: Mapped[list[Any] | None]
    """[{position_mm, radius_mm}] in patient LPS; None: the truth is known of the whole case only."""
    candidates: Mapped[list[Any]] = mapped_column(default=list)
    """[{position_mm, confidence}]: the marks that the AI shows."""


class CaseReading(Base):
    """A case to be read by a reader in a condition; all are written when the study opens."""

    __tablename__ = "case_readings"
    __table_args__ = (
        UniqueConstraint("case_id", "user_id", "condition"),
        Index(None, "reader_study_id", "user_id"),
        CheckConstraint("state IN ('waiting','open','finished')", name="state"),
        CheckConstraint("confidence IS NULL OR (confidence >= 0 AND confidence <= 100)", name="confidence"),
    )

    id: Mapped[str] = id_column()
    reader_study_id: Mapped[str] = mapped_column(ForeignKey("reader_studies.id", ondelete="CASCADE"))
    case_id: Mapped[str] = mapped_column(ForeignKey("reader_study_cases.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    condition: Mapped[int]
    """Index of the study's conditions."""
    session: Mapped[int]
    """From 1."""
    position: Mapped[int]
    """In the reader's session, from 0."""
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    opened_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    """Since when the page is hidden; None while it is read."""
    seen_at: Mapped[datetime | None]
    """When the page was last heard of."""
    paused_s: Mapped[float] = mapped_column(default=0.0)
    confidence: Mapped[float | None]
    """That the case is positive, 0 to 100."""
    marks: Mapped[list[Any]] = mapped_column(default=list)
    """[{position_mm, confidence}] in patient LPS."""


class BlindingIncident(Base):
    """An attempt to see what a reader must not know, which was refused."""

    __tablename__ = "blinding_incidents"

    id: Mapped[str] = id_column()
    reader_study_id: Mapped[str] = mapped_column(
        ForeignKey("reader_studies.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    """order, washout, other-reader, ai or truth."""
    reading_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(default=now)


class ReaderAnalysis(Base):
    """What a study told at one moment; done again it is another."""

    __tablename__ = "reader_analyses"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    reader_study_id: Mapped[str] = mapped_column(
        ForeignKey("reader_studies.id", ondelete="CASCADE"), index=True
    )
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    config: Mapped[dict[str, Any]]
    input_sha256: Mapped[str] = mapped_column(BlobName)
    """Truth and finished readings as they were, the only source of every number."""
    files: Mapped[dict[str, Any]] = mapped_column(default=dict, info=NAMES_BLOBS)
    """{results, figures: {name: {svg, pdf}}, tables: {name}}: SHA-256 of each."""
    methods: Mapped[dict[str, Any] | None]
    versions: Mapped[dict[str, Any] | None]
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
