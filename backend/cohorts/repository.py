"""Rows of cohorts and feature sets, and what a cohort's patients have in the project."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from backend.cohorts.tables import (
    Cohort,
    CohortColumn,
    CohortEndpoint,
    CohortPatient,
    CohortTable,
    Extraction,
    FeatureRow,
    FeatureSet,
)
from backend.jobs.states import JobState
from backend.jobs.tables import Job
from backend.kit.db import for_update_skip_locked
from backend.kit.pagination import ALL, Part
from backend.labels.tables import Review, Revision, Structure, StructureSet
from backend.studies.tables import Patient, Series, Study

AT_ONCE = 500
"""Ids of one query: databases take so many parameters at least."""


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


@dataclass(frozen=True)
class Candidate:
    """A structure of a patient, and the images it is drawn on."""

    patient_id: str
    study_id: str
    study_date: str
    series_id: str
    set_id: str
    origin: str
    structure: Structure


def candidates(
    session: Session, project_id: str, patient_ids: Collection[str], modality: str | None
) -> list[Candidate]:
    """Every structure of these patients on images of a kind (None: of any) that has a revision."""
    query = (
        select(
            Patient.patient_id, Study.id, Study.study_date, Series.id, StructureSet.id, StructureSet.origin,
            Structure,
        )
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .join(Series, Series.id == StructureSet.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(
            Patient.project_id == project_id, Patient.patient_id.in_(patient_ids), Structure.head > 0
        )
        .order_by(Structure.id)
    )  # fmt: skip
    if modality is not None:
        query = query.where(Series.modality == modality)
    return [Candidate(*row) for row in session.execute(query)]


def ids_with_images(
    session: Session, project_id: str, patient_ids: Collection[str], modality: str
) -> set[str]:
    """The PatientIDs among these of whom the project has a series of this kind."""
    query = (
        select(Patient.patient_id)
        .join(Study, Study.patient_row_id == Patient.id)
        .join(Series, Series.study_row_id == Study.id)
        .where(
            Patient.project_id == project_id,
            Patient.patient_id.in_(patient_ids),
            Series.modality == modality,
        )
    )
    return set(session.scalars(query))


def sets_of(session: Session, structure_ids: Collection[str]) -> dict[str, str]:
    """Id of the structure set that holds each of these structures; one that was deleted is not among them."""
    query = select(Structure.id, Structure.structure_set_id).where(Structure.id.in_(structure_ids))
    return dict(session.execute(query).all())


def revisions(session: Session, structure_ids: Collection[str]) -> Sequence[Revision]:
    """All revisions of these structures, the oldest first."""
    query = select(Revision).where(Revision.structure_id.in_(structure_ids))
    return session.scalars(query.order_by(Revision.structure_id, Revision.number)).all()


def newest_approvals(session: Session, structure_ids: Collection[str]) -> dict[str, int]:
    """Number of the newest approved revision of each of these structures that has one."""
    query = (
        select(Review.structure_id, func.max(Review.revision))
        .where(Review.structure_id.in_(structure_ids), Review.act == "approved")
        .group_by(Review.structure_id)
    )
    return dict(session.execute(query).all())


def feature_sets(session: Session, cohort_id: str, part: Part = ALL) -> Sequence[FeatureSet]:
    """Newest first."""
    query = select(FeatureSet).where(FeatureSet.cohort_id == cohort_id)
    if part.before is not None:
        query = query.where(FeatureSet.id < part.before)
    return session.scalars(query.order_by(FeatureSet.id.desc()).limit(part.limit)).all()


def feature_set_named(session: Session, cohort_id: str, name: str) -> FeatureSet | None:
    """The cohort's feature set of this name."""
    return session.scalars(select(FeatureSet).filter_by(cohort_id=cohort_id, name=name)).one_or_none()


def feature_rows(session: Session, set_id: str) -> Sequence[FeatureRow]:
    """The patients of a feature set in their order."""
    query = select(FeatureRow).filter_by(feature_set_id=set_id).order_by(FeatureRow.position)
    return session.scalars(query).all()


def states(session: Session, set_id: str) -> dict[str, int]:
    """How many patients of a feature set are in each state."""
    query = select(FeatureRow.state, func.count()).filter_by(feature_set_id=set_id).group_by(FeatureRow.state)
    return dict(session.execute(query).all())


def free_row(session: Session, set_id: str, job_id: str) -> FeatureRow | None:
    """A patient who waits and on whom no other job that runs works; locked, passing over locked ones."""
    running = select(Job.id).where(Job.state == JobState.RUNNING, Job.id != job_id)
    query = (
        select(FeatureRow)
        .filter_by(feature_set_id=set_id, state="waiting")
        .where(or_(FeatureRow.claimed_by.is_(None), FeatureRow.claimed_by.not_in(running)))
        .order_by(FeatureRow.position)
        .limit(1)
    )
    return session.scalars(for_update_skip_locked(query)).one_or_none()


def jobs(session: Session, job_ids: Sequence[str]) -> list[Job]:
    """These jobs, in the order of asking."""
    return list(session.scalars(select(Job).where(Job.id.in_(job_ids)).order_by(Job.id)))


def extraction(session: Session, project_id: str, key: str) -> Extraction | None:
    """The extraction of this content."""
    return session.scalars(select(Extraction).filter_by(project_id=project_id, key=key)).one_or_none()


def extractions(session: Session, ids: Collection[str]) -> dict[str, Extraction]:
    """Extractions by their ids."""
    found: dict[str, Extraction] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Extraction).where(Extraction.id.in_(wanted[start : start + AT_ONCE]))
        found |= {one.id: one for one in session.scalars(query)}
    return found
