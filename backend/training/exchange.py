"""Networks that come from elsewhere or go there: asked for here, read and written by a worker.

An upload is checked for what it says it is and kept as a blob that its job names until a version is made of
it; then it is for the sweep.  Only administrators of the installation bring networks in or
take them out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import board
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.download import Download
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.storage import storage
from backend.training import networks, repository
from backend.training.errors import ExportNotReady
from backend.training.schemas import NetworkExportIn, NetworkImportIn, NetworkLibraryIn
from backend.training.tables import NetworkVersion
from rt.dicom.archive import is_zip

MEDIA_TYPES = {"monai": ("zip", "application/zip"), "onnx": ("onnx", "application/octet-stream")}


def check_upload(path: Path) -> None:
    """InvalidInput for what is not even a zip by its first bytes."""
    with path.open("rb") as stream:
        if not is_zip(stream.read(4)):
            raise InvalidInput("not a zip: send the folder of the network as one", field="body")


def request_import(session: Session, actor: Actor, sha256: str, wanted: NetworkImportIn) -> Job:
    """Queue the reading of an uploaded zip that is stored under this name."""
    return _queue(session, actor, "import-network", {"sha256": sha256, **wanted.model_dump()})


def release_upload(session: Session, job_id: str) -> None:
    """Name the upload of a job no longer: a version was made of it."""
    job = session.get_one(Job, job_id)
    job.parameters = {name: value for name, value in job.parameters.items() if name != "sha256"}


def request_library(session: Session, actor: Actor, wanted: NetworkLibraryIn) -> Job:
    """Queue the making of a version of an installed library."""
    return _queue(session, actor, "import-network", wanted.model_dump())


def request_export(session: Session, actor: Actor, version_id: str, wanted: NetworkExportIn) -> Job:
    """Queue the writing of a version for other software; NotFound for one of a project not the actor's."""
    if version_id not in {version.id for version in networks.visible_versions(session, actor)}:
        raise NotFound("no such network version")
    return _queue(session, actor, "export-network", {"version_id": version_id, "format": wanted.format})


def _queue(session: Session, actor: Actor, kind: str, parameters: dict[str, Any]) -> Job:
    request = JobRequest(kind, parameters, project_id=None, created_by=actor.user_id)
    return jobs.enqueue(session, request)


def exported_file(session: Session, actor: Actor, job_id: str) -> Download:
    """The file that an export job made; ExportNotReady before it has."""
    job = board.get_job(session, actor, job_id)
    if job.kind != "export-network":
        raise NotFound("there is no such export")
    if job.state != "succeeded" or not job.result:
        raise ExportNotReady(f"the export is {job.state}", state=job.state)
    ending, media_type = MEDIA_TYPES[job.result["format"]]
    name = f"{job.result['name']}-{job.result['version']}.{ending}"
    sha256 = job.result["sha256"]
    return Download(name, media_type, storage().open(sha256), storage().size(sha256))


def version_named(session: Session, name: str, number: int) -> NetworkVersion:
    """The version of this name and number."""
    found = repository.version_by_number(session, name, number)
    if found is None:
        raise NotFound(f"there is no {name} v{number}")
    return found


def add_imported(
    session: Session, manifest: dict[str, Any], card: str, weights_sha256: str, user_id: str | None
) -> NetworkVersion:
    """A version of the next number, for all projects; the one that is there already when it is the same."""
    name = manifest["name"]
    for known in repository.imported(session, name):
        if known.manifest == manifest | {"version": known.version}:
            return known
    number = networks.next_version_number(session, name)
    version = NetworkVersion(
        name=name,
        version=number,
        title=manifest["title"][:128],
        origin="imported",
        manifest=manifest | {"version": number},
        structures=manifest["structures"],
        weights_sha256=weights_sha256,
        card=card.replace(", version 1\n", f", version {number}\n", 1),
    )
    session.add(version)
    session.flush()
    changes = {"network": name, "version": number, "sha256": manifest["source"]["sha256"]}
    audit.record(
        session, user_id, "training.version.imported", "network_version", version.id, changes=changes
    )
    return version


def record_export(session: Session, version: NetworkVersion, form: str, user_id: str | None) -> None:
    """Write down that a version went out."""
    changes = {"network": version.name, "version": version.version, "format": form}
    audit.record(
        session, user_id, "training.version.exported", "network_version", version.id, changes=changes
    )
