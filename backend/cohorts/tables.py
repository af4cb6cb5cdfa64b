"""Rows of cohorts: imported tables with their columns and endpoints, patients with their roles, features.

Values of columns and endpoints are JSON by PatientID; who has none is missing.  Extractions are kept by their
content (image, mask, settings, engine) within a project, so that no region is computed twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import Base, id_column


class Cohort(Base):
    """Patients with variables and endpoints."""

    __tablename__ = "cohorts"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    conditions: Mapped[list[Any]] = mapped_column(default=list)
    """[{column, op, value}] that all have to hold."""
    split: Mapped[dict[str, Any] | None]
    """{seed, test_fraction, stratify, fixed_at, fixed_by}; None until it is fixed, never changed after."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class CohortTable(Base):
    """A file that was read; its bytes are not kept.  The same file name again replaces what it brought."""

    __tablename__ = "cohort_tables"
    __table_args__ = (UniqueConstraint("cohort_id", "file_name"),)

    id: Mapped[str] = id_column()
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    file_name: Mapped[str] = mapped_column(String(255))
    file_sha256: Mapped[str] = mapped_column(String(64))
    encoding: Mapped[str] = mapped_column(String(16))
    separator: Mapped[str] = mapped_column(String(1))
    dictionary: Mapped[list[Any]]
    patients: Mapped[list[Any]]
    """PatientIDs in the order of the rows."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_by_name: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(default=now)


class CohortPatient(Base):
    """A patient of the cohort, whether or not images of him are here."""

    __tablename__ = "cohort_patients"
    __table_args__ = (
        UniqueConstraint("cohort_id", "patient_id"),
        CheckConstraint("role IN ('train','test')", name="role"),
    )

    id: Mapped[str] = id_column()
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    position: Mapped[int]
    patient_id: Mapped[str] = mapped_column(String(64))
    role: Mapped[str | None] = mapped_column(String(8))


class CohortColumn(Base):
    """A clinical variable."""

    __tablename__ = "cohort_columns"
    __table_args__ = (
        UniqueConstraint("cohort_id", "name"),
        CheckConstraint("kind IN ('number','category')", name="kind"),
    )

    id: Mapped[str] = id_column()
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    table_id: Mapped[str] = mapped_column(ForeignKey("cohort_tables.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(32))
    header: Mapped[str] = mapped_column(String(255))
    """What the column is called in the file."""
    values: Mapped[dict[str, Any]]


class CohortEndpoint(Base):
    """What happened to the patients."""

    __tablename__ = "cohort_endpoints"
    __table_args__ = (
        UniqueConstraint("cohort_id", "name"),
        CheckConstraint("kind IN ('binary','survival')", name="kind"),
    )

    id: Mapped[str] = id_column()
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    table_id: Mapped[str] = mapped_column(ForeignKey("cohort_tables.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(32))
    headers: Mapped[dict[str, Any]]
    """{role: header} of the columns in the file that it was made from."""
    events: Mapped[dict[str, Any]]
    times: Mapped[dict[str, Any]]
    """In `unit`, above 0; empty of a binary endpoint."""


class FeatureSet(Base):
    """Features of one structure on one kind of image, for the patients of a cohort."""

    __tablename__ = "feature_sets"
    __table_args__ = (
        UniqueConstraint("cohort_id", "name"),
        CheckConstraint("modality IN ('CT','MR','PT','RTDOSE')", name="modality"),
        CheckConstraint("source IN ('approved','latest','ai')", name="source"),
    )

    id: Mapped[str] = id_column()
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    structure: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    preset: Mapped[str | None] = mapped_column(String(64))
    settings: Mapped[dict[str, Any]]
    """Written out, also those of a preset."""
    settings_digest: Mapped[str] = mapped_column(String(64))
    perturbations: Mapped[int]
    """Contours disturbed at random a patient, for the ICC; 0 for none."""
    engine: Mapped[str] = mapped_column(String(64))
    """Version of the code that computes."""
    icc: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{kind: {feature: [ICC, lower, upper limit]}} once nobody waits."""
    job_ids: Mapped[list[Any]] = mapped_column(default=list)
    """Jobs that share the newest request."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class FeatureRow(Base):
    """One patient of a feature set: what was chosen, and what came of it."""

    __tablename__ = "feature_rows"
    __table_args__ = (
        UniqueConstraint("feature_set_id", "patient_id"),
        CheckConstraint("state IN ('waiting','done','failed')", name="state"),
    )

    id: Mapped[str] = id_column()
    feature_set_id: Mapped[str] = mapped_column(ForeignKey("feature_sets.id", ondelete="CASCADE"))
    patient_id: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    chosen: Mapped[dict[str, Any] | None]
    """{study_id, series_id, structure_id, revision, mask, image, dose_series_id, ai, readers}; see
    `service.choosing`."""
    extraction_id: Mapped[str | None] = mapped_column(
        ForeignKey("radiomics_extractions.id", ondelete="SET NULL"), index=True
    )
    others: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{kind: [extraction id]}: `perturbation`, `ai`, `readers`."""
    slug: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(Text)
    claimed_by: Mapped[str | None] = mapped_column(String(36))
    """Job that works on it while it runs."""
    computed_at: Mapped[datetime | None]


class Extraction(Base):
    """Features of one region, by its content."""

    __tablename__ = "radiomics_extractions"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    """SHA-256 of image, mask, settings and engine."""
    values: Mapped[dict[str, Any]]
    undefined: Mapped[dict[str, Any]]
    """{feature: why it has no value}."""
    created_at: Mapped[datetime] = mapped_column(default=now)
