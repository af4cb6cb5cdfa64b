"""QIDO-RS as SQL, and the instances that a request names, always within the projects that may be seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, exists, func, or_, select, true
from sqlalchemy import String as SqlString
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from backend.dicomweb.query import Level, Match, Named, OneOf, Query, Words
from backend.dicomweb.ranges import Between
from backend.studies.tables import Instance, Patient, Series, Study

AnyColumn = InstrumentedAttribute[Any]
_COLUMNS: dict[str, AnyColumn] = {
    "StudyInstanceUID": Study.study_instance_uid,
    "StudyDate": Study.study_date,
    "StudyTime": Study.study_time,
    "AccessionNumber": Study.accession_number,
    "StudyID": Study.study_id,
    "ReferringPhysicianName": Study.referring_physician,
    "StudyDescription": Study.description,
    "PatientName": Patient.name,
    "PatientID": Patient.patient_id,
    "PatientBirthDate": Patient.birth_date,
    "PatientSex": Patient.sex,
    "SeriesInstanceUID": Series.series_instance_uid,
    "Modality": Series.modality,
    "SeriesNumber": Series.number,
    "SeriesDescription": Series.description,
    "BodyPartExamined": Series.body_part,
    "SeriesDate": Series.date,
    "SeriesTime": Series.time,
    "SOPInstanceUID": Instance.sop_instance_uid,
    "SOPClassUID": Instance.sop_class_uid,
    "InstanceNumber": Instance.number,
}


def search(session: Session, project_ids: Collection[str], query: Query) -> Sequence[Any]:
    """Rows (Study, Patient[, Series[, Instance]]) that match, in a stable order."""
    statement = _selected(query.level).where(Study.project_id.in_(project_ids))
    for keyword, match in query.matches.items():
        statement = statement.where(_condition(keyword, match))
    return session.execute(statement.limit(query.limit).offset(query.offset)).all()


def _selected(level: Level) -> Any:
    if level is Level.STUDY:
        statement: Any = select(Study, Patient)
        order: tuple[AnyColumn, ...] = (Study.id,)
    elif level is Level.SERIES:
        statement = select(Study, Patient, Series).join(Series, Series.study_row_id == Study.id)
        order = (Study.id, Series.number, Series.id)
    else:
        statement = select(Study, Patient, Series, Instance).join(Series, Series.study_row_id == Study.id)
        statement = statement.join(Instance, Instance.series_row_id == Series.id)
        order = (Study.id, Series.number, Series.id, Instance.number, Instance.id)
    return statement.join(Patient, Patient.id == Study.patient_row_id).order_by(*order)


def _condition(keyword: str, match: Match) -> ColumnElement[bool]:
    if keyword == "ModalitiesInStudy":
        return (
            exists().where(Series.study_row_id == Study.id, _compare(Series.modality, match)).correlate(Study)
        )
    return _compare(_COLUMNS[keyword], match)


def _compare(column: AnyColumn, match: Match) -> ColumnElement[bool]:
    if isinstance(match, OneOf):
        is_number = column in (Series.number, Instance.number)
        return column.in_([int(v) for v in match.values] if is_number else match.values)
    if isinstance(match, Between):
        low = column >= match.low if match.low else column != ""
        return and_(low, column <= match.high) if match.high else low
    if isinstance(match, Words):
        starts = [(word, "% " + word, "%^" + word, "%=" + word) for word in map(_escaped, match.beginnings)]
        return and_(true(), *(or_(*(_like(column, start + "%") for start in places)) for places in starts))
    return _like(column, _escaped(match.pattern).replace("*", "%").replace("?", "_"))


def _escaped(text: str) -> str:
    return text.lower().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _like(column: AnyColumn, pattern: str) -> ColumnElement[bool]:
    return func.lower(cast(column, SqlString)).like(pattern, escape="\\")


def modalities(session: Session, study_row_ids: Collection[str]) -> dict[str, tuple[list[str], int]]:
    """Modalities and number of series of each study."""
    statement = select(Series.study_row_id, Series.modality, func.count()).group_by(
        Series.study_row_id, Series.modality
    )
    found: dict[str, tuple[list[str], int]] = {}
    for study_id, modality, count in session.execute(statement.where(Series.study_row_id.in_(study_row_ids))):
        names, total = found.get(study_id, ([], 0))
        found[study_id] = (sorted([*names, modality]), total + count)
    return found


def instance_counts(session: Session, series_or_study: AnyColumn, ids: Collection[str]) -> dict[str, int]:
    """Number of instances below each series (`Series.id`) or study (`Series.study_row_id`)."""
    statement = select(series_or_study, func.count()).join(Instance, Instance.series_row_id == Series.id)
    rows = session.execute(statement.where(series_or_study.in_(ids)).group_by(series_or_study))
    return {row[0]: row[1] for row in rows}


def instances(session: Session, project_ids: Collection[str], named: Named) -> list[tuple[Instance, Series]]:
    """The named instances with their series; of the oldest study where two projects hold it."""
    chosen = select(Study.id).where(
        Study.project_id.in_(project_ids), Study.study_instance_uid == named.study
    )
    chosen = chosen.order_by(Study.imported_at, Study.id).limit(1)
    statement = select(Instance, Series).join(Series, Series.id == Instance.series_row_id)
    statement = statement.where(Series.study_row_id == chosen.scalar_subquery())
    if named.series is not None:
        statement = statement.where(Series.series_instance_uid == named.series)
    if named.instance is not None:
        statement = statement.where(Instance.sop_instance_uid == named.instance)
    order = (Series.number, Series.id, Instance.number, Instance.id)
    statement = statement.options(
        defer(Instance.geometry, raiseload=True), defer(Series.volume, raiseload=True)
    )
    return [(row[0], row[1]) for row in session.execute(statement.order_by(*order))]
