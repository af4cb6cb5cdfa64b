"""Imports: files from the browser or the command line, each stored, known already, or refused by name.

`take_file` is what every door calls for one file on disk: a DICOM file, a NIfTI file where the project allows
them, or a zip of such files.  One bad file refuses itself and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import AppError, NotFound
from backend.projects.deidentification import Deidentifier, deidentifier
from backend.projects.service import Permission, get_project, require
from backend.projects.tables import DeidentificationMode, Project
from backend.studies.belonging import REFERRING, withdraw_stranger
from backend.studies.door import check_bytes, read_file, unfold_nifti
from backend.studies.errors import BatchComplete, NiftiRefused
from backend.studies.intake import Admitted, Arrival, Target, add_instances
from backend.studies.quarantine import at_import, without_identity
from backend.studies.receiving import scratch_file
from backend.studies.schemas import FileOutcome, ImportSummary, Outcome
from backend.studies.settling import settle
from backend.studies.tables import ImportBatch, ImportFile, Instance
from rt.dicom.archive import Member, is_zip, iter_members, printable
from rt.dicom.nifti import is_nifti
from rt.errors import ArchiveError, DicomReferenceError, EmptyFile, RtError

Progress = Callable[[int, int, Arrival], None]
"""Called with files done, files in all, and the last one."""


def target_of(project: Project, user_id: str | None, study_instance_uid: str | None = None) -> Target:
    """Where files for this project go."""
    return Target(project.id, user_id, project.allow_nifti, study_instance_uid)


def take_file(target: Target, name: str, path: Path) -> list[Arrival]:
    """What became of a file, or of each member of a zip; its instances are stored, but not yet settled."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if not magic:
        return [_refused(name, EmptyFile("the file is empty: 0 bytes"))]
    if is_nifti(name):
        return [_take_nifti(target, name, path)]
    if is_zip(magic):
        return list(_take_zip(target, name, path))
    try:
        return take_files(target, [(name, read_file(path))])
    except RtError as error:
        return [_refused(name, error)]


def take_files(target: Target, files: Sequence[tuple[str, bytes]]) -> list[Arrival]:
    """What became of each of several DICOM files, given with their names: stored together, refused alone."""
    ended: dict[int, Arrival] = {}
    admitted: dict[int, Admitted] = {}
    chosen = at_import(target.project_id)
    for number, (name, data) in enumerate(files):
        try:
            admitted[number] = _admitted(target, chosen, name, data)
        except RtError as error:
            ended[number] = _refused(name, error)
    for number, ending in zip(admitted, add_instances(target, list(admitted.values())), strict=True):
        if isinstance(ending, RtError):
            parsed = admitted[number].checked.instance
            ending.instance = (parsed.sop_class_uid, parsed.sop_instance_uid)
            ending = _refused(files[number][0], ending)
        ended[number] = ending
    return [ended[number] for number in range(len(files))]


def _admitted(target: Target, chosen: Deidentifier | None, name: str, data: bytes) -> Admitted:
    checked = check_bytes(data)
    parsed = checked.instance
    try:
        if target.study_instance_uid not in (None, parsed.study_instance_uid):
            raise DicomReferenceError(f"it belongs to study {parsed.study_instance_uid}")
        if target.announced not in (None, (parsed.sop_class_uid, parsed.sop_instance_uid)):
            raise DicomReferenceError("SOP class or instance is not the one announced")
        sha256 = hashlib.sha256(data).hexdigest()
        return Admitted(name, *without_identity(chosen, target.project_id, checked, sha256))
    except RtError as error:
        error.instance = (parsed.sop_class_uid, parsed.sop_instance_uid)
        raise


def _take_nifti(target: Target, name: str, path: Path) -> Arrival:
    """One arrival for the whole file; its slices are stored only when all of them can be made."""
    try:
        if not target.allow_nifti:
            raise NiftiRefused("this project takes no NIfTI")
        with scratch_file() as unfolded:
            lengths = unfold_nifti(path, name, unfolded)
            with unfolded.open("rb") as slices:
                arrivals = [take_files(target, [(name, slices.read(length))])[0] for length in lengths]
        order = [Outcome.REFUSED, Outcome.STORED, Outcome.DUPLICATE]
        return min(arrivals, key=lambda arrival: order.index(arrival.outcome))
    except RtError as error:
        return _refused(name, error)


def _take_zip(target: Target, name: str, path: Path) -> Iterator[Arrival]:
    try:
        for member in iter_members(path):
            yield _take_member(target, f"{name}/{member.name}", member)
    except RtError as error:
        yield _refused(name, error)


def _take_member(target: Target, name: str, member: Member) -> Arrival:
    try:
        if member.refusal is not None:
            raise ArchiveError(member.refusal)
        return take_files(target, [(name, member.data)])[0]
    except RtError as error:
        return _refused(name, error)


def _refused(name: str, error: RtError) -> Arrival:
    sop_class, sop_instance = error.instance or (None, None)
    return Arrival(
        name,
        Outcome.REFUSED,
        error.slug,
        str(error),
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
    )


def _refused_instance(arrival: Arrival, error: RtError) -> Arrival:
    refused = _refused(arrival.name, error)
    return replace(refused, sop_class_uid=arrival.sop_class_uid, sop_instance_uid=arrival.sop_instance_uid)


def begin(actor: Actor, project_id: str) -> str:
    """Id of a new import into the project."""
    with session_scope() as session:
        require(session, actor, project_id, Permission.IMPORT)
        batch = ImportBatch(project_id=project_id, user_id=actor.user_id)
        session.add(batch)
        session.flush()
        return batch.id


def open_batch(actor: Actor, import_id: str) -> Target:
    """Where the files of an import go, when it is the actor's and still open."""
    with session_scope(read_only=True) as session:
        batch = _own_batch(session, actor, import_id)
        if batch.completed_at is not None:
            raise BatchComplete("begin another one")
        return target_of(get_project(session, batch.project_id), actor.user_id)


def _own_batch(session: Session, actor: Actor, import_id: str) -> ImportBatch:
    batch = session.get(ImportBatch, import_id)
    if batch is None or batch.user_id != actor.user_id:
        raise NotFound("there is no such import")
    require(session, actor, batch.project_id, Permission.IMPORT)
    return batch


def add_to_batch(target: Target, import_id: str, name: str, path: Path) -> list[FileOutcome]:
    """Take a file and note in the batch what became of it."""
    arrivals = take_file(target, name, path)
    with session_scope() as session:
        hidden = deidentifier(session, target.project_id, DeidentificationMode.IMPORT)
        session.add_all(_row(import_id, arrival, hidden) for arrival in arrivals)
    return [outcome_of(arrival) for arrival in arrivals]


def _row(import_id: str, arrival: Arrival, hidden: Deidentifier | None) -> ImportFile:
    """What is kept of an arrival; where the project de-identifies, neither the file's name nor what a refusal
    quotes."""
    is_bare = hidden is None or arrival.outcome is not Outcome.REFUSED
    return ImportFile(
        import_id=import_id,
        name=printable(arrival.name)[:512] if hidden is None else hidden.file_name(arrival.name),
        outcome=arrival.outcome,
        slug=arrival.slug,
        detail=arrival.detail[:1024] if arrival.detail and is_bare else None,
        sop_instance_uid=arrival.sop_instance_uid if is_bare else None,
        study_row_id=arrival.study_row_id,
        series_row_id=arrival.series_row_id,
    )


def outcome_of(arrival: Arrival | ImportFile) -> FileOutcome:
    """An arrival as the API tells it."""
    return FileOutcome.model_validate(arrival, from_attributes=True)


def complete(actor: Actor, import_id: str) -> ImportSummary:
    """Settle what the batch brought; doing it again gives the same answer."""
    with session_scope(read_only=True) as session:
        _own_batch(session, actor, import_id)
    _withdraw_from_batch(import_id)
    with session_scope(read_only=True) as session:
        files = session.scalars(select(ImportFile).where(ImportFile.import_id == import_id)).all()
    studies = sorted({file.study_row_id for file in files if file.study_row_id})
    settle(studies)
    summary = _summary(studies, files)
    with session_scope() as session:
        batch = session.get_one(ImportBatch, import_id)
        if batch.completed_at is None:
            batch.completed_at = now()
            record_import(session, Target(batch.project_id, actor.user_id), import_id, summary)
    return summary


def _withdraw_from_batch(import_id: str) -> None:
    """Refuse what turns out not to belong to images that came after it in the same batch."""
    with session_scope(read_only=True) as session:
        same = (Instance.series_row_id == ImportFile.series_row_id) & (
            Instance.sop_instance_uid == ImportFile.sop_instance_uid
        )
        statement = select(ImportFile).join(Instance, same)
        statement = statement.where(
            ImportFile.outcome == Outcome.STORED, Instance.sop_class_uid.in_(REFERRING)
        )
        files = session.scalars(statement.where(ImportFile.import_id == import_id)).all()
    for file in files:
        error = withdraw_stranger(file.series_row_id or "", file.sop_instance_uid or "")
        if error is not None:
            with session_scope() as session:
                row = session.get_one(ImportFile, file.id)
                row.outcome, row.slug, row.detail = Outcome.REFUSED, error.slug, str(error)[:1024]
                row.study_row_id = row.series_row_id = None


def _withdraw(arrival: Arrival) -> Arrival:
    """The arrival, refused where it turns out not to belong to images that came after it."""
    if arrival.outcome is not Outcome.STORED or arrival.sop_class_uid not in REFERRING:
        return arrival
    error = withdraw_stranger(arrival.series_row_id or "", arrival.sop_instance_uid or "")
    return arrival if error is None else _refused_instance(arrival, error)


def _summary(studies: list[str], files: Sequence[Arrival | ImportFile]) -> ImportSummary:
    outcomes = Counter(file.outcome for file in files)
    return ImportSummary(
        studies=studies,
        stored=outcomes[Outcome.STORED],
        duplicate=outcomes[Outcome.DUPLICATE],
        refused=outcomes[Outcome.REFUSED],
        refusals=[outcome_of(file) for file in files if file.outcome == Outcome.REFUSED],
    )


def record_import(session: Session, target: Target, object_id: str | None, summary: ImportSummary) -> None:
    """One audit entry for a batch, with its counts and studies."""
    record(
        session, target.user_id, "studies.imported", "import", object_id,
        project_id=target.project_id, changes=summary.model_dump(exclude={"refusals"}),
    )  # fmt: skip


def import_path(
    project_id: str, user_id: str | None, path: Path, progress: Progress | None = None
) -> tuple[ImportSummary, list[Arrival]]:
    """Import a file, a zip or a folder with all below it, and settle it; what was refused is in the list."""
    with session_scope(read_only=True) as session:
        target = target_of(get_project(session, project_id), user_id)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    arrivals: list[Arrival] = []
    try:
        for number, file in enumerate(files, start=1):
            taken = take_file(target, str(file.relative_to(path.parent)), file)
            arrivals += taken
            if progress is not None and taken:
                progress(number, len(files), taken[-1])
    except AppError:
        finish(target, arrivals, more_may_come=False)
        raise
    return finish(target, arrivals, more_may_come=False)


def finish(
    target: Target, arrivals: list[Arrival], *, more_may_come: bool, later: list[str] | None = None
) -> tuple[ImportSummary, list[Arrival]]:
    """Settle and record what came in outside a browser's batch; what became of each file in the end.

    `later` takes the series that are still to be assembled, as `settle` has it.
    """
    arrivals = [_withdraw(arrival) for arrival in arrivals]
    studies = sorted({arrival.study_row_id for arrival in arrivals if arrival.study_row_id})
    arrived = Counter(arrival.series_row_id for arrival in arrivals if arrival.series_row_id)
    settle(studies, arrived if more_may_come else None, later)
    summary = _summary(studies, arrivals)
    with session_scope() as session:
        record_import(session, target, None, summary)
    return summary, arrivals
