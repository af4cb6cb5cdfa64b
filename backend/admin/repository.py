"""Who and what audit entries are about: people, patients and structures, looked up when somebody reads them.

The trail itself holds ids only; what was deleted has no name any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.accounts.tables import User
from backend.labels.tables import Structure, StructureSet
from backend.studies.tables import ImportFile, Patient, Study

AboutPatient = tuple[str, str, str, str | None]
"""Object id, PatientID, patient's name, structure name."""


def people(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Names as displayed, by user id."""
    rows = session.execute(select(User.id, User.display_name).where(User.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def people_called(words: str) -> Select[str]:
    """Ids of the people whose name or user name holds every word."""
    return select(User.id).where(*_holding(words, User.username, User.display_name))


def objects_of_patients(words: str, project_ids: Collection[str]) -> CompoundSelect[str]:
    """Ids of what belongs to patients whose name or ID holds every word: studies, imports, structures."""
    studies = (
        select(Study.id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id.in_(project_ids), *_holding(words, Patient.name, Patient.patient_id))
    )
    sets = select(StructureSet.id).where(StructureSet.study_row_id.in_(studies))
    return union_all(
        studies,
        select(ImportFile.import_id).where(ImportFile.study_row_id.in_(studies)),
        sets,
        select(Structure.id).where(Structure.structure_set_id.in_(sets)),
    )


def patients_of(
    session: Session, object_ids: Collection[str], project_ids: Collection[str]
) -> Iterator[AboutPatient]:
    """Patients of studies, structure sets and structures that are in these projects."""
    about = select(Patient.patient_id, Patient.name).join(Study, Study.patient_row_id == Patient.id)
    about = about.where(Study.project_id.in_(project_ids))
    sets = about.join(StructureSet, StructureSet.study_row_id == Study.id)
    structures = sets.join(Structure, Structure.structure_set_id == StructureSet.id)
    for row in session.execute(about.add_columns(Study.id).where(Study.id.in_(object_ids))):
        yield row[2], row[0], row[1], None
    for row in session.execute(sets.add_columns(StructureSet.id).where(StructureSet.id.in_(object_ids))):
        yield row[2], row[0], row[1], None
    columns = (Structure.id, Structure.name)
    for row in session.execute(structures.add_columns(*columns).where(Structure.id.in_(object_ids))):
        yield row[2], row[0], row[1], row[3]


def _holding(words: str, *fields: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    return [
        or_(*(func.lower(field).contains(word, autoescape=True) for field in fields))
        for word in words.lower().split()
    ]
