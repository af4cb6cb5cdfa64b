"""From files to rows: the way in that the browser, STOW-RS and the command line share.

A file is checked in the parser process, its cleaned bytes are stored as a blob, and then one transaction adds
patient, study, series and instance, or finds them there; of several files that came together, one for all.
Transactions on one study wait for each other on the study's row; whoever loses the race to create it starts
again, so any number of clients may send the same study at once and there will be one of each.  Nothing here
holds a transaction while it parses or stores.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

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
from rt.dicom.parse import ParsedInstance, read_stored
from rt.errors import DicomError, RtError

ATTEMPTS = 12
"""Starts of one insertion before giving up; each loss means that another client has just succeeded."""
MAX_INTEGER = 2**31 - 1


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
class Admitted:
    """A checked instance on its way in, and the hash to know it by when it comes again."""

    name: str
    checked: Checked
    received_sha256: str


@dataclass(frozen=True)
class _Stored(Admitted):
    sha256: str


Ending = Arrival | RtError
"""What became of one of several."""


def add_instance(target: Target, admitted: Admitted) -> Arrival:
    """Store a checked instance, or find that it is there.

    Raises ConflictingInstance, WrongPatient, or DicomReferenceError for what does not belong to its images.
    """
    (ending,) = add_instances(target, [admitted])
    if isinstance(ending, RtError):
        raise ending
    return ending


def add_instances(target: Target, admitted: Sequence[Admitted]) -> list[Ending]:
    """`add_instance` of several in one transaction; what is wrong with one keeps no other out."""
    endings: dict[int, Ending] = {}
    for number, one in enumerate(admitted):
        try:
            _check_lengths(one.checked)
            _check_references(target, one.checked)
        except RtError as error:
            endings[number] = error
    left = [number for number in range(len(admitted)) if number not in endings]
    names = storage().put_all([admitted[number].checked.instance.data for number in left])
    stored = [
        _Stored(one.name, one.checked, one.received_sha256, sha256)
        for one, sha256 in zip((admitted[number] for number in left), names, strict=True)
    ]
    endings |= dict(zip(left, _inserted(target, stored), strict=True))
    return [endings[number] for number in range(len(admitted))]


def _inserted(target: Target, stored: Sequence[_Stored]) -> list[Ending]:
    for _ in range(ATTEMPTS if stored else 0):
        try:
            with session_scope() as session:
                here = _Here(session, target.project_id, [one.checked.instance for one in stored])
                return [_ending(here, one) for one in stored]
        except IntegrityError:
            continue
        except OperationalError as error:
            if not _is_collision(error):
                raise
    if not stored:
        return []
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
        known = _known(session, target.project_id, [checked.instance.sop_instance_uid])
    if not known:
        check_belonging(target.project_id, checked.references)


class _Here:
    """What the instances of one transaction find or make: their studies, locked in one order, and below."""

    def __init__(self, session: Session, project_id: str, parsed: Sequence[ParsedInstance]) -> None:
        self.session, self.project_id = session, project_id
        self.studies = _studies(session, project_id, {one.study_instance_uid for one in parsed})
        self.known = _known(session, project_id, {one.sop_instance_uid for one in parsed})
        self._series = {
            (one.study_row_id, one.series_instance_uid): one
            for one in _series_of(session, [study.id for study, _ in self.studies.values()], parsed)
        }

    def study(self, checked: Checked) -> Study:
        """The instance's study, of the instance's patient; a new one where there is none."""
        uid = checked.instance.study_instance_uid
        if uid not in self.studies:
            patient = _patient(self.session, self.project_id, checked)
            self.studies[uid] = _new_study(self.session, patient, checked), patient
        return self.studies[uid][0]

    def series(self, study: Study, checked: Checked) -> Series:
        """The instance's series; a new one where there is none."""
        parsed = checked.instance
        series = self._series.get((study.id, parsed.series_instance_uid))
        if series is None:
            series = self._series[study.id, parsed.series_instance_uid] = _new_series(
                self.session, study, parsed
            )
        elif series.modality != parsed.modality:
            raise ConflictingInstance(f"its series holds {series.modality}, this is {parsed.modality}")
        return series

    def check_patient(self, checked: Checked) -> None:
        """WrongPatient where the study is there and belongs to someone else."""
        found = self.studies.get(checked.instance.study_instance_uid)
        if found is None:
            return
        if found[1].patient_id != checked.instance.patient_id:
            raise WrongPatient("the Patient ID is not the one of the other instances of this study")
        _refuse_someone_else(found[1], checked)


def _ending(here: _Here, stored: _Stored) -> Ending:
    """What is refused has changed nothing in the transaction that the others are in."""
    try:
        return _insert(here, stored)
    except RtError as error:
        return error


def _insert(here: _Here, stored: _Stored) -> Arrival:
    parsed = stored.checked.instance
    here.check_patient(stored.checked)
    findings = as_warnings(parsed.findings, _called(stored.checked))
    known = here.known.get(parsed.sop_instance_uid)
    if known is None:
        outcome, series = Outcome.STORED, _add(here, stored, findings)
    elif _is_same(*known, stored):
        outcome, series = Outcome.DUPLICATE, known[1]
    else:
        raise ConflictingInstance(f"instance {parsed.sop_instance_uid} is here with other content")
    return Arrival(
        name=stored.name,
        outcome=outcome,
        detail="; ".join(parsed.notes) or None,
        sop_class_uid=parsed.sop_class_uid,
        sop_instance_uid=parsed.sop_instance_uid,
        series_instance_uid=parsed.series_instance_uid,
        study_instance_uid=parsed.study_instance_uid,
        study_row_id=series.study_row_id,
        series_row_id=series.id,
        findings=tuple(findings),
    )


def _add(here: _Here, stored: _Stored, findings: list[dict[str, Any]]) -> Series:
    study = here.study(stored.checked)
    series = here.series(study, stored.checked)
    instance = instance_row(series.id, stored.checked, stored.sha256, stored.received_sha256)
    here.session.add(instance)
    here.known[instance.sop_instance_uid] = instance, series
    study.updated_at = now()
    if findings:
        here.session.flush()
        replace_warnings(series, instance.id, findings)
    return series


def _called(checked: Checked) -> str:
    """What a person knows a structure set by."""
    content = checked.references.structure_set if checked.references else None
    label = plain_text(content.label, 64) if content else ""
    return called(checked.instance.modality, checked.instance.series_description[:255], label)


def _studies(session: Session, project_id: str, uids: Collection[str]) -> dict[str, tuple[Study, Patient]]:
    """Those that are there, with their patients, locked."""
    statement = select(Study, Patient).join(Patient, Patient.id == Study.patient_row_id)
    statement = statement.where(Study.project_id == project_id, Study.study_instance_uid.in_(uids))
    ordered = statement.order_by(Study.study_instance_uid).with_for_update(of=Study)
    return {study.study_instance_uid: (study, patient) for study, patient in session.execute(ordered)}


def _series_of(
    session: Session, study_ids: Collection[str], parsed: Sequence[ParsedInstance]
) -> Sequence[Series]:
    uids = {one.series_instance_uid for one in parsed}
    return session.scalars(
        select(Series).where(Series.study_row_id.in_(study_ids), Series.series_instance_uid.in_(uids))
    ).all()


def _new_study(session: Session, patient: Patient, checked: Checked) -> Study:
    study = Study(
        project_id=patient.project_id,
        patient_row_id=patient.id,
        study_instance_uid=checked.instance.study_instance_uid,
        study_date=checked.instance.study_date,
        study_time=checked.instance.study_time[:16],
        study_id=checked.instance.study_id[:16],
        accession_number=checked.instance.accession_number[:64],
        referring_physician=checked.instance.referring_physician,
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


def _new_series(session: Session, study: Study, parsed: ParsedInstance) -> Series:
    series = Series(
        study_row_id=study.id,
        series_instance_uid=parsed.series_instance_uid,
        modality=parsed.modality,
        number=_integer(parsed.series_number),
        description=parsed.series_description[:255],
        body_part=parsed.body_part[:32],
        date=parsed.series_date,
        time=parsed.series_time,
        frame_of_reference_uid=parsed.frame_of_reference_uid or None,
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
        rows=parsed.rows,
        columns=parsed.columns,
        frames=parsed.frames,
        sha256=sha256,
        received_sha256=received_sha256,
        size=len(parsed.data),
        geometry=parsed.geometry,
    )


def _known(
    session: Session, project_id: str, sop_instance_uids: Collection[str]
) -> dict[str, tuple[Instance, Series]]:
    """By SOP Instance UID, those that the project has."""
    statement = (
        select(Instance, Series)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .where(Study.project_id == project_id, Instance.sop_instance_uid.in_(sop_instance_uids))
    )
    return {row[0].sop_instance_uid: (row[0], row[1]) for row in session.execute(statement)}


def _is_same(instance: Instance, series: Series, stored: _Stored) -> bool:
    """Same series, and the same bytes or the same data set written in another way."""
    if series.series_instance_uid != stored.checked.instance.series_instance_uid:
        return False
    if instance.sha256 == stored.sha256 or instance.received_sha256 == stored.received_sha256:
        return True
    return read_stored(storage().get(instance.sha256)) == read_stored(stored.checked.instance.data)


def _integer(value: int | None) -> int | None:
    return value if value is not None and abs(value) <= MAX_INTEGER else None
