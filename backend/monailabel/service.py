"""MONAI Label's words for what Rinkaku has: images are series with a volume, labels are the working set.

An image's id is its SeriesInstanceUID.  Labels have the tag `final` where approved, `original` as a network
left them, and `version_1` as people are drawing them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.pagination import Part
from backend.labels.errors import WrongMaskShape
from backend.labels.service import (
    NewRevision,
    NewStructure,
    append_revision,
    ensure_structure,
    load_mask,
    working_set,
)
from backend.labels.states import State
from backend.labels.tables import Revision, Structure
from backend.monailabel import repository
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.projects.tables import Project
from backend.studies.door import read_label_map
from backend.studies.tables import Patient, Series, Study
from backend.studies.volumes import byte_count, voxel_stream
from backend.training import networks
from backend.training import service as training
from backend.training.service import RunDetail
from backend.training.tables import NetworkVersion
from rt.geometry import Grid
from rt.nifti_header import HEADER_BYTES, nifti_header

FINAL, ORIGINAL, WORKING = "final", "original", "version_1"
STRATEGIES = {
    "first": "The oldest image that nobody has corrected yet",
    "random": "Any image that nobody has corrected yet",
}
STATUSES = {
    "queued": "SUBMITTED", "running": "RUNNING", "succeeded": "DONE", "failed": "ERROR",
    "cancelled": "STOPPED",
}  # fmt: skip
"""State of a job → what MONAI Label calls it."""

Image = Row[Series, Study, Patient]


@dataclass(frozen=True)
class Scope:
    """Whose token the address has, and the project that it names, if any."""

    actor: Actor
    slug: str | None


@dataclass(frozen=True)
class File:
    """A NIfTI file on its way out."""

    name: str
    size: int
    pieces: Iterator[bytes]


def project_of(session: Session, scope: Scope, permission: Permission) -> Project:
    """The project named, or the owner's: the installation's default, else the first one joined."""
    if scope.slug is not None:
        return projects.project_by_slug(session, scope.actor, scope.slug, permission)
    own = [project for project, _ in projects.projects_of(session, scope.actor.user_id)]
    if not own:
        raise NotFound("there is no such project")
    chosen = next((project for project in own if project.is_default), own[0])
    return projects.require(session, scope.actor, chosen.id, permission)


def info(session: Session, scope: Scope) -> dict[str, Any]:
    """What `/info/` says; never a top-level `config`, which Slicer takes for an old server."""
    project = project_of(session, scope, Permission.READ)
    models = {one.name: _model(one) for one in _in_use(session, scope.actor, project)}
    names = dict.fromkeys(name for model in models.values() for name in model["labels"])
    images = repository.images(session, project.id)
    tagged = _labels(session, images)
    counts: dict[str, int] = defaultdict(int)
    for labels in tagged.values():
        for tag in labels:
            counts[tag] += 1
    return {
        "name": f"Rinkaku · {project.name}",
        "description": "Contours of organs at risk, drawn by networks and corrected by people",
        "version": "2.0",
        "labels": list(names),
        "models": models,
        "trainers": {},
        "strategies": {name: {"description": text} for name, text in STRATEGIES.items()},
        "scoring": {},
        "train_stats": {},
        "datastore": {"total": len(images), "completed": counts.get(FINAL, 0), "label_tags": dict(counts)},
    }


def _in_use(session: Session, actor: Actor, project: Project) -> list[NetworkVersion]:
    names = sorted(
        {
            one.name
            for one in networks.visible_versions(session, actor)
            if one.project_id in (None, project.id)
        }
    )
    found = [networks.version_in_use(session, project.id, name) for name in names]
    return [one for one in found if one is not None]


def _model(version: NetworkVersion) -> dict[str, Any]:
    return {
        "type": "segmentation",
        "labels": {name: index for index, name in enumerate(version.structures, 1)},
        "dimension": 3,
        "description": f"{version.title}, version {version.version}",
        "config": {},
    }


def next_sample(session: Session, scope: Scope, strategy: str) -> dict[str, Any]:
    """An image that no person has drawn on; empty when there is none left."""
    project = project_of(session, scope, Permission.READ)
    if strategy not in STRATEGIES:
        raise NotFound(f"there is no strategy of this name; there are {', '.join(STRATEGIES)}")
    images = repository.images(session, project.id)
    touched = _labels(session, images)
    waiting = [one for one in images if not {FINAL, WORKING} & touched[one[0].id].keys()]
    if not waiting:
        return {}
    series, study, patient = waiting[0] if strategy == "first" else random.choice(waiting)
    file = _image_file(series)
    digest = hashlib.sha256()
    for piece in file.pieces:
        digest.update(piece)
    return {
        "id": series.series_instance_uid,
        "name": file.name,
        "checksum": f"SHA256:{digest.hexdigest()}",
        "Modality": series.modality,
        "PatientID": patient.patient_id,
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "StudyInstanceUID": study.study_instance_uid,
        "SeriesInstanceUID": series.series_instance_uid,
    }


Tagged = dict[str, list[tuple[Structure, Revision]]]


def _labels(session: Session, images: Any) -> dict[str, Tagged]:
    """Series id → tag → what is drawn."""
    found: dict[str, Tagged] = defaultdict(lambda: defaultdict(list))
    for series_id, structure, head in repository.drawn(session, [one[0].id for one in images]):
        found[series_id][_tag(structure, head)].append((structure, head))
    return found


def _tag(structure: Structure, head: Revision) -> str:
    if structure.state == State.APPROVED:
        return FINAL
    return WORKING if head.author_id is not None else ORIGINAL


def datastore(session: Session, scope: Scope) -> dict[str, Any]:
    """All images with the tags of what is drawn on them."""
    project = project_of(session, scope, Permission.READ)
    images = repository.images(session, project.id)
    tagged = _labels(session, images)
    objects = {
        series.series_instance_uid: {
            "image": {
                "ext": ".nii",
                "info": {
                    "name": f"{series.series_instance_uid}.nii",
                    "ts": int(series.created_at.timestamp()),
                },
            },
            "labels": {tag: _label_info(drawn) for tag, drawn in tagged[series.id].items()},
        }
        for series, _, _ in images
    }
    return {"name": project.name, "description": "", "images_dir": "", "labels_dir": "", "objects": objects}


def _label_info(drawn: list[tuple[Structure, Revision]]) -> dict[str, Any]:
    names = [{"name": structure.name, "idx": index} for index, (structure, _) in enumerate(drawn, 1)]
    newest = max(int(head.created_at.timestamp()) for _, head in drawn)
    return {"ext": ".nii", "info": {"label_info": names, "ts": newest}}


def datastore_counts(session: Session, scope: Scope) -> dict[str, Any]:
    """How many images there are, and how many of them have an approved structure."""
    counted: dict[str, Any] = info(session, scope)["datastore"]
    return counted


def training_pairs(session: Session, scope: Scope) -> list[dict[str, str]]:
    """Images with an approved structure, each with its label."""
    objects = datastore(session, scope)["objects"]
    return [{"image": uid, "label": uid} for uid, one in objects.items() if FINAL in one["labels"]]


def image_file(session: Session, scope: Scope, image: str) -> File:
    """The voxels of an image as NIfTI, streamed."""
    return _image_file(_image(session, scope, image)[0])


def _image(session: Session, scope: Scope, image: str, permission: Permission = Permission.READ) -> Image:
    project = project_of(session, scope, permission)
    found = repository.images(session, project.id, image)
    if not found:
        raise NotFound("there is no such image")
    return found[0]


def _image_file(series: Series) -> File:
    described = series.volume or {}
    head = nifti_header(Grid.from_json(described["grid"]), described["dtype"], described["slope"])

    def pieces() -> Iterator[bytes]:
        yield head
        yield from voxel_stream(series, middle_out=False)

    return File(f"{series.series_instance_uid}.nii", HEADER_BYTES + byte_count(series), pieces())


def label_file(session: Session, scope: Scope, label: str, tag: str) -> File:
    """What is drawn under a tag as a NIfTI label map, 1 … n in the order of the structures' numbers."""
    row = _image(session, scope, label)
    drawn = _labels(session, [row])[row[0].id].get(tag)
    if not drawn:
        raise NotFound("there is no such label")
    if len(drawn) > np.iinfo(np.uint8).max:
        raise InvalidInput("more structures than a label map of bytes has values", field="label")
    grid = Grid.from_json((row[0].volume or {})["grid"])
    values = np.zeros(grid.shape_kji, dtype=np.uint8)
    for index, (_, head) in enumerate(drawn, 1):
        values[load_mask(head, grid)] = index
    data = nifti_header(grid, "uint8") + values.tobytes()
    return File(f"{label}.nii", len(data), iter((data,)))


def newest_training(session: Session, scope: Scope) -> dict[str, Any] | None:
    """The project's last training as MONAI Label's task; None when there was none."""
    project = project_of(session, scope, Permission.READ)
    runs = training.list_runs(session, scope.actor, project.id, Part(limit=1, before=None))
    return _task(runs[0]) if runs else None


def _task(run: RunDetail) -> dict[str, Any]:
    job = run.job
    return {
        "id": job.id,
        "status": STATUSES[job.state],
        "request": {"model": run.base.name, **run.run.config},
        "start_ts": int((job.started_at or job.created_at).timestamp()),
        "end_ts": int(job.finished_at.timestamp()) if job.finished_at else None,
        "details": [job.error_detail or job.message or STATUSES[job.state]],
    }


def save_label(session: Session, scope: Scope, image: str, params: str, data: bytes) -> dict[str, Any]:
    """A person's label map as revisions of the structures that `label_info` names; what is equal stays.

    Raises
    ------
    InvalidInput
        When `params` does not say what the values are.
    WrongMaskShape
        When the map is on another grid than the image.
    """
    series = _image(session, scope, image, Permission.ANNOTATE)[0]
    given, names = _named(params)
    labels, grid = read_label_map(data)
    own = Grid.from_json((series.volume or {})["grid"])
    if labels.shape != own.shape_kji or not grid.is_close(own):
        raise WrongMaskShape("the label map lies on another grid than the image", field="label")
    present = {int(value) for value in np.unique(labels)} - {0}
    if not present <= names.keys():
        names = dict(enumerate(names.values(), 1))  # Slicer numbers anew what it exports
    if not present <= names.keys():
        raise InvalidInput("the label map has values that label_info does not name", field="params")
    owner, saved = working_set(session, series), []
    reason = _reason(given)
    for value, name in names.items():
        structure = ensure_structure(session, owner, NewStructure(name))
        mask = labels == value
        head = repository.head(session, structure)
        before = np.zeros_like(mask) if head is None else load_mask(head, own)
        if np.array_equal(before, mask):
            continue
        who = scope.actor.user_id
        new = NewRevision(mask, structure.head, author_id=who, reason=reason, tool="monailabel")
        append_revision(session, structure, new)
        saved.append(name)
    return {"image": image, "label": image, "saved": saved}


def _reason(given: dict[str, Any]) -> str:
    """Provenance in words: the client and the network that it says it used."""
    words = " ".join(str(given[key])[:100] for key in ("client_id", "model") if key in given)
    return "MONAI Label: " + "".join(c for c in words if c.isprintable())


def _named(params: str) -> tuple[dict[str, Any], dict[int, str]]:
    """What the client says, and the names by value."""
    try:
        given = json.loads(params)
        names = {int(one["idx"]): str(one["name"]) for one in given["label_info"]}
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput("params has no label_info: [{name, idx}]", field="params") from error
    plain = all(0 < len(name) <= 64 and name.isprintable() for name in names.values())
    if not names or len(set(names.values())) != len(names) or not plain:
        raise InvalidInput("names in label_info are different words of at most 64 characters", field="params")
    return given, names
