"""Queries for dose; opened by `dose.service` only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Instance, Series, Study
from rt.dicom.kinds import RTPLAN


def doses(session: Session, study_id: str, brought: Collection[str]) -> Sequence[tuple[Series, Instance]]:
    """The dose series of a study, and those that registrations bring to it, each with its first instance."""
    shown = (Series.study_row_id == study_id) | Series.id.in_(brought)
    statement = (
        select(Series, Instance)
        .join(Instance, Instance.series_row_id == Series.id)
        .where(shown, Series.modality == "RTDOSE")
        .order_by(Series.number, Series.id, Instance.id)
    )
    firsts = {
        series.id: (series, instance) for series, instance in reversed(session.execute(statement).all())
    }
    return list(firsts.values())[::-1]


def instance_of(session: Session, series_id: str) -> Instance:
    """The first instance of a series that has any."""
    statement = select(Instance).where(Instance.series_row_id == series_id).order_by(Instance.id)
    return session.scalars(statement.limit(1)).one()


def plans(session: Session, study: Study, named: Collection[str]) -> dict[str, Instance]:
    """RT Plans by their SOP Instance UIDs: the study's, and those named in any of the patient's studies."""
    theirs = (Study.patient_row_id == study.patient_row_id) & Instance.sop_instance_uid.in_(named)
    statement = (
        select(Instance)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .where((Series.study_row_id == study.id) | theirs, Instance.sop_class_uid == RTPLAN)
        .order_by(Series.study_row_id != study.id, Series.number, Series.id, Instance.id)
    )
    return {row.sop_instance_uid: row for row in session.scalars(statement)}


def roi_names(session: Session, study: Study, set_uids: Collection[str]) -> dict[str, dict[int, str]]:
    """Names by ROI number of the structure sets of these SOP Instance UIDs in any of the patient's studies.

    Of several sets that were made of it, as the oldest has them.
    """
    statement = (
        select(Instance.sop_instance_uid, Structure.number, Structure.name)
        .join(StructureSet, StructureSet.source_instance_id == Instance.id)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Study, Study.id == StructureSet.study_row_id)
        .where(Study.patient_row_id == study.patient_row_id, Instance.sop_instance_uid.in_(set_uids))
        .order_by(StructureSet.created_at, StructureSet.id)
    )
    names: dict[str, dict[int, str]] = {}
    for uid, number, name in session.execute(statement):
        names.setdefault(uid, {}).setdefault(number, name)
    return names


def series(session: Session, series_id: str) -> Series:
    """A series that is known to exist."""
    return session.get_one(Series, series_id)


def study(session: Session, study_id: str) -> Study:
    """A study that is known to exist."""
    return session.get_one(Study, study_id)


def drawn(session: Session, set_id: str) -> Sequence[tuple[Structure, Revision]]:
    """A set's structures that have a revision, with the newest."""
    structures = session.scalars(
        select(Structure).where(Structure.structure_set_id == set_id).order_by(Structure.number)
    ).all()
    heads = [(row.id, row.head) for row in structures if row.head]
    found = session.scalars(select(Revision).where(tuple_(Revision.structure_id, Revision.number).in_(heads)))
    by_structure = {revision.structure_id: revision for revision in found}
    return [(row, by_structure[row.id]) for row in structures if row.id in by_structure]
