"""Out: a structure set as DICOM or NIfTI at once, a project as a training set by a job."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.exports import repository
from backend.exports.archive import safe_name
from backend.exports.doses import TreatmentDoses, whole_treatments
from backend.exports.errors import AlreadyThere, NotReady, Withheld
from backend.exports.objects import (
    Leaving,
    OutgoingSet,
    rtstruct_bytes,
    seg_bytes,
    write_nifti_zip,
)
from backend.exports.reports import profile_named, report_of, shown_profile
from backend.exports.schemas import DicomFormat, ExportReport, ProfileOut, SetFormat, TrainingSetIn
from backend.exports.training_set import Case
from backend.exports.writing import choose, told, write
from backend.jobs import board
from backend.jobs import service as jobs
from backend.jobs.stages import Report
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.kit.download import Download
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.labels.service import (
    has_contours_only,
    is_unknown,
    open_set,
    stale_derivations,
    standing_approvals,
)
from backend.labels.tables import Revision, StructureSet
from backend.projects import service as projects
from backend.projects.deidentification import Deidentifier, deidentifier
from backend.projects.service import Permission
from backend.projects.tables import DeidentificationMode
from backend.studies import quarantine
from backend.studies.service import reference_of, registration_between
from backend.studies.tables import Instance, Series
from backend.training.service import whole_snapshot
from backend.training.tables import Snapshot
from rt.dicom.kinds import RTSTRUCT
from rt.dicom.profiles import ExportProfile, profiles
from rt.errors import DeidentificationError


def collect(session: Session, set_id: str) -> OutgoingSet | None:
    """Everything about a set that its writers need; None when it is gone."""
    owner = session.get(StructureSet, set_id)
    if owner is None:
        return None
    series = session.get_one(Series, owner.series_row_id)
    present = repository.structures(session, set_id)
    heads = repository.heads(session, present)
    bare = tuple(Leaving(row, heads[row.id]) for row in present if has_contours_only(row, heads.get(row.id)))
    rows = [row for row in present if row.head == 0 or not is_unknown(row, heads[row.id])]
    heads = {row.id: heads[row.id] for row in rows if row.head}
    named = {row.id for row in rows} | {one.structure.id for one in bare}
    approvals = standing_approvals(session, rows)
    stale = stale_derivations(session, rows)
    complete = bool(heads) and set(heads) <= set(approvals)
    return OutgoingSet(
        structure_set=owner,
        position=repository.position(session, owner),
        reference=reference_of(session, series),
        leaving=tuple(Leaving(row, heads.get(row.id)) for row in rows),
        contours_only=bare,
        approval=max(approvals.values(), key=lambda review: review.at) if complete else None,
        source_sha256=_source(session, owner),
        unknown_names=tuple(row.name for row in present if row.id not in named),
        stale_numbers=frozenset(row.number for row in rows if row.id in stale),
    )


def _source(session: Session, owner: StructureSet) -> str | None:
    """Blob of the RTSTRUCT that a set came in as; None when it is gone, was none, or is of another frame."""
    if owner.source_instance_id is None or owner.registration is not None:
        return None
    instance = session.get(Instance, owner.source_instance_id)
    return instance.sha256 if instance is not None and instance.sop_class_uid == RTSTRUCT else None


def is_untouched_import(outgoing: OutgoingSet) -> bool:
    """True while a set is as it came in, on the images that it came for: the study has it already."""
    owner = outgoing.structure_set
    imported = owner.origin == "import" and owner.registration is None
    return imported and all(
        (one.head is None or one.head.number == 1) and one.structure.state == "draft"
        for one in outgoing.leaving
    )


def awaits_network(session: Session, outgoing: OutgoingSet) -> bool:
    """True while a set holds what rules found and a network is still to draw in it.

    Whoever waits for the AI's contours by DICOMweb takes the first structure set to be them.
    """
    by_rule = all(one.head is None or one.head.tool == "rule" for one in outgoing.leaving)
    return by_rule and jobs.is_under_way(session, outgoing.structure_set.study_row_id, "presegment")


def export_profiles() -> list[ProfileOut]:
    """The systems that a structure set can be written for."""
    return [shown_profile(profile) for profile in profiles().values()]


def report_set(actor: Actor, set_id: str, form: DicomFormat, profile_name: str) -> ExportReport:
    """What one structure set's file says when it is read again; nothing leaves."""
    profile = profile_named(profile_name)
    with session_scope(read_only=True) as session:
        project_id = open_set(session, actor, set_id, Permission.EXPORT).project.id
        outgoing = collect(session, set_id)
        hidden = deidentifier(session, project_id, DeidentificationMode.EXPORT)
    if outgoing is None:
        raise NotFound("there is no such structure set")
    try:
        return report_of(outgoing, form, profile, hidden)
    except DeidentificationError as error:
        raise Withheld(error.detail) from error


def export_set(actor: Actor, set_id: str, form: SetFormat, profile_name: str) -> Download:
    """One structure set as a file; that it left is in the audit trail before it leaves."""
    profile = profile_named(profile_name)
    with session_scope(read_only=True) as session:
        project_id = open_set(session, actor, set_id, Permission.EXPORT).project.id
        outgoing = collect(session, set_id)
        patient_id = repository.patient_id(session, set_id)
        hidden = deidentifier(session, project_id, DeidentificationMode.EXPORT)
    if outgoing is None or patient_id is None:
        raise NotFound("there is no such structure set")
    label = outgoing.structure_set.label
    if hidden is not None:
        patient_id, label = hidden.patient(patient_id, outgoing.reference.study_instance_uid), ""
    stem = "_".join(safe_name(part) for part in (patient_id, label, form.value) if part)
    try:
        made = _write(outgoing, form, stem, profile, hidden)
    except DeidentificationError as error:
        quarantine.hold(project_id, "export", form.value.upper(), error)
        raise Withheld(error.detail) from error
    with session_scope() as session:
        audit.record(
            session, actor.user_id, "exports.set.exported", "structure-set", set_id,
            project_id=project_id, changes={"format": form.value, "profile": profile.name, **_said(hidden)},
        )  # fmt: skip
    return made


def _said(hidden: Deidentifier | None) -> dict[str, Any]:
    """What the audit trail says of an export's de-identification."""
    return {} if hidden is None else {"deidentified": hidden.described()["options"]}


def _write(
    outgoing: OutgoingSet, form: SetFormat, stem: str, profile: ExportProfile, hidden: Deidentifier | None
) -> Download:
    with ExitStack() as unless_sent:
        stream: BinaryIO = unless_sent.enter_context(tempfile.TemporaryFile())
        if form is SetFormat.NIFTI:
            with tempfile.TemporaryDirectory() as folder:
                stream.write(write_nifti_zip(outgoing, Path(folder), hidden).read_bytes())
            name, media_type = f"{stem}.zip", "application/zip"
        else:
            as_contours = form is SetFormat.RTSTRUCT
            data = rtstruct_bytes(outgoing, profile) if as_contours else seg_bytes(outgoing)
            stream.write(data if hidden is None else hidden.file(data).data)
            name, media_type = f"{stem}.dcm", "application/dicom"
        unless_sent.pop_all()  # closed by who sends it
    size = stream.tell()
    stream.seek(0)
    return Download(name, media_type, stream, size)


def request_training_set(session: Session, actor: Actor, project_id: str, body: TrainingSetIn) -> Job:
    """Ask for a project's training set."""
    projects.require(session, actor, project_id, Permission.EXPORT)
    if body.snapshot_id is not None:
        whole_snapshot(session, project_id, body.snapshot_id)
    parameters = {"project_id": project_id, **body.model_dump()}
    request = jobs.JobRequest("export", parameters, project_id, created_by=actor.user_id)
    job = jobs.enqueue(session, request)
    audit.record(
        session, actor.user_id, "exports.training-set.requested", "job", job.id,
        project_id=project_id, changes=body.model_dump(),
    )  # fmt: skip
    return job


def training_cases(session: Session, project_id: str, wanted: TrainingSetIn) -> list[Case]:
    """The cases of a project: per series and structure name the newest revision that may leave.

    Of several sets with one name an approved structure comes first, then the newer set's.  Those of a frozen
    dataset where one is asked for; DatasetIncomplete when something that it froze was deleted since.
    """
    if wanted.snapshot_id is not None:
        return _frozen_cases(session, whole_snapshot(session, project_id, wanted.snapshot_id), wanted)
    found: dict[str, tuple[Series, str, dict[str, tuple[bool, Revision]]]] = {}
    for series, patient_row_id, structure, _, head in repository.drawn(session, project_id, wanted.modality):
        approved = structure.state == "approved"
        unknown = is_unknown(structure, head)
        if series.volume is None or unknown or (wanted.only_approved and not approved):
            continue
        _, _, revisions = found.setdefault(series.id, (series, patient_row_id, {}))
        present = revisions.get(structure.name)
        if present is None or approved >= present[0]:
            revisions[structure.name] = (approved, head)
    doses = _treatment_doses(session, project_id) if wanted.holds_dose else None
    return [
        Case(
            series,
            patient,
            {name: revision for name, (_, revision) in revisions.items()},
            doses.beside(series, patient) if doses else (),
        )
        for series, patient, revisions in found.values()
    ]


def _frozen_cases(session: Session, snapshot: Snapshot, wanted: TrainingSetIn) -> list[Case]:
    """The cases of a frozen dataset, in the order of a project's."""
    frozen = sorted(snapshot.cases, key=lambda case: str(case["series_id"]))
    ids = [revision for case in frozen for revision in case["revisions"].values()]
    scans, revisions = repository.frozen(session, [case["series_id"] for case in frozen], ids)
    doses = _treatment_doses(session, snapshot.project_id, snapshot.id) if wanted.holds_dose else None
    cases = []
    for case in frozen:
        series, patient = scans[case["series_id"]]
        drawn = {name: revisions[revision] for name, revision in sorted(case["revisions"].items())}
        cases.append(Case(series, patient, drawn, doses.beside(series, patient) if doses else ()))
    return cases


def _treatment_doses(session: Session, project_id: str, before: str | None = None) -> TreatmentDoses:
    """The project's; `before` an id those that were there when it was given (ids ascend with time)."""
    rows = [
        (row[0], row[1], row[2])
        for row in repository.doses(session, project_id)
        if before is None or row[0].id < before
    ]
    return TreatmentDoses(
        whole_treatments(rows),
        lambda patient, source, target, grid: registration_between(session, patient, (source, target), grid),
    )


def leaving_names(
    session: Session, project_id: str, cases: list[Case], wanted: TrainingSetIn
) -> tuple[list[Case], TrainingSetIn, dict[str, Any] | None]:
    """The cases and the request with the names that structures may leave with, and what is said about it."""
    hidden = deidentifier(session, project_id, DeidentificationMode.EXPORT)
    if hidden is None:
        return cases, wanted, None
    named = [replace(case, revisions=_named(hidden, case.revisions)) for case in cases]
    names = wanted.structures and list(dict.fromkeys(hidden.structure(name) for name in wanted.structures))
    crop = wanted.crop and wanted.crop.model_copy(
        update={
            "structures": [hidden.structure(name) for name in wanted.crop.structures],
            "without": [hidden.structure(name) for name in wanted.crop.without],
        }
    )
    return named, wanted.model_copy(update={"structures": names, "crop": crop}), hidden.described()


def _named(hidden: Deidentifier, revisions: dict[str, Revision]) -> dict[str, Revision]:
    """Revisions by the names that leave; of two with one meaning the one that has it as its name."""
    named = {hidden.structure(name): revision for name, revision in revisions.items()}
    return named | {name: revision for name, revision in revisions.items() if name in named}


def written_for_command(
    project_id: str, wanted: TrainingSetIn, out: Path, progress: Report
) -> dict[str, Any]:
    """Write a training set beside the server, as the job does; Conflict when the file is there already."""
    if out.exists():
        raise AlreadyThere(f"{out} is there already")
    with session_scope(read_only=True) as session:
        cases = training_cases(session, project_id, wanted)
        cases, leaving, deidentified = leaving_names(session, project_id, cases, wanted)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        chosen, path = write(choose(cases, leaving, deidentified), leaving, Path(folder), progress)
        with path.open("rb") as stream:
            said = told(chosen, path) | {"sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
        with session_scope() as session:
            audit.record(
                session, None, "exports.training-set.requested", "project", project_id,
                project_id=project_id, changes=wanted.model_dump(),
            )  # fmt: skip
        path.replace(out)
    return said


def training_set_file(session: Session, actor: Actor, job_id: str) -> Download:
    """The file that an export job made."""
    job = board.get_job(session, actor, job_id)
    if job.kind != "export" or job.project_id is None:
        raise NotFound("there is no such export")
    projects.require(session, actor, job.project_id, Permission.EXPORT)
    if job.state != "succeeded" or not job.result:
        raise NotReady(f"the export is {job.state}", state=job.state)
    sha256 = job.result["sha256"]
    name = f"rinkaku-{job.parameters['format']}-{job.id}.zip"
    return Download(name, "application/zip", storage().open(sha256), storage().size(sha256))
