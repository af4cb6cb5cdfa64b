"""Structure sets published as RTSTRUCT and SEG series of the study, and what their writers need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.kit.clock import now
from backend.kit.storage import storage
from backend.studies.door import Checked, check_bytes
from backend.studies.errors import NoVolume
from backend.studies.intake import instance_row
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.outgoing import SeriesReference
from rt.geometry import Grid, Vector


def reference_of(session: Session, series: Series) -> SeriesReference:
    """What the RTSTRUCT and SEG writers refer to: the series' slices, grid, patient and study."""
    if series.volume is None:
        raise NoVolume("the geometry of this series was refused, or it has no images")
    study = session.get_one(Study, series.study_row_id)
    patient = session.get_one(Patient, study.patient_row_id)
    kept = session.scalars(select(Instance).where(Instance.series_row_id == series.id)).all()
    uids = tuple(series.volume["sop_instance_uids"] or ())
    return SeriesReference(
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        frame_of_reference_uid=series.volume["frame_of_reference_uid"],
        sop_class_uid=kept[0].sop_class_uid,
        sop_instance_uids=uids,
        grid=Grid.from_json(series.volume["grid"]),
        attributes={
            "PatientName": patient.name,
            "PatientID": patient.patient_id,
            "PatientBirthDate": patient.birth_date,
            "PatientSex": patient.sex,
            "StudyDate": study.study_date,
            "StudyTime": study.study_time,
            "StudyID": study.study_id,
            "AccessionNumber": study.accession_number,
            "ReferringPhysicianName": study.referring_physician,
            "StudyDescription": study.description,
        },
        slice_origins_mm=_origins(kept, uids),
        orientation=_orientation(kept, uids),
    )


def _orientation(kept: Sequence[Instance], uids: tuple[str, ...]) -> tuple[float, ...] | None:
    """ImageOrientationPatient of the first slice, as it came."""
    found = [one.geometry["slices"][0] for one in kept if one.geometry and one.sop_instance_uid in uids[:1]]
    return tuple(float(v) for v in found[0]["orientation"]) if found else None


def _origins(kept: Sequence[Instance], uids: tuple[str, ...]) -> tuple[Vector, ...] | None:
    """ImagePositionPatient of each slice in the order of k."""
    positions = {
        instance.sop_instance_uid: instance.geometry["slices"][0]["position_lps_mm"]
        for instance in kept
        if instance.geometry and instance.frames == 1
    }
    if not uids or any(uid not in positions for uid in uids):
        return None
    return tuple((float(x), float(y), float(z)) for x, y, z in (positions[uid] for uid in uids))


@dataclass(frozen=True)
class DerivedObject:
    """A checked RTSTRUCT or SEG whose bytes are in the store already."""

    modality: str
    checked: Checked
    sha256: str


def store_derived_object(modality: str, dataset_bytes: bytes) -> DerivedObject:
    """Check and store what is to be published, before any transaction: both take long for a large object.

    The bytes pass the same door as everything else, so that what is served is what would be taken in.
    """
    checked = check_bytes(dataset_bytes)
    return DerivedObject(modality, checked, storage().put(checked.instance.data))


def replace_derived_instance(
    session: Session, study: Study, structure_set_id: str, derived: DerivedObject
) -> Instance:
    """Publish a structure set's RTSTRUCT or SEG in the study, in place of the one published before."""
    statement = select(Series).where(
        Series.structure_set_id == structure_set_id, Series.modality == derived.modality
    )
    series = session.scalars(statement.with_for_update()).one_or_none()
    checked, parsed = derived.checked, derived.checked.instance
    if series is None:
        series = Series(study_row_id=study.id, structure_set_id=structure_set_id, modality=derived.modality)
        session.add(series)
    series.series_instance_uid = parsed.series_instance_uid
    series.number = parsed.series_number
    series.description = parsed.series_description[:255]
    series.body_part = parsed.body_part[:32]
    series.date, series.time = parsed.series_date, parsed.series_time
    series.frame_of_reference_uid = parsed.frame_of_reference_uid or None
    session.flush()
    session.execute(delete(Instance).where(Instance.series_row_id == series.id))
    instance = instance_row(series.id, checked, derived.sha256, derived.sha256)
    session.add(instance)
    study.updated_at = now()
    session.flush()
    return instance
