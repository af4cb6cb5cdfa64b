"""Whether an RTSTRUCT, SEG, RTDOSE or REG belongs to what it refers to, as far as that is in the store.

The door asks before it stores, and once more at the end of a batch, because the images may have come later.
What refers to images that are nowhere yet is stored; whoever reads it when they come says what is wrong.
A dose may be in another frame of reference than its images: it is shown once a registration links the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.jobs.service import announce
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.studies import repository
from backend.studies.persons import Person, is_someone_else, person_of
from backend.studies.registrations import IMAGES
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.kinds import REGISTRATIONS, RTDOSE, RTSTRUCT, SEGMENTATIONS
from rt.dicom.parse import read_stored
from rt.dicom.references import References, read_references
from rt.errors import DicomReferenceError

REFERRING = SEGMENTATIONS | REGISTRATIONS | {RTSTRUCT, RTDOSE}
"""SOP classes that must belong to what they refer to."""


@dataclass(frozen=True)
class _Found:
    """Something referred to that is in the store."""

    person: Person
    study_instance_uid: str
    frame_of_reference_uid: str = ""
    """Of an image series."""
    sha256: str = ""
    """Of a plan or structure set."""


def check_belonging(project_id: str, own: References) -> None:
    """DicomReferenceError when it is of another patient or study than its images, or drawn on others."""
    if own.sop_class_uid in REGISTRATIONS:
        _check_linked(project_id, own)
        return
    pending, seen = [own], set[str]()
    image_studies, object_studies = set[str](), set[str]()
    while pending:
        said = pending.pop()
        with session_scope(read_only=True) as session:
            images, objects = _images(session, project_id, said), _objects(session, project_id, said)
        for series_uid, found in images.items():
            mine = _of_patient(own, found)
            _check_frame(own, series_uid, mine)
            image_studies |= {one.study_instance_uid for one in mine}
        for uid, found in objects.items():
            if uid in seen:
                continue  # objects may refer to each other in a circle
            seen.add(uid)
            mine = _of_patient(own, found)
            object_studies |= {one.study_instance_uid for one in mine}
            pending += [said for said in (_references(one.sha256) for one in mine) if said is not None]
    if not image_studies:
        image_studies = _studies_of_frame(project_id, own)
    _check_study(own, image_studies or object_studies)


def _check_linked(project_id: str, own: References) -> None:
    """A registration may lie in any study of its patient; the images that it links must be the patient's."""
    holds = select(Instance.series_row_id).where(Instance.sop_instance_uid.in_(own.sop_instance_uids))
    wanted: list[ColumnElement[bool]] = [
        *(Series.frame_of_reference_uid == frame for frame in sorted(own.linked_frames)),
        *(Series.series_instance_uid == uid for uid in sorted(own.series_instance_uids)),
        Series.id.in_(holds),
    ]
    for one in wanted:
        with session_scope(read_only=True) as session:
            found = _in_project(session, project_id, one)
        if found:
            _of_patient(own, found)


def _references(sha256: str) -> References | None:
    return read_references(read_stored(storage().get(sha256), pixels=False))


def _person(own: References) -> Person:
    return Person(own.patient_id, own.patient_name, own.birth_date)


def _of_patient(own: References, found: Sequence[_Found]) -> list[_Found]:
    """Those of the same patient; the same UID may stand in the studies of several."""
    same = [one for one in found if one.person.patient_id.strip() == own.patient_id]
    if not same:
        raise DicomReferenceError("what it refers to belongs to another patient ID")
    nameless = not own.patient_id
    mine = [one for one in same if not is_someone_else(one.person, _person(own), by_either=nameless)]
    if not mine:
        raise DicomReferenceError("what it refers to belongs to someone of another name or birth date")
    return mine


def _check_frame(own: References, series_uid: str, found: Sequence[_Found]) -> None:
    refusal = None
    for frame in {one.frame_of_reference_uid for one in found}:
        try:
            if frame:
                own.check_frame(series_uid, frame)
            return
        except DicomReferenceError as error:
            refusal = error
    if refusal is not None:
        raise refusal


def _check_study(own: References, studies: Collection[str]) -> None:
    """It must lie in a study of what it refers to: elsewhere nobody would find it beside its images."""
    if studies and own.study_instance_uid not in studies:
        raise DicomReferenceError(
            f"it is in study {own.study_instance_uid}, what it refers to in study {min(studies)}"
        )


def _studies_of_frame(project_id: str, own: References) -> set[str]:
    """Studies of the images in a dose's frame of reference, which must be its patient's, where it names none.

    A structure set or segmentation names images, which may come yet.
    """
    if not own.frame:
        return set()
    with session_scope(read_only=True) as session:
        found = _in_project(session, project_id, Series.frame_of_reference_uid == own.frame)
    if found:
        found = _of_patient(own, found)
    return {one.study_instance_uid for one in found} if own.sop_class_uid == RTDOSE else set()


def _images(session: Session, project_id: str, said: References) -> dict[str, list[_Found]]:
    """Image series that it refers to, by their UID."""
    if said.series_instance_uids:
        wanted = Series.series_instance_uid.in_(said.series_instance_uids)
    else:
        holds = select(Instance.series_row_id).where(Instance.sop_instance_uid.in_(said.sop_instance_uids))
        wanted = Series.id.in_(holds)
    found: dict[str, list[_Found]] = defaultdict(list)
    for uid, one in _series(session, project_id, wanted):
        found[uid].append(one)
    return found


def _in_project(session: Session, project_id: str, wanted: ColumnElement[bool]) -> list[_Found]:
    """Image series that fulfil a condition."""
    return [one for _, one in _series(session, project_id, wanted)]


def _series(session: Session, project_id: str, wanted: ColumnElement[bool]) -> Iterator[tuple[str, _Found]]:
    """Image series of the project that fulfil a condition, with their UID."""
    statement = (
        select(Series, Study.study_instance_uid, Patient)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Series.modality.in_(IMAGES), wanted)
    )
    for series, study_uid, patient in session.execute(statement):
        frame = (series.volume or {}).get("frame_of_reference_uid") or series.frame_of_reference_uid or ""
        yield series.series_instance_uid, _Found(person_of(patient), study_uid, frame)


def _objects(session: Session, project_id: str, said: References) -> dict[str, list[_Found]]:
    """Plans and structure sets that it refers to, by their UID."""
    statement = (
        select(Instance, Study.study_instance_uid, Patient)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Instance.sop_instance_uid.in_(said.object_uids))
    )
    found: dict[str, list[_Found]] = defaultdict(list)
    for instance, study_uid, patient in session.execute(statement):
        found[instance.sop_instance_uid].append(_Found(person_of(patient), study_uid, sha256=instance.sha256))
    return found


def withdraw_stranger(series_row_id: str, sop_instance_uid: str) -> DicomReferenceError | None:
    """Why an instance just stored does not belong to images that came later; it is then taken out again."""
    with session_scope(read_only=True) as session:
        statement = select(Instance, Study.project_id).join(Series, Series.id == Instance.series_row_id)
        row = session.execute(
            statement.join(Study, Study.id == Series.study_row_id).where(
                Instance.series_row_id == series_row_id, Instance.sop_instance_uid == sop_instance_uid
            )
        ).one_or_none()
    if row is None or row[0].sop_class_uid not in REFERRING:
        return None
    own = _references(row[0].sha256)
    try:
        if own is not None:
            check_belonging(row[1], own)
    except DicomReferenceError as error:
        with session_scope() as session:
            _take_out(session, row[0])
        return error
    return None


def _take_out(session: Session, instance: Instance) -> None:
    """Delete an instance, and the series and the study that it was alone in; the sweep removes the blob."""
    series = session.get_one(Series, instance.series_row_id, with_for_update=True)
    study = session.get_one(Study, series.study_row_id, with_for_update=True)
    session.delete(session.get_one(Instance, instance.id))
    session.flush()
    series.warnings = [w for w in series.warnings if w.get("instance_id") != instance.id]
    if not repository.instance_counts(session, [series.id]):
        session.delete(series)
        session.flush()
    announce(session, "study", study.id, study.project_id)
    if not repository.series_of(session, [study.id]):
        repository.delete_study(session, study)
