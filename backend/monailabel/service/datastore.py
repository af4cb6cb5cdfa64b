"""The datastore in MONAI Label's words: images are series with a volume, labels are the working set.

An image's id is its SeriesInstanceUID.  Labels have the tag `final` where approved, `original` as a network
left them, and `version_1` as people are drawing them; what is unknown (rejected, not found) has none.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.exports.training_set import label_map
from backend.kit.db import session_scope
from backend.kit.errors import InvalidInput, NotFound
from backend.labels.service import is_unknown, load_mask, standing_approvals
from backend.labels.states import State
from backend.labels.tables import Review, Revision, Structure
from backend.monailabel import repository
from backend.monailabel.service.giving import remember
from backend.monailabel.service.scope import File, Image, Scope, image_of, project_of, whole_file
from backend.projects.service import Permission
from backend.studies.tables import Series
from backend.studies.volumes import byte_count, voxel_stream
from rt.geometry import Grid
from rt.nifti_header import HEADER_BYTES, nifti_header

FINAL, ORIGINAL, WORKING = "final", "original", "version_1"
STRATEGIES = {
    "first": "The oldest image that nobody has corrected yet",
    "random": "Any image that nobody has corrected yet",
}
CHECKSUMS = ("SHA256", "SHA512", "MD5")
"""Algorithms that a client may name in `check_sum`."""

Drawn = list[tuple[Structure, Revision]]


def next_sample(session: Session, scope: Scope, strategy: str) -> dict[str, Any]:
    """An image that no person has drawn on; empty when there is none left."""
    project = project_of(session, scope, Permission.READ)
    if strategy not in STRATEGIES:
        raise NotFound(f"there is no strategy of this name; there are {', '.join(STRATEGIES)}")
    images = repository.images(session, project.id)
    found = repository.drawn(session, [one[0].id for one in images])
    touched = {series_id for series_id, structure, head in found if _tag(structure, head) != ORIGINAL}
    waiting = [one for one in images if one[0].id not in touched]
    if not waiting:
        return {}
    series, study, patient = waiting[0] if strategy == "first" else random.choice(waiting)
    return {
        "id": series.series_instance_uid,
        "name": _image_file(series).name,
        "checksum": f"SHA256:{_checksum(series, 'SHA256')}",
        "Modality": series.modality,
        "PatientID": patient.patient_id,
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "StudyInstanceUID": study.study_instance_uid,
        "SeriesInstanceUID": series.series_instance_uid,
    }


def tagged_labels(session: Session, images: Sequence[Image]) -> dict[str, dict[str, Drawn]]:
    """Series id → tag → what is drawn, in the order of the structures' numbers."""
    found: dict[str, dict[str, Drawn]] = defaultdict(lambda: defaultdict(list))
    for series_id, structure, head in repository.drawn(session, [one[0].id for one in images]):
        if not is_unknown(structure, head):
            found[series_id][_tag(structure, head)].append((structure, head))
    return found


def _tag(structure: Structure, head: Revision) -> str:
    if structure.state == State.APPROVED:
        return FINAL
    return WORKING if head.author_id is not None else ORIGINAL


def count_tags(session: Session, images: Sequence[Image]) -> dict[str, int]:
    """How many images have a label of each tag."""
    return dict(Counter(tag for labels in tagged_labels(session, images).values() for tag in labels))


def datastore(session: Session, scope: Scope) -> dict[str, Any]:
    """All images with the tags of what is drawn on them."""
    project = project_of(session, scope, Permission.READ)
    images = repository.images(session, project.id)
    objects = _objects(session, images)
    return {"name": project.name, "description": "", "images_dir": "", "labels_dir": "", "objects": objects}


def _objects(session: Session, images: Sequence[Image]) -> dict[str, Any]:
    tagged = tagged_labels(session, images)
    every = [one for tags in tagged.values() for drawn in tags.values() for one in drawn]
    approvals = standing_approvals(session, [structure for structure, _ in every])
    names = repository.usernames(session, {head.author_id for _, head in every if head.author_id})
    return {
        series.series_instance_uid: {
            "image": {
                "ext": ".nii",
                "info": {
                    "name": f"{series.series_instance_uid}.nii",
                    "ts": int(series.created_at.timestamp()),
                },
            },
            "labels": {
                tag: {"ext": ".nii", "info": _label_info(drawn, approvals, names)}
                for tag, drawn in tagged[series.id].items()
            },
        }
        for series, _, _ in images
    }


def _label_info(drawn: Drawn, approvals: dict[str, Review], names: dict[str, str]) -> dict[str, Any]:
    """What a label map holds, who drew last, and how its review stands, as the Reviewer reads it."""
    newest = max((head for _, head in drawn), key=lambda head: head.created_at)
    signed = [approvals[structure.id] for structure, _ in drawn if structure.id in approvals]
    signature = max(signed, key=lambda review: review.at, default=None)
    states = {structure.state for structure, _ in drawn}
    status = "flagged" if State.RETURNED in states else "segmented"
    return {
        "label_info": [{"name": one.name, "idx": index} for index, (one, _) in enumerate(drawn, 1)],
        "ts": int(newest.created_at.timestamp()),
        "client_id": names.get(newest.author_id or "", ""),
        "segmentationMeta": {
            "status": "approved" if signature else status,
            "level": "",
            "approvedBy": signature.user_name if signature else "",
            "comment": signature.comment if signature else "",
            "editTime": int(signature.at.timestamp()) if signature else "",
        },
    }


def datastore_counts(session: Session, scope: Scope) -> dict[str, Any]:
    """How many images there are, and how many of them have an approved structure."""
    project = project_of(session, scope, Permission.READ)
    images = repository.images(session, project.id)
    counts = count_tags(session, images)
    return {"total": len(images), "completed": counts.get(FINAL, 0), "label_tags": counts}


def training_pairs(session: Session, scope: Scope) -> list[dict[str, str]]:
    """Images with an approved structure, each with its label."""
    objects = datastore(session, scope)["objects"]
    return [{"image": uid, "label": uid} for uid, one in objects.items() if FINAL in one["labels"]]


def image_info(session: Session, scope: Scope, image: str) -> dict[str, Any]:
    """What the datastore says about one image."""
    found: dict[str, Any] = _objects(session, [image_of(session, scope, image)])[image]["image"]["info"]
    return found


def label_info(session: Session, scope: Scope, label: str, tag: str) -> dict[str, Any]:
    """What the datastore says about one label map."""
    labels = _objects(session, [image_of(session, scope, label)])[label]["labels"]
    if tag not in labels:
        raise NotFound("there is no such label")
    found: dict[str, Any] = labels[tag]["info"]
    return found


def image_file(session: Session, scope: Scope, image: str, expected: str | None = None) -> File:
    """The voxels of an image as NIfTI, streamed; NotFound where `expected` (algorithm:hex) is not theirs."""
    series = image_of(session, scope, image)[0]
    if expected is not None:
        algorithm, _, digest = expected.partition(":")
        if algorithm.upper() not in CHECKSUMS:
            raise InvalidInput(f"the algorithm is one of {', '.join(CHECKSUMS)}", field="check_sum")
        if _checksum(series, algorithm) != digest.lower():
            raise NotFound("the image has another checksum")
    return _image_file(series)


def _checksum(series: Series, algorithm: str) -> str:
    digest = hashlib.new(algorithm.lower(), usedforsecurity=False)
    for piece in _image_file(series).pieces:
        digest.update(piece)
    return digest.hexdigest()


def _image_file(series: Series) -> File:
    described = series.volume or {}
    head = nifti_header(Grid.from_json(described["grid"]), described["dtype"], described["slope"])

    def pieces() -> Iterator[bytes]:
        yield head
        yield from voxel_stream(series, middle_out=False)

    return File(f"{series.series_instance_uid}.nii", HEADER_BYTES + byte_count(series), pieces())


def label_under(session: Session, image: Image, tag: str) -> Drawn:
    """What is drawn under a tag; NotFound where that is nothing."""
    drawn = tagged_labels(session, [image])[image[0].id].get(tag)
    if not drawn:
        raise NotFound("there is no such label")
    return drawn


def label_file(session: Session, scope: Scope, label: str, tag: str) -> File:
    """What is drawn under a tag as a NIfTI label map, 1 … n in the order of the structures' numbers.

    A voxel of two structures belongs to the smaller one.  What the client was given is remembered.
    """
    image = image_of(session, scope, label)
    drawn = label_under(session, image, tag)
    if len(drawn) > np.iinfo(np.uint8).max:
        raise InvalidInput("more structures than a label map of bytes has values", field="label")
    grid = Grid.from_json((image[0].volume or {})["grid"])
    masks = {structure.name: load_mask(head, grid) for structure, head in drawn}
    values = label_map(masks, [structure.name for structure, _ in drawn], grid)
    with session_scope() as noting:  # a GET's own transaction is read only
        given = {structure.id: head.number for structure, head in drawn}
        remember(noting, scope, image[0].id, tag, given)
    return whole_file(f"{label}.nii", nifti_header(grid, "uint8") + values.tobytes())
