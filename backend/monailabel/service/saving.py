"""What clients change: label maps saved and taken away, reviews, and images sent in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from shutil import copyfileobj
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from backend.config import get_settings
from backend.exports.archive import safe_name
from backend.exports.training_set import label_map
from backend.kit.db import session_scope
from backend.kit.errors import InvalidInput
from backend.labels.errors import NameTaken, RevisionsRequired, WrongMaskShape
from backend.labels.schemas import ReviewIn, StructureName
from backend.labels.service import (
    NewRevision,
    NewStructure,
    append_revision,
    delete_structure,
    ensure_structure,
    get_revision,
    load_mask,
    review_set,
    working_set,
)
from backend.labels.states import Act, State
from backend.monailabel import repository
from backend.monailabel.errors import ImageRefused, NotFetched
from backend.monailabel.service.datastore import WORKING, Drawn, label_under
from backend.monailabel.service.giving import looked_at, remember_saved
from backend.monailabel.service.scope import Scope, image_of, project_of
from backend.projects.service import Permission
from backend.studies import imports
from backend.studies.door import read_label_map
from backend.studies.receiving import LimitedFile, scratch_file
from backend.studies.schemas import Outcome
from backend.studies.tables import Series
from rt.geometry import Grid
from rt.masks import Mask

TOOL = "monailabel"
"""Of the revisions that clients save."""
UNDER_REVIEW = (State.SUBMITTED, State.APPROVED)
"""No client withdraws a signature, or changes what a colleague looks at: that is asked at a page."""
ACTS = {"approved": Act.APPROVE, "flagged": Act.RETURN}
"""Status in the Reviewer → the act of review that it means; the others mean none."""
EXTENSIONS = (".nii.gz", ".nii", ".zip", ".dcm")
"""Of images; what stands before them in a client's temporary path says nothing."""

_NAME = TypeAdapter[str](StructureName)
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sent:
    """A file in a form, with the path that it had on the client's machine."""

    name: str
    data: bytes


def json_object(text: str | bytes, field: str | None = "params") -> dict[str, Any]:
    """The JSON object in a form's field, or in the body where none is named; nothing is an empty one."""
    what, extensions = (field, {"field": field}) if field else ("the body", {})
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} is no JSON", **extensions) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{what} is no JSON object", **extensions)
    return found


def save_label(scope: Scope, image: str, params: str, sent: Sent) -> dict[str, Any]:
    """A person's label map as revisions of the structures that `label_info` names.

    What is equal stays, and so does what the map leaves empty (that a structure is absent is declared at a
    page, where it is asked for) and what is submitted or approved.

    Raises
    ------
    InvalidInput
        When `params` does not say what the values are.
    WrongMaskShape
        When the map is on another grid than the image.
    """
    with session_scope(read_only=True) as session:
        series = image_of(session, scope, image, Permission.ANNOTATE)[0]
    grid = Grid.from_json((series.volume or {})["grid"])
    given = json_object(params)
    labels = _labels(sent, grid)
    masks = {name: labels == value for value, name in _named(given, labels).items()}
    with session_scope() as session:
        series = image_of(session, scope, image, Permission.ANNOTATE)[0]
        saved, kept = _append(session, scope, series, masks, _reason(given))
    return {"image": image, "label": image, "saved": saved, "kept": kept}


def _labels(sent: Sent, grid: Grid) -> Labels:
    """The map, on this grid; OHIF 2 sends the bare bytes of the array, in a file that ends in .bin."""
    if sent.name.lower().endswith(".bin"):
        if len(sent.data) != np.prod(grid.shape_kji):
            raise WrongMaskShape("there are not as many bytes as the image has voxels", field="label")
        return np.frombuffer(sent.data, np.uint8).reshape(grid.shape_kji)
    labels, own = read_label_map(sent.data)
    if labels.shape != grid.shape_kji or not own.is_close(grid):
        raise WrongMaskShape("the label map lies on another grid than the image", field="label")
    return labels


def _named(given: Mapping[str, Any], labels: Labels) -> dict[int, str]:
    """Names by the values that the map has.

    Slicer's `idx` counts segments that it leaves out, and the map that it sends is numbered anew from 1 in
    the order of the segments: where `idx` is not just what the map has, the list is read as an ordered one.
    """
    try:
        names = {int(one["idx"]): _NAME.validate_python(one["name"]) for one in given["label_info"]}
    except ValidationError as error:
        raise InvalidInput(
            "a name in label_info is none that a structure can have", field="params"
        ) from error
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise InvalidInput("params has no label_info: [{name, idx}]", field="params") from error
    if not names or len(set(names.values())) != len(given["label_info"]):
        raise InvalidInput("names and values in label_info are each used once", field="params")
    present = {int(value) for value in np.unique(labels)} - {0}
    ordered = dict(enumerate(names.values(), 1))
    if present != names.keys() and present <= ordered.keys():
        return ordered
    if not present <= names.keys():
        raise InvalidInput("the label map has values that label_info does not name", field="params")
    return names


def _append(
    session: Session, scope: Scope, series: Series, masks: Mapping[str, Mask], reason: str
) -> tuple[list[str], list[str]]:
    """Names of what is new, and of what stays although the map has it otherwise."""
    owner, saved, kept = working_set(session, series), [], []
    made: dict[str, int] = {}
    known = {one.name.casefold(): one for one in repository.structures(session, series.id)}
    for name in masks:
        present = known.get(name.casefold())
        if present is not None and present.name != name:
            taken = present.name
            raise NameTaken(f"{taken} is already in this structure set", field="name", name=taken)
    grid = Grid.from_json((series.volume or {})["grid"])
    drawn = {
        one.name: load_mask(get_revision(session, one.id, one.head), grid)
        for one in known.values()
        if one.head and one.name in masks
    }
    meant = _with_overlaps(drawn, masks, grid)
    for name, mask in meant.items():
        structure = known.get(name.casefold())
        if not mask.any() or (structure is not None and structure.state in UNDER_REVIEW):
            kept += [name] if structure is not None else []
            continue
        structure = structure or ensure_structure(session, owner, NewStructure(name))
        new = NewRevision(mask, structure.head, author_id=scope.actor.user_id, reason=reason, tool=TOOL)
        made[structure.id] = append_revision(session, structure, new).number
        saved.append(name)
    remember_saved(session, scope, series.id, WORKING, made)
    return saved, kept


def _with_overlaps(heads: Mapping[str, Mask], sent: Mapping[str, Mask], grid: Grid) -> dict[str, Mask]:
    """What a map says of the structures that it changes.

    A label map gives a voxel of two structures to the smaller one: where the map that was sent is as the one
    that the client got, the larger structure keeps the voxel.
    """
    names = list(sent)
    shown = {name: heads[name] for name in names if name in heads}
    before, now = label_map(shown, names, grid), label_map(dict(sent), names, grid)
    meant = {}
    for number, name in enumerate(names, 1):
        mask = sent[name]
        if np.array_equal(mask, before == number):
            continue
        if mask.any() and name in shown:
            mask = mask | (shown[name] & (before != number) & (now == before))
        meant[name] = mask
    return meant


def _reason(given: Mapping[str, Any]) -> str:
    """Provenance in words: the client and the network that it says it used."""
    words = " ".join(str(given[key])[:100] for key in ("client_id", "model") if given.get(key))
    return ("MONAI Label: " + "".join(c for c in words if c.isprintable())).removesuffix(": ")


def delete_label(session: Session, scope: Scope, label: str, tag: str) -> None:
    """Delete the structures under a tag with their revisions: all, or none when one is signed."""
    image = image_of(session, scope, label, Permission.ANNOTATE)
    for structure, _ in label_under(session, image, tag):
        delete_structure(session, scope.actor, structure.id)


def update_label(session: Session, scope: Scope, label: str, tag: str, params: str) -> dict[str, Any]:
    """What the Reviewer says of a label as an act of review: approved, or returned (`flagged`).

    The level of difficulty has no counterpart and is not kept.  A client cannot say which revision it looked
    at: what it approves are the revisions that it fetched or saved last.

    Raises
    ------
    NotFetched
        When the label is approved by a client that has not fetched all of it.
    StaleRevision
        When something of what it fetched is newer by now: fetch the label again.
    IllegalTransition, OwnWork, InvalidInput
        As at a page: what was not submitted, one's own work, a return without a comment.
    """
    image = image_of(session, scope, label, Permission.REVIEW)
    drawn = label_under(session, image, tag)
    meta = json_object(params).get("segmentationMeta") or {}
    act = ACTS.get(str(meta.get("status"))) if isinstance(meta, dict) else None
    if act is not None:
        comment = str(meta.get("comment") or "")[:4000]
        chosen = _awaiting(drawn)
        seen = looked_at(session, scope, image[0].id, tag) if act is Act.APPROVE else {}
        shown = {structure_id: seen[structure_id] for structure_id in chosen if structure_id in seen}
        body = ReviewIn(comment=comment, structure_ids=chosen, revisions=shown)
        try:
            review_set(session, scope.actor, drawn[0][0].structure_set_id, act, body)
        except RevisionsRequired as unseen:
            raise NotFetched("get this label and look at it, then approve it", tag=tag) from unseen
    return {}


def _awaiting(drawn: Drawn) -> list[str]:
    """Those that were submitted; all of them where none was, so that the refusal says so."""
    submitted = [structure.id for structure, _ in drawn if structure.state == State.SUBMITTED]
    return submitted or [structure.id for structure, _ in drawn]


def upload_image(scope: Scope, image: str | None, sent_as: str, file: BinaryIO) -> dict[str, Any]:
    """Import an image; its id is the SeriesInstanceUID that it has or, as NIfTI, is given.

    The id that the client wishes becomes the name of a NIfTI file, and so the description of its study.
    """
    with session_scope(read_only=True) as session:
        project = project_of(session, scope, Permission.IMPORT)
    name = PurePosixPath(sent_as.replace("\\", "/")).name or "image"
    extension = next((one for one in EXTENSIONS if name.lower().endswith(one)), "")
    if image:
        name = safe_name(image).removesuffix(extension) + extension
    batch = imports.begin(scope.actor, project.id)
    target = imports.open_batch(scope.actor, batch)
    with scratch_file() as path:
        with LimitedFile(path, get_settings().upload_bytes) as kept:
            copyfileobj(file, kept, 1 << 20)
        outcomes = imports.add_to_batch(target, batch, name, path)
    imports.complete(scope.actor, batch)
    refused = next((one for one in outcomes if one.outcome == Outcome.REFUSED), None)
    with session_scope(read_only=True) as session:
        found = repository.arrived(session, batch)
    if not found:
        why = refused.detail if refused else "it holds no image with a sound geometry"
        raise ImageRefused(f"the file was not taken in: {why}", reason=refused.slug if refused else None)
    return {"image": found[0].series_instance_uid}
