"""Whether an RTSTRUCT, SEG or RTDOSE belongs to the images it refers to, as far as those are in the store.

The door asks before it stores, and once more at the end of a batch, because the images may have come later.
What refers to images that are nowhere yet is stored; whoever reads it when they come says what is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.jobs.service import announce
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.studies import repository
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.kinds import RTDOSE, RTSTRUCT, SEGMENTATIONS
from rt.dicom.parse import read_stored
from rt.dicom.references import References, read_references
from rt.errors import DicomReferenceError

REFERRING = SEGMENTATIONS | {RTSTRUCT, RTDOSE}
"""SOP classes that must belong to what they refer to."""
_IMAGES = frozenset({"CT", "MR", "PT"})


@dataclass(frozen=True)
class _Found:
    """Something referred to that is in the store."""

    patient_id: str
    frame_of_reference_uid: str
    """Of an image series."""
    sha256: str | None = None
    """Of a plan or structure set."""


def check_belonging(project_id: str, own: References) -> None:
    """DicomReferenceError when it is of another patient or frame of reference than images it refers to."""
    pending, seen = [own], set[str]()
    while pending:
        said = pending.pop()
        with session_scope(read_only=True) as session:
            images, objects = _images(session, project_id, said), _objects(session, project_id, said)
        for series_uid, found in images.items():
            _check_frame(own, series_uid, _of_patient(own, found))
        for uid, found in objects.items():
            if uid in seen:
                continue  # objects may refer to each other in a circle
            seen.add(uid)
            named = (_references(one.sha256 or "") for one in _of_patient(own, found))
            pending += [references for references in named if references is not None]


def _references(sha256: str) -> References | None:
    return read_references(read_stored(storage().get(sha256), pixels=False))


def _of_patient(own: References, found: list[_Found]) -> list[_Found]:
    """Those of the same patient; the same UID may stand in the studies of several."""
    same = [one for one in found if one.patient_id.strip() == own.patient_id.strip()]
    if not same:
        raise DicomReferenceError("what it refers to belongs to another patient ID")
    return same


def _check_frame(own: References, series_uid: str, found: list[_Found]) -> None:
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


def _images(session: Session, project_id: str, said: References) -> dict[str, list[_Found]]:
    """Image series that it refers to, by their UID."""
    if said.series_instance_uids:
        wanted = Series.series_instance_uid.in_(said.series_instance_uids)
    else:
        holds = select(Instance.series_row_id).where(Instance.sop_instance_uid.in_(said.sop_instance_uids))
        wanted = Series.id.in_(holds)
    statement = (
        select(Series, Patient.patient_id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Series.modality.in_(_IMAGES), wanted)
    )
    found: dict[str, list[_Found]] = defaultdict(list)
    for series, patient_id in session.execute(statement):
        frame = (series.volume or {}).get("frame_of_reference_uid") or series.frame_of_reference_uid or ""
        found[series.series_instance_uid].append(_Found(patient_id, frame))
    return found


def _objects(session: Session, project_id: str, said: References) -> dict[str, list[_Found]]:
    """Plans and structure sets that it refers to, by their UID."""
    statement = (
        select(Instance, Patient.patient_id)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Instance.sop_instance_uid.in_(said.object_uids))
    )
    found: dict[str, list[_Found]] = defaultdict(list)
    for instance, patient_id in session.execute(statement):
        found[instance.sop_instance_uid].append(_Found(patient_id, "", instance.sha256))
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
