"""Rows of cohorts and feature sets, and what a cohort's patients have in the project."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from backend.cohorts.tables import (
    Cohort,
    CohortColumn,
    CohortEndpoint,
    CohortPatient,
    CohortTable,
)
from backend.kit.pagination import Part
from backend.studies.tables import Patient, Study


def cohorts(session: Session, project_id: str, part: Part) -> Sequence[Cohort]:
    """Newest first."""
    query = select(Cohort).where(Cohort.project_id == project_id)
    if part.before is not None:
        query = query.where(Cohort.id < part.before)
    return session.scalars(query.order_by(Cohort.id.desc()).limit(part.limit)).all()


def cohort(session: Session, cohort_id: str, *, lock: bool = False) -> Cohort | None:
    """One cohort; locked, nobody else changes what belongs to it meanwhile."""
    return session.get(Cohort, cohort_id, with_for_update=lock or None)


def cohort_named(session: Session, project_id: str, name: str) -> Cohort | None:
    """The project's cohort of this name."""
    return session.scalars(select(Cohort).filter_by(project_id=project_id, name=name)).one_or_none()


def tables(session: Session, cohort_id: str) -> Sequence[CohortTable]:
    """The files that were read, the oldest first."""
    query = select(CohortTable).filter_by(cohort_id=cohort_id).order_by(CohortTable.id)
    return session.scalars(query).all()


def columns(session: Session, cohort_id: str) -> Sequence[CohortColumn]:
    """Variables in the order of the files and their columns."""
    query = select(CohortColumn).filter_by(cohort_id=cohort_id)
    return session.scalars(query.order_by(CohortColumn.table_id, CohortColumn.position)).all()


def endpoints(session: Session, cohort_id: str) -> Sequence[CohortEndpoint]:
    """Endpoints in the order of the files and their columns."""
    query = select(CohortEndpoint).filter_by(cohort_id=cohort_id)
    return session.scalars(query.order_by(CohortEndpoint.table_id, CohortEndpoint.position)).all()


def patients(session: Session, cohort_id: str) -> Sequence[CohortPatient]:
    """The patients in their order."""
    query = select(CohortPatient).filter_by(cohort_id=cohort_id).order_by(CohortPatient.position)
    return session.scalars(query).all()


def ids_in_store(session: Session, project_id: str, patient_ids: Collection[str]) -> set[str]:
    """The PatientIDs among these of whom the project has studies."""
    query = (
        select(Patient.patient_id)
        .join(Study, Study.patient_row_id == Patient.id)
        .where(Patient.project_id == project_id, Patient.patient_id.in_(patient_ids))
    )
    return set(session.scalars(query))


def count_in_store(session: Session, cohort: Cohort) -> int:
    """How many of a cohort's patients have studies in the project."""
    query = (
        select(func.count(Patient.id.distinct()))
        .join(Study, Study.patient_row_id == Patient.id)
        .join(CohortPatient, CohortPatient.patient_id == Patient.patient_id)
        .where(Patient.project_id == cohort.project_id, CohortPatient.cohort_id == cohort.id)
    )
    return session.scalar(query) or 0


def studies_of(
    session: Session, project_id: str, patient_ids: Collection[str]
) -> Sequence[Row[str, str, str, str]]:
    """(PatientID, study id, StudyInstanceUID, date) of these patients, the oldest study first."""
    query = (
        select(Patient.patient_id, Study.id, Study.study_instance_uid, Study.study_date)
        .join(Study, Study.patient_row_id == Patient.id)
        .where(Patient.project_id == project_id, Patient.patient_id.in_(patient_ids))
        .order_by(Study.study_date, Study.id)
    )
    return session.execute(query).all()
