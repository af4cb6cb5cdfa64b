"""Patients, studies, series and instances as received, and the volume a series makes.

A study belongs to one project: the same StudyInstanceUID in two projects is two studies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, BlobName, id_column


class Patient(Base):
    """A patient within a project."""

    __tablename__ = "patients"
    __table_args__ = (
        Index(
            "uq_patients_identified", "project_id", "patient_id", unique=True,
            postgresql_where=text("patient_id <> ''"), sqlite_where=text("patient_id <> ''"),
        ),
        Index(None, "project_id", "name"),
    )  # fmt: skip

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    patient_id: Mapped[str] = mapped_column(String(64))
    """PatientID (0010,0020); empty when the file has none, and then one patient per study."""
    name: Mapped[str] = mapped_column(String(324), default="")
    birth_date: Mapped[str] = mapped_column(String(8), default="")
    sex: Mapped[str] = mapped_column(String(16), default="")


class Study(Base):
    """A study, one row of the worklist."""

    __tablename__ = "studies"
    __table_args__ = (
        UniqueConstraint("project_id", "study_instance_uid"),
        Index(None, "project_id", "imported_at"),
        Index(None, "project_id", "updated_at"),
        Index(None, "project_id", "study_date"),
        Index(None, "project_id", "expected_gain"),
        Index(None, "study_instance_uid"),
    )

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    patient_row_id: Mapped[str] = mapped_column(ForeignKey("patients.id"), index=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    study_date: Mapped[str] = mapped_column(String(8), default="")
    study_time: Mapped[str] = mapped_column(String(16), default="")
    study_id: Mapped[str] = mapped_column(String(16), default="")
    accession_number: Mapped[str] = mapped_column(String(64), default="")
    referring_physician: Mapped[str] = mapped_column(String(324), default="")
    description: Mapped[str] = mapped_column(String(255), default="")
    state: Mapped[str] = mapped_column(String(16), default="new")
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    expected_gain: Mapped[float] = mapped_column(default=-1.0, server_default="-1")
    """What correcting it is expected to teach the network (`rt.acquisition`); -1: not known, or corrected."""
    gain_reason: Mapped[dict[str, Any] | None]
    imported_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Series(Base):
    """A series; an image series has a volume once its geometry was checked."""

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint("study_row_id", "series_instance_uid"),
        Index(None, "series_instance_uid"),
    )

    id: Mapped[str] = id_column()
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    series_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16))
    number: Mapped[int | None]
    description: Mapped[str] = mapped_column(String(255), default="")
    body_part: Mapped[str] = mapped_column(String(32), default="")
    date: Mapped[str] = mapped_column(String(8), default="")
    time: Mapped[str] = mapped_column(String(16), default="")
    frame_of_reference_uid: Mapped[str | None] = mapped_column(String(64))
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    """[{slug, detail, severity}] from the geometry check."""
    volume: Mapped[dict[str, Any] | None]
    """See contracts, `Volume`; None while it has none."""
    volume_sha256: Mapped[str | None] = mapped_column(BlobName)
    """Blob of the raw voxels, k ascending."""
    structure_set_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """Set on derived RTSTRUCT and SEG series that Rinkaku itself publishes."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Instance(Base):
    """A stored SOP instance."""

    __tablename__ = "instances"
    __table_args__ = (UniqueConstraint("series_row_id", "sop_instance_uid"), Index(None, "sop_instance_uid"))

    id: Mapped[str] = id_column()
    series_row_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    number: Mapped[int | None]
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int | None]
    columns: Mapped[int | None]
    frames: Mapped[int] = mapped_column(default=1)
    sha256: Mapped[str] = mapped_column(BlobName, index=True)
    """Blob of the stored file."""
    received_sha256: Mapped[str] = mapped_column(String(64))
    """Of the bytes as they came, so that the same file twice is known as a duplicate."""
    size: Mapped[int]
    geometry: Mapped[dict[str, Any] | None]
    """Slice header for the geometry check: position, orientation, spacing, size, rescale."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Registration(Base):
    """A spatial registration that was read; also one that links nothing, so that it is read once."""

    __tablename__ = "registrations"
    __table_args__ = (UniqueConstraint("instance_row_id"),)

    id: Mapped[str] = id_column()
    study_row_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    instance_row_id: Mapped[str] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    frame_of_reference_uid: Mapped[str] = mapped_column(String(64))
    """The registered frame, that all points go to."""
    label: Mapped[str] = mapped_column(String(64))
    content_date: Mapped[str] = mapped_column(String(8))
    content_time: Mapped[str] = mapped_column(String(16))
    transforms: Mapped[dict[str, Any]]
    """By the frame that points come from: 16 values of a rigid matrix, row by row."""
    images_missing: Mapped[bool] = mapped_column(default=False)
    """Whether a part is of images that are not here: it is read again when images come."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class ImportBatch(Base):
    """One upload by a person or script, with the outcome of each file."""

    __tablename__ = "imports"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
    completed_at: Mapped[datetime | None]


class ImportFile(Base):
    """What became of one file of a batch."""

    __tablename__ = "import_files"

    id: Mapped[str] = id_column()
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(512))
    outcome: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(String(1024))
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    study_row_id: Mapped[str | None] = mapped_column(String(36))
    series_row_id: Mapped[str | None] = mapped_column(String(36))


class QuarantinedFile(Base):
    """An object that de-identification did not let pass; administrators decide about one that was kept."""

    __tablename__ = "quarantined_files"
    __table_args__ = (
        CheckConstraint("stage IN ('import','export')", name="stage"),
        CheckConstraint("state IN ('held','refused','released','discarded')", name="state"),
        Index(None, "project_id", "sha256"),
    )

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    stage: Mapped[str] = mapped_column(String(8))
    slug: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(256))
    """Words and tags, never a value of the object."""
    modality: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    """`held` waits for a decision; of a `refused` one nothing was kept."""
    sha256: Mapped[str | None] = mapped_column(BlobName)
    """The de-identified file, where only its pixels are in doubt."""
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
