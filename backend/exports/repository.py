"""Queries for what leaves; opened by `exports.service` only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.orm import Session

from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Instance, Patient, Series, Study


def structures(session: Session, set_id: str) -> Sequence[Structure]:
    """A set's structures in the order of their numbers."""
    statement = select(Structure).where(Structure.structure_set_id == set_id).order_by(Structure.number)
    return session.scalars(statement).all()


def heads(session: Session, rows: Sequence[Structure]) -> dict[str, Revision]:
    """Newest revision of each structure that has one."""
    wanted = [(row.id, row.head) for row in rows if row.head]
    if not wanted:
        return {}
    statement = select(Revision).where(tuple_(Revision.structure_id, Revision.number).in_(wanted))
    return {row.structure_id: row for row in session.scalars(statement)}


def patient_id(session: Session, set_id: str) -> str | None:
    """Whose set it is; None when it is gone."""
    statement = (
        select(Patient.patient_id)
        .join(Study, Study.patient_row_id == Patient.id)
        .join(StructureSet, StructureSet.study_row_id == Study.id)
    )
    return session.scalar(statement.where(StructureSet.id == set_id))


def position(session: Session, row: StructureSet) -> int:
    """How many sets of the study are older."""
    statement = select(func.count()).where(
        StructureSet.study_row_id == row.study_row_id, StructureSet.id < row.id
    )
    return session.scalars(statement).one()


def drawn(
    session: Session, project_id: str, modality: str
) -> Sequence[Row[Series, str, Structure, StructureSet, Revision]]:
    """Every structure with a revision on a series of the modality, sets oldest first."""
    statement = (
        select(Series, Study.patient_row_id, Structure, StructureSet, Revision)
        .join(StructureSet, StructureSet.series_row_id == Series.id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Revision, (Revision.structure_id == Structure.id) & (Revision.number == Structure.head))
        .where(Study.project_id == project_id, Series.modality == modality)
        .order_by(Series.id, StructureSet.id, Structure.number)
    )
    return session.execute(statement).all()


def frozen(
    session: Session, series_ids: Collection[str], revision_ids: Collection[str]
) -> tuple[dict[str, tuple[Series, str]], dict[str, Revision]]:
    """Series with the row id of their patient, and revisions, by their ids."""
    scans = select(Series, Study.patient_row_id).join(Study, Study.id == Series.study_row_id)
    found = session.execute(scans.where(Series.id.in_(series_ids))).all()
    revisions = session.scalars(select(Revision).where(Revision.id.in_(revision_ids)))
    return {row[0].id: (row[0], row[1]) for row in found}, {row.id: row for row in revisions}


def doses(session: Session, project_id: str) -> Sequence[Row[Series, str, str]]:
    """Every dose series, its patient and the blob of its first instance."""
    first = select(func.min(Instance.id).label("id")).group_by(Instance.series_row_id).subquery()
    statement = (
        select(Series, Study.patient_row_id, Instance.sha256)
        .join(Study, Study.id == Series.study_row_id)
        .join(Instance, Instance.series_row_id == Series.id)
        .join(first, first.c.id == Instance.id)
        .where(Study.project_id == project_id, Series.modality == "RTDOSE")
        .order_by(Series.id)
    )
    return session.execute(statement).all()
