"""Rows of analyses and predictions.  What an analysis found never changes: doing it again makes another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.clock import now
from backend.kit.db import NAMES_BLOBS, Base, BlobName, id_column


class Analysis(Base):
    """One question put to a cohort as it was at one moment, and what came of it."""

    __tablename__ = "analyses"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('subtypes','survival','outcome','outcome-network','dose-map')", name="kind"
        ),
    )

    id: Mapped[str] = id_column()
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    rerun_of: Mapped[str | None] = mapped_column(String(36))
    """The analysis that this one repeats on the cohort as it was later."""
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    config: Mapped[dict[str, Any]]
    """Of the kind's schema, every default written out."""
    feature_sets: Mapped[list[Any]]
    """Ids of the feature sets whose features it saw."""
    table_sha256: Mapped[str] = mapped_column(BlobName)
    """The frozen cohort (`rt.cohort.CohortTable.to_json`) that every number comes from."""
    warnings: Mapped[list[Any]]
    """[{slug, detail, patients}] of what may let it see more than it should."""
    summary: Mapped[dict[str, Any] | None]
    """The figures that a list shows; None until it is done."""
    files: Mapped[dict[str, Any]] = mapped_column(default=dict, info=NAMES_BLOBS)
    """{results, model, figures: {name: {svg, pdf}}, tables: {name}}: SHA-256 of each; of a dose map also
    {space, template: {grid, unit, range, parts: {name}}}; of one that compares
    contours also {other_table}: the same patients with the features of the other contours."""
    methods: Mapped[dict[str, Any] | None]
    """{en, ja}: the paragraph for a paper."""
    versions: Mapped[dict[str, Any] | None]
    """Of the code and of the libraries that counted."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Prediction(Base):
    """What an analysis says of one patient who was not in it."""

    __tablename__ = "predictions"

    id: Mapped[str] = id_column()
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    patient_id: Mapped[str] = mapped_column(String(64))
    """PatientID (0010,0020)."""
    inputs: Mapped[dict[str, Any]]
    """{values, …}: what it is predicted from: values as given, features and contours as used."""
    value: Mapped[dict[str, Any] | None]
    """What is predicted; None until it is done."""
    applicability: Mapped[dict[str, Any] | None]
    """How far the patient is from those that the analysis learnt from."""
    maps: Mapped[dict[str, Any]] = mapped_column(default=dict, info=NAMES_BLOBS)
    """{kind: {sha256, series_id, volume}}: float32 voxels on the grid of that series."""
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(default=now)
