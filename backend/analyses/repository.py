"""Rows of analyses and predictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from backend.analyses.tables import Analysis, Prediction
from backend.kit.pagination import Part
from backend.studies.tables import Patient, Series, Study


def analyses(session: Session, cohort_id: str, part: Part) -> Sequence[Analysis]:
    """Newest first."""
    query = select(Analysis).where(Analysis.cohort_id == cohort_id)
    if part.before is not None:
        query = query.where(Analysis.id < part.before)
    return session.scalars(query.order_by(Analysis.id.desc()).limit(part.limit)).all()


def analysis(session: Session, analysis_id: str) -> Analysis | None:
    """One analysis."""
    return session.get(Analysis, analysis_id)


def predictions(session: Session, analysis_id: str, part: Part) -> Sequence[Prediction]:
    """Newest first."""
    query = select(Prediction).where(Prediction.analysis_id == analysis_id)
    if part.before is not None:
        query = query.where(Prediction.id < part.before)
    return session.scalars(query.order_by(Prediction.id.desc()).limit(part.limit)).all()


def persons(session: Session, project_id: str, patient_ids: Collection[str]) -> Sequence[Row[str, str, str]]:
    """(PatientID, name, birth date) of these patients, where both are known."""
    query = select(Patient.patient_id, Patient.name, Patient.birth_date).where(
        Patient.project_id == project_id,
        Patient.patient_id.in_(patient_ids),
        Patient.name != "",
        Patient.birth_date != "",
    )
    return session.execute(query).all()


def first_images(
    session: Session, project_id: str, modality: str, patient_ids: Collection[str]
) -> dict[str, tuple[str, str]]:
    """(study id, series id) of each patient's earliest series of this kind that has a volume."""
    query = (
        select(Patient.patient_id, Study.id, Series.id)
        .join(Study, Study.patient_row_id == Patient.id)
        .join(Series, Series.study_row_id == Study.id)
        .where(
            Patient.project_id == project_id,
            Patient.patient_id.in_(patient_ids),
            Series.modality == modality,
            Series.volume_sha256.is_not(None),
        )
        .order_by(Study.study_date.desc(), Study.id.desc(), Series.id.desc())
    )
    return {patient: (study, series) for patient, study, series in session.execute(query)}


def series(session: Session, series_id: str) -> Series | None:
    """A series."""
    return session.get(Series, series_id)


def patient_id(session: Session, study: Study) -> str:
    """PatientID of a study's patient."""
    return session.get_one(Patient, study.patient_row_id).patient_id


def seen_in(session: Session, project_id: str, patient_id: str) -> list[tuple[Analysis, dict[str, Any]]]:
    """A project's analyses, newest first, each with the newest maps (by kind) of predictions of a patient."""
    rows = session.scalars(
        select(Analysis).where(Analysis.project_id == project_id).order_by(Analysis.id.desc())
    ).all()
    asked = select(Prediction).where(
        Prediction.patient_id == patient_id, Prediction.analysis_id.in_([row.id for row in rows])
    )
    maps: dict[str, dict[str, Any]] = {}
    for one in session.scalars(asked.order_by(Prediction.id)):
        maps.setdefault(one.analysis_id, {}).update(one.maps)
    return [(row, maps.get(row.id, {})) for row in rows]
