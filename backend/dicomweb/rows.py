"""Rows of the database as QIDO-RS answers (PS3.18 8.3.4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.studies.tables import Instance, Patient, Series, Study


@dataclass(frozen=True)
class StudyCounts:
    """What a study holds."""

    modalities: list[str]
    series: int
    instances: int


def study_attributes(study: Study, patient: Patient, counts: StudyCounts | None) -> Mapping[str, Any]:
    """Attributes of a study, with what it holds where that was counted."""
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "AccessionNumber": study.accession_number,
        "InstanceAvailability": "ONLINE",
        "ReferringPhysicianName": study.referring_physician,
        "StudyDescription": study.description,
        "RetrieveURL": study_url(study),
        "PatientName": patient.name,
        "PatientID": patient.patient_id,
        "PatientBirthDate": patient.birth_date,
        "PatientSex": patient.sex,
        "StudyInstanceUID": study.study_instance_uid,
        "StudyID": study.study_id,
    }
    if counts is not None:
        values |= {
            "ModalitiesInStudy": counts.modalities,
            "NumberOfStudyRelatedSeries": counts.series,
            "NumberOfStudyRelatedInstances": counts.instances,
        }
    return values


def series_attributes(study: Study, series: Series, count: int | None) -> Mapping[str, Any]:
    """Attributes of a series."""
    values: dict[str, Any] = {
        "Modality": series.modality,
        "SeriesDate": series.date,
        "SeriesTime": series.time,
        "SeriesDescription": series.description,
        "BodyPartExamined": series.body_part,
        "RetrieveURL": f"{study_url(study)}/series/{series.series_instance_uid}",
        "SeriesInstanceUID": series.series_instance_uid,
        "SeriesNumber": series.number,
        "FrameOfReferenceUID": series.frame_of_reference_uid,
    }
    if count is not None:
        values["NumberOfSeriesRelatedInstances"] = count
    return values


def instance_attributes(study: Study, series: Series, instance: Instance) -> Mapping[str, Any]:
    """Attributes of an instance."""
    values: dict[str, Any] = {
        "SOPClassUID": instance.sop_class_uid,
        "SOPInstanceUID": instance.sop_instance_uid,
        "AvailableTransferSyntaxUID": instance.transfer_syntax_uid,
        "InstanceNumber": instance.number,
        "RetrieveURL": instance_url(study, series, instance),
    }
    if instance.rows is not None:
        values |= {"Rows": instance.rows, "Columns": instance.columns}
    if instance.frames > 1:
        values["NumberOfFrames"] = instance.frames
    return values


def study_url(study: Study) -> str:
    """Where a study is retrieved, relative to the host so that it works behind any proxy."""
    return f"/dicomweb/studies/{study.study_instance_uid}"


def instance_url(study: Study, series: Series, instance: Instance) -> str:
    """Where an instance is retrieved."""
    return f"{study_url(study)}/series/{series.series_instance_uid}/instances/{instance.sop_instance_uid}"
