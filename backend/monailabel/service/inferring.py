"""A network's contours for a client that waits: those it has drawn already, else a job draws them.

A network draws the same on the same image, so what its version in use has drawn there is the answer, also
where people have corrected it since.  Drawing is the ordinary pre-segmentation: it appends revisions.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.exports import service as exports
from backend.exports.objects import Leaving, seg_bytes
from backend.exports.training_set import label_map
from backend.jobs.states import FINAL, JobState
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.kit.errors import InvalidInput, NotFound
from backend.labels.service import is_touched, load_mask
from backend.labels.tables import Revision, Structure
from backend.monailabel import repository
from backend.monailabel.errors import DrawingFailed, NothingDrawn
from backend.monailabel.service.describing import label_indices
from backend.monailabel.service.scope import Scope, image_of, network_of, project_of
from backend.projects.service import Permission
from backend.studies.tables import Series
from backend.training import service as training
from backend.training.schemas import PresegmentIn
from backend.training.tables import NetworkVersion
from rt.dicom.nrrd import nrrd_bytes
from rt.geometry import Grid
from rt.nifti_header import nifti_header

DEFAULT_EXTENSION = ".nii.gz"
EXTENSIONS = (".nrrd", ".nii.gz", ".nii")
"""Forms of a label map by the `result_extension` that asks for them."""
AGAIN = frozenset({"images-changed", "awaits-volume"})
"""Ends of a drawing job after which another one draws."""


@dataclass(frozen=True)
class Wanted:
    """A network on an image of a project."""

    scope: Scope
    model: str
    image: str


class Progress(StrEnum):
    """How far the drawing is that a client waits for."""

    READY = "ready"
    UNDER_WAY = "under way"
    AGAIN = "again"
    """The images changed meanwhile; `begin_drawing` once more."""


@dataclass(frozen=True)
class Drawing:
    """What a network drew, by structure name in its own order."""

    series: Series
    version: NetworkVersion
    drawn: dict[str, tuple[Structure, Revision]]

    @property
    def params(self) -> dict[str, Any]:
        """What is said beside a label map; `label_names` gives Slicer the order, only `drawn` has voxels."""
        return {
            "label_names": label_indices(self.version),
            "network": f"{self.version.name} v{self.version.version}",
            "drawn": list(self.drawn),
            "plausibility": {
                one.name: one.plausibility for one, _ in self.drawn.values() if one.plausibility
            },
        }


def begin_drawing(wanted: Wanted) -> str | None:
    """The job to wait for; None when the network has drawn on this image already.

    NotFound for an unknown network or image, NoVolume where the image is no CT with a sound geometry.
    """
    with session_scope() as session:
        series, version = _asked_for(session, wanted)
        if _is_complete(session, series, version):
            return None
        job = repository.drawing_job(session, series, version)
        if job is None:
            body = PresegmentIn(series_id=series.id, network_version_id=version.id)
            actor = wanted.scope.actor
            job = training.request_presegmentation(session, actor, series.study_row_id, body)
        return job.id


def drawing_progress(wanted: Wanted, job_id: str) -> Progress:
    """How far the job is.

    Raises
    ------
    DrawingFailed
        When it failed or was cancelled.
    NothingDrawn
        When the image does not show what the network draws.
    """
    with session_scope(read_only=True) as session:
        series, version = _asked_for(session, wanted)
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound("the job that was to draw is gone")
        if job.state not in FINAL:
            return Progress.UNDER_WAY
        if job.state != JobState.SUCCEEDED:
            why = job.error_detail or f"the job was {job.state}"
            raise DrawingFailed(why, reason=job.error_slug or job.state, job_id=job.id)
        reason = (job.result or {}).get("reason")
        if reason is not None and reason not in AGAIN:
            raise NothingDrawn("the network's region is not in this image", reason=reason, job_id=job.id)
        return Progress.READY if _is_complete(session, series, version) else Progress.AGAIN


def _asked_for(session: Session, wanted: Wanted) -> tuple[Series, NetworkVersion]:
    project = project_of(session, wanted.scope, Permission.ANNOTATE)
    version = network_of(session, wanted.scope.actor, project, wanted.model)
    return image_of(session, wanted.scope, wanted.image, Permission.ANNOTATE)[0], version


def _is_complete(session: Session, series: Series, version: NetworkVersion) -> bool:
    """True when a job would draw nothing more: every structure is drawn, or may be absent."""
    drawn = {structure.name for structure, _ in repository.drawn_by(session, series.id, version.id)}
    present = {structure.name: structure for structure in repository.structures(session, series.id)}
    rules = version.manifest.get("rules", {})
    return all(
        rules.get(name, {}).get("may_be_absent", False)
        or name in drawn
        or (name in present and is_touched(session, present[name]))
        for name in version.structures
    )


def drawing(wanted: Wanted) -> Drawing:
    """What the network drew; NothingDrawn where people drew all of its structures before it came."""
    with session_scope(read_only=True) as session:
        series, version = _asked_for(session, wanted)
        rows = repository.drawn_by(session, series.id, version.id)
    newest = {structure.name: (structure, revision) for structure, revision in rows}
    drawn = {name: newest[name] for name in version.structures if name in newest}
    if not drawn:
        detail = "people have drawn all of the network's structures; it draws over none"
        raise NothingDrawn(detail, reason="drawn-by-people")
    return Drawing(series, version, drawn)


def label_map_of(drawing: Drawing, params: dict[str, Any]) -> tuple[str, bytes]:
    """File name and bytes of the label map in the form that `result_extension` asks for.

    Values are the network's indices, uint8 whatever `result_dtype` says; NRRD is never compressed, because
    OHIF reads it as it comes.
    """
    extension = params.get("result_extension") or DEFAULT_EXTENSION
    if extension not in EXTENSIONS:
        raise InvalidInput(f"result_extension is one of {', '.join(EXTENSIONS)}", field="params")
    grid = Grid.from_json((drawing.series.volume or {})["grid"])
    masks = {name: load_mask(revision, grid) for name, (_, revision) in drawing.drawn.items()}
    labels = label_map(masks, drawing.version.structures, grid).astype(np.uint8)
    data = nrrd_bytes(labels, grid)
    if extension != ".nrrd":
        data = nifti_header(grid, "uint8") + labels.tobytes()
    if extension == ".nii.gz":
        data = gzip.compress(data, compresslevel=1, mtime=0)
    return _file_name(drawing, extension), data


def _file_name(drawing: Drawing, extension: str) -> str:
    """Without further dots: clients take all that follows the first for the extension."""
    return drawing.series.series_instance_uid.replace(".", "_") + extension


def dicom_seg_of(drawing: Drawing) -> tuple[str, bytes]:
    """File name and bytes of a DICOM Segmentation of what the network drew."""
    owner = next(iter(drawing.drawn.values()))[0].structure_set_id
    with session_scope(read_only=True) as session:
        collected = exports.collect(session, owner)
    if collected is None:
        raise NotFound("the structure set is gone")
    leaving = tuple(Leaving(structure, revision) for structure, revision in drawing.drawn.values())
    outgoing = replace(collected, leaving=leaving, approval=None)
    return _file_name(drawing, ".dcm"), seg_bytes(outgoing)


def multipart(params: dict[str, Any], name: str, data: bytes) -> tuple[str, bytes]:
    """Boundary and body of the answer that MONAI Label's client and Slicer read: `params`, then `image`."""
    boundary = "rinkaku"
    while boundary.encode() in data:
        boundary += "-"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="params"\r\n'
        f"Content-Type: application/json\r\n\r\n{json.dumps(params)}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return boundary, head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
