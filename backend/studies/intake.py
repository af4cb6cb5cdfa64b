"""From one file to rows: the way in that the browser, STOW-RS and the command line share.

A file is checked in the parser process, its cleaned bytes are stored as a blob, and then one transaction adds
patient, study, series and instance, or finds them there.  Transactions on one study wait for each other on
the study's row; whoever loses the race to create it starts again, so any number of clients may send the same
study at once and there will be one of each.  Nothing here holds a transaction while it parses or stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import Unavailable
from backend.kit.storage import storage
from backend.studies.belonging import REFERRING, check_belonging
from backend.studies.door import Checked
from backend.studies.errors import ConflictingInstance, WrongPatient
from backend.studies.findings import as_warnings, called, replace_warnings
from backend.studies.persons import Person, is_someone_else, person_of
from backend.studies.schemas import Outcome
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.kinds import CROSS_SECTIONS
from rt.dicom.outgoing import plain_text
from rt.dicom.parse import read_stored
from rt.errors import DicomError

ATTEMPTS = 12
"""Starts of one insertion before giving up; each loss means that another client has just succeeded."""
MAX_INTEGER = 2**31 - 1
ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Target:
    """Where files go, and who sends them."""

    project_id: str
    user_id: str | None
    allow_nifti: bool = False
    study_instance_uid: str | None = None
    """Only instances of this study are taken, where one is named."""
    announced: tuple[str, str] | None = None
    """SOP class and instance UID that the sender has said beforehand, where it did."""


@dataclass(frozen=True)
class Arrival:
    """What became of one file."""

    name: str
    outcome: Outcome
    slug: str | None = None
    detail: str | None = None
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    study_row_id: str | None = None
    series_row_id: str | None = None
    findings: tuple[dict[str, Any], ...] = ()
    """Warnings about contents that cannot be used."""


@dataclass(frozen=True)
class _Stored:
    checked: Checked
    sha256: str
    received_sha256: str


def add_instance(target: Target, name: str, checked: Checked, received_sha256: str) -> Arrival:
    """Store a checked instance, or find that it is there.

    Raises ConflictingInstance, WrongPatient, or DicomReferenceError for what does not belong to its images.
    """
    _check_lengths(checked)
    _check_references(target, checked)
    stored = _Stored(checked, storage().put(checked.instance.data), received_sha256)
    for _ in range(ATTEMPTS):
        try:
            with session_scope() as session:
                return _insert(session, target, name, stored)
        except IntegrityError:
            continue
        except OperationalError as error:
            if not _is_collision(error):
                raise
    raise Unavailable("too many clients send the same study at once; send it again")


def _is_collision(error: OperationalError) -> bool:
    text = str(error.orig).lower()
    return "deadlock" in text or "serializ" in text or "locked" in text


def _check_lengths(checked: Checked) -> None:
    if len(checked.instance.patient_id) > 64:
        raise DicomError("longer than 64 characters", where="Patient ID")


def _check_references(target: Target, checked: Checked) -> None:
    """What is known already keeps its place; the worklist says what is wrong with it."""
    if checked.references is None or checked.instance.sop_class_uid not in REFERRING:
        return
    with session_scope(read_only=True) as session:
        known = _known(session, target.project_id, checked.instance.sop_instance_uid)
    if known is None:
        check_belonging(target.project_id, checked.references)


def _insert(session: Session, target: Target, name: str, stored: _Stored) -> Arrival:
    checked = stored.checked
    study = _study(session, target.project_id, checked)
    known = _known(session, target.project_id, checked.instance.sop_instance_uid)
    findings = as_warnings(checked.instance.findings, _called(checked))
    if known is None:
        series = _series(session, study, checked)
        instance = instance_row(series.id, checked, stored.sha256, stored.received_sha256)
        session.add(instance)
        study.updated_at = now()
        session.flush()
        if findings:
            replace_warnings(series, instance.id, findings)
        outcome, series_id = Outcome.STORED, series.id
    else:
        instance, series = known
        if not _is_same(instance, series, stored):
            raise ConflictingInstance(
                f"instance {checked.instance.sop_instance_uid} is here with other content"
            )
        outcome, series_id = Outcome.DUPLICATE, series.id
    return Arrival(
        name=name,
        outcome=outcome,
        detail="; ".join(checked.instance.notes) or None,
        sop_class_uid=checked.instance.sop_class_uid,
        sop_instance_uid=checked.instance.sop_instance_uid,
        series_instance_uid=checked.instance.series_instance_uid,
        study_instance_uid=checked.instance.study_instance_uid,
        study_row_id=study.id,
        series_row_id=series_id,
        findings=tuple(findings),
    )


def _called(checked: Checked) -> str:
    """What a person knows a structure set by."""
    content = checked.references.structure_set if checked.references else None
    label = plain_text(content.label, 64) if content else ""
    return called(checked.instance.modality, checked.instance.series_description[:255], label)


def _study(session: Session, project_id: str, checked: Checked) -> Study:
    """The instance's study, locked, of the instance's patient."""
    statement = select(Study, Patient).join(Patient, Patient.id == Study.patient_row_id)
    statement = statement.where(
        Study.project_id == project_id, Study.study_instance_uid == checked.instance.study_instance_uid
    )
    found = session.execute(statement.with_for_update(of=Study)).one_or_none()
    if found is None:
        return _new_study(session, project_id, checked)
    study, patient = found
    if patient.patient_id != checked.instance.patient_id:
        raise WrongPatient("the Patient ID is not the one of the other instances of this study")
    _refuse_someone_else(patient, checked)
    return study


def _new_study(session: Session, project_id: str, checked: Checked) -> Study:
    study = Study(
        project_id=project_id,
        patient_row_id=_patient(session, project_id, checked).id,
        study_instance_uid=checked.instance.study_instance_uid,
        study_date=checked.instance.study_date,
        study_time=checked.instance.study_time[:16],
        study_id=checked.instance.study_id[:16],
        accession_number=checked.instance.accession_number[:64],
        referring_physician=checked.referring_physician[:324],
        description=checked.instance.study_description[:255],
    )
    session.add(study)
    session.flush()
    return study


def _patient(session: Session, project_id: str, checked: Checked) -> Patient:
    patient = None
    if checked.instance.patient_id:
        statement = select(Patient).where(
            Patient.project_id == project_id, Patient.patient_id == checked.instance.patient_id
        )
        patient = session.scalars(statement).one_or_none()
    if patient is not None:
        _refuse_someone_else(patient, checked)
    else:
        patient = Patient(
            project_id=project_id,
            patient_id=checked.instance.patient_id,
            name=checked.instance.patient_name[:324],
            birth_date=checked.instance.birth_date,
            sex=checked.instance.sex[:16],
        )
        session.add(patient)
        session.flush()
    return patient


def _refuse_someone_else(patient: Patient, checked: Checked) -> None:
    """Without a PatientID the study alone joins images; what is drawn or planned on them must agree."""
    parsed = checked.instance
    own = Person(parsed.patient_id, parsed.patient_name[:324], parsed.birth_date)
    by_either = not parsed.patient_id and parsed.sop_class_uid not in CROSS_SECTIONS
    if is_someone_else(person_of(patient), own, by_either=by_either):
        if by_either:
            raise WrongPatient("this study belongs to someone of another name or birth date here")
        raise WrongPatient("this PatientID belongs to someone of another name and another birth date here")


def _series(session: Session, study: Study, checked: Checked) -> Series:
    statement = select(Series).where(
        Series.study_row_id == study.id, Series.series_instance_uid == checked.instance.series_instance_uid
    )
    series = session.scalars(statement).one_or_none()
    if series is not None:
        if series.modality != checked.instance.modality:
            raise ConflictingInstance(
                f"its series holds {series.modality}, this is {checked.instance.modality}"
            )
        return series
    series = Series(
        study_row_id=study.id,
        series_instance_uid=checked.instance.series_instance_uid,
        modality=checked.instance.modality,
        number=_integer(checked.instance.series_number),
        description=checked.instance.series_description[:255],
        body_part=checked.instance.body_part[:32],
        date=checked.series_date,
        time=checked.series_time,
        frame_of_reference_uid=checked.instance.frame_of_reference_uid or None,
    )
    session.add(series)
    session.flush()
    return series


def instance_row(series_id: str, checked: Checked, sha256: str, received_sha256: str) -> Instance:
    """The row of a checked instance whose bytes are stored."""
    parsed = checked.instance
    return Instance(
        series_row_id=series_id,
        sop_instance_uid=parsed.sop_instance_uid,
        sop_class_uid=parsed.sop_class_uid,
        number=_integer(parsed.instance_number),
        transfer_syntax_uid=parsed.transfer_syntax_uid,
        rows=checked.rows,
        columns=checked.columns,
        frames=checked.frames,
        sha256=sha256,
        received_sha256=received_sha256,
        size=len(parsed.data),
        geometry=checked.geometry,
    )


def _known(session: Session, project_id: str, sop_instance_uid: str) -> tuple[Instance, Series] | None:
    statement = (
        select(Instance, Series)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .where(Study.project_id == project_id, Instance.sop_instance_uid == sop_instance_uid)
    )
    row = session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def _is_same(instance: Instance, series: Series, stored: _Stored) -> bool:
    """Same series, and the same bytes or the same data set written in another way."""
    if series.series_instance_uid != stored.checked.instance.series_instance_uid:
        return False
    if instance.sha256 == stored.sha256 or instance.received_sha256 == stored.received_sha256:
        return True
    return read_stored(storage().get(instance.sha256)) == read_stored(stored.checked.instance.data)


def _integer(value: int | None) -> int | None:
    return value if value is not None and abs(value) <= MAX_INTEGER else None
