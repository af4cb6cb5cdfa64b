"""Images of a project and what is drawn on them, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Patient, Series, Study


def images(
    session: Session, project_id: str, series_uid: str | None = None
) -> Sequence[Row[Series, Study, Patient]]:
    """Image series with a volume, oldest first; of this SeriesInstanceUID only, where one is given."""
    statement = (
        select(Series, Study, Patient)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Series.volume_sha256.is_not(None))
        .where(Series.modality != "RTDOSE")
        .order_by(Series.id)
    )
    if series_uid is not None:
        statement = statement.where(Series.series_instance_uid == series_uid)
    return session.execute(statement).all()


def drawn(session: Session, series_ids: Sequence[str]) -> Sequence[Row[str, Structure, Revision]]:
    """(series id, structure, its newest revision) of the working sets of these series, by number."""
    statement = (
        select(StructureSet.series_row_id, Structure, Revision)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Revision, (Revision.structure_id == Structure.id) & (Revision.number == Structure.head))
        .where(StructureSet.series_row_id.in_(series_ids), StructureSet.origin == "ai")
        .order_by(Structure.number)
    )
    return session.execute(statement).all()


def head(session: Session, structure: Structure) -> Revision | None:
    """The newest revision of a structure."""
    wanted = (Revision.structure_id == structure.id, Revision.number == structure.head)
    return session.scalars(select(Revision).where(*wanted)).one_or_none()
