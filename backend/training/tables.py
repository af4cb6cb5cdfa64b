"""Networks, their versions, frozen datasets, runs, evaluations and what is in use where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, BlobName, id_column


class NetworkVersion(Base):
    """Weights with their manifest and card, for ever."""

    __tablename__ = "network_versions"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("origin IN ('shipped','trained','imported')", name="origin"),
    )

    id: Mapped[str] = id_column()
    name: Mapped[str] = mapped_column(String(64))
    """Network family, e.g. `head-neck-oar`."""
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(128))
    origin: Mapped[str] = mapped_column(String(16))
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    """Project that trained it; None for shipped and imported ones, which all may use."""
    manifest: Mapped[dict[str, Any]]
    """Architecture, preprocessing, structures, thresholds, plausible ranges (models/registry)."""
    structures: Mapped[list[Any]]
    weights_sha256: Mapped[str] = mapped_column(BlobName)
    card: Mapped[str] = mapped_column(Text)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    run_id: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class NetworkPicture(Base):
    """A case of a version's evaluation as a picture; it goes with the study that it shows."""

    __tablename__ = "network_pictures"
    __table_args__ = (
        UniqueConstraint("version_id", "rank"),
        CheckConstraint("rank IN ('best','median','worst','example')", name="rank"),
    )

    id: Mapped[str] = id_column()
    version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id", ondelete="CASCADE"))
    rank: Mapped[str] = mapped_column(String(8))
    case_name: Mapped[str] = mapped_column(String(64))
    dice: Mapped[float | None]
    """Mean over the case's structures; None of an example, whose truth is unknown."""
    slice_number: Mapped[int]
    """Of the scan's own slices, from 1."""
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    """None for openly licensed data that came with the version."""
    sha256: Mapped[str] = mapped_column(BlobName)


class VersionSignature(Base):
    """A person of a project signed a version off; never changed, as the version is not."""

    __tablename__ = "version_signatures"
    __table_args__ = (UniqueConstraint("project_id", "version_id"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id", ondelete="CASCADE"), index=True)
    signer_id: Mapped[str] = mapped_column(String(36))
    signer_name: Mapped[str] = mapped_column(String(128))
    """Display name at the time."""
    remark: Mapped[str] = mapped_column(Text)
    weights_sha256: Mapped[str] = mapped_column(String(64))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(default=now)


class Snapshot(Base):
    """Approved revisions frozen as a dataset."""

    __tablename__ = "snapshots"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    cases: Mapped[list[Any]]
    """[{series_id, patient_key, split, revisions: {structure name: revision id}}]"""
    structures: Mapped[list[Any]]
    hash: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class LockedTestPatient(Base):
    """A patient who was once in the test split and never trains a network of the project."""

    __tablename__ = "locked_test_patients"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    patient_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """`backend.training.splits.patient_key`: outlives the patient's row, should the scan be sent again."""


class Run(Base):
    """One training: from a base version and a snapshot to a new version and its evaluation."""

    __tablename__ = "runs"

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    snapshot_id: Mapped[str] = mapped_column(ForeignKey("snapshots.id"))
    base_version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id"))
    version_id: Mapped[str | None] = mapped_column(String(36))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    config: Mapped[dict[str, Any]]
    curves: Mapped[list[Any]] = mapped_column(default=list)
    evaluation: Mapped[list[Any] | None]
    checkpoint_sha256: Mapped[str | None] = mapped_column(BlobName)
    """Newest checkpoint, from which another worker goes on after a kill."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ScanOutlook(Base):
    """What the newest prediction on a series says of correcting it (`rt.acquisition.Outlook`)."""

    __tablename__ = "scan_outlooks"

    series_row_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(String(64))
    network_version_id: Mapped[str] = mapped_column(String(36))
    expected_dice: Mapped[dict[str, Any]]
    doubted: Mapped[list[Any]]
    descriptor: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class DriftAlarm(Base):
    """That correcting a structure of a network version began to cost more: told once for each measure."""

    __tablename__ = "drift_alarms"
    __table_args__ = (UniqueConstraint("project_id", "network_version_id", "structure", "measure"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    network_version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id", ondelete="CASCADE"))
    structure: Mapped[str] = mapped_column(String(64))
    measure: Mapped[str] = mapped_column(String(32))
    case_number: Mapped[int]
    """Number of the approved contour at which the chart rose over its limit."""
    at: Mapped[datetime] = mapped_column(default=now)


class Deployment(Base):
    """Which version a project uses; the newest active row counts, older ones are history."""

    __tablename__ = "deployments"
    __table_args__ = (
        Index(
            "uq_deployments_active", "project_id", "network", unique=True,
            postgresql_where=text("active"), sqlite_where=text("active"),
        ),
    )  # fmt: skip

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(64))
    version_id: Mapped[str] = mapped_column(ForeignKey("network_versions.id"))
    active: Mapped[bool] = mapped_column(default=True)
    rolled_back: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True of one that went back to what was in use before."""
    promoted_by: Mapped[str | None] = mapped_column(String(36))
    promoted_at: Mapped[datetime] = mapped_column(default=now)
