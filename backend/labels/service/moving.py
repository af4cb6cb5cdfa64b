"""Structure sets of another frame of reference as contours on the patient's CT, by a registration.

What came in stays as it came, on its own images where these are here; beside it stands a set on one CT of
each frame that a registration leads to, with the registration in its row.  When a newer registration says
otherwise, the set is drawn again by it, as new revisions, unless a person has worked on it: that is said.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.storage import storage
from backend.labels import repository
from backend.labels.schemas import RegistrationStanding
from backend.labels.service.revisions import NewRevision, StoredMask, append_revision, is_touched
from backend.labels.service.sets import grid_of
from backend.labels.tables import Revision, StructureSet
from backend.studies import registrations
from backend.studies.registrations import Link
from backend.studies.schemas import RegistrationOut
from backend.studies.tables import Registration, Series, Study
from rt.contours import ContourWarning, Filled
from rt.dicom.contour_data import Contour, contours_to_json, enclosing
from rt.dicom.outgoing import plain_text
from rt.dicom.rtstruct import Roi, StructureSetContent
from rt.geometry import Grid
from rt.moved_contours import fill_moved

KEPT_FOR_PEOPLE = "a newer registration moves it elsewhere; people have worked on it, so it stays as it is"
REDRAWN = "drawn again by a newer registration"


@dataclass(frozen=True)
class Elsewhere:
    """Where else a structure set may be drawn, and where it is already."""

    registrations: tuple[Registration, ...] = ()
    """Of the patient, the newest first."""
    images: Mapping[str, Series] | None = None
    """A CT of the patient for each frame of reference."""
    made: Mapping[tuple[str, str], dict[str, Any]] | None = None
    """The registration of each moved set that came of the instance, by its series and the frame it is of."""


NOWHERE = Elsewhere()
"""Of a patient without registrations."""


@dataclass(frozen=True)
class Move:
    """A frame of reference whose structures go to a CT in another."""

    series: Series
    link: Link


def elsewhere(session: Session, study: Study, made: Sequence[StructureSet]) -> Elsewhere:
    """What is known of the patient's other frames of reference when an instance of this study is read."""
    known = registrations.of_patient(session, study.patient_row_id)
    if not known:
        return NOWHERE
    images: dict[str, Series] = {}
    series = repository.series_of_patient(session, study.patient_row_id)
    for one in sorted(series, key=lambda s: (s.study_row_id != study.id, s.series_instance_uid)):
        if one.modality == "CT" and one.volume is not None:
            images.setdefault(one.volume["frame_of_reference_uid"], one)
    before = {
        place_of(one.series_row_id, one.registration): one.registration for one in made if one.registration
    }
    on_images = {one.id: one for one in series}
    for series_id, _ in before:  # a set stays on the CT that it was first drawn on
        if (first := on_images.get(series_id)) is not None and first.volume is not None:
            images[first.volume["frame_of_reference_uid"]] = first
    return Elsewhere(tuple(known), images, before)


def place_of(series_id: str, registration: Mapping[str, Any] | None) -> tuple[str, str]:
    """The series that a set is on, and the frame of reference that it was moved from; "" where it was not."""
    return series_id, (registration or {}).get("frame_of_reference_uid", "")


def left_out(
    content: StructureSetContent, images: Sequence[Series], where: Elsewhere, due: Sequence[Move]
) -> tuple[ContourWarning, ...]:
    """What is said of structures in a frame of reference of no image, and that nothing links to one.

    `due` is what is moved now, besides what `where` says was moved before.
    """
    frames = {one.link.source for one in due} | {frame for _, frame in where.made or {}}
    frames |= {one.volume["frame_of_reference_uid"] for one in images if one.volume}
    found = []
    for roi in content.rois:
        frame, name = roi.frame_of_reference_uid, plain_text(roi.name, 64)
        if roi.contours and frame is not None and frame not in frames:
            detail = f"{name}: is in frame of reference {frame}, which nothing links to an image's"
            found.append(ContourWarning("structure-in-other-frame", detail, name))
    return tuple(found)


def frames_of(content: StructureSetContent) -> set[str]:
    """The frames of reference that structures are in."""
    frames = {roi.frame_of_reference_uid or content.frame_of_reference_uid for roi in content.rois}
    return {frame for frame in frames if frame}


def moves(frames: Collection[str], where: Elsewhere) -> list[Move]:
    """The CTs that structures of these frames are to be drawn on by a registration, and are not yet by it."""
    found = []
    for source in sorted(frame for frame in frames if frame):
        for target, series in (where.images or {}).items():
            grid = grid_of(series)
            link = registrations.link(where.registrations, source, target, grid) if source != target else None
            if link is not None and not link.moved((where.made or {}).get((series.id, source))):
                found.append(Move(series, link))
    return found


def rois_of(content: StructureSetContent, move: Move) -> list[Roi]:
    """The structures of the frame that is moved."""
    whole = content.frame_of_reference_uid
    return [roi for roi in content.rois if (roi.frame_of_reference_uid or whole) == move.link.source]


def fill(roi: Roi, move: Move, grid: Grid) -> Filled:
    """A structure's voxels on the CT."""
    closed = enclosing(roi.contours)
    filled = fill_moved([contour.points_mm for contour in closed], move.link.transform, grid)
    left = len(roi.contours) - len(closed)
    if not left:
        return filled
    warning = ContourWarning("contour-not-closed", f"{left} points or open lines enclose nothing")
    return replace(filled, warnings=(*filled.warnings, warning))


def moved_points(roi: Roi, move: Move) -> list[Contour]:
    """The points and open lines of a structure that encloses nothing, in the frame that they are moved to.

    A line that lay in a slice lies in none any more.
    """
    if enclosing(roi.contours):
        return []
    types = {"OPEN_PLANAR": "OPEN_NONPLANAR"}
    return [
        Contour.of_points(
            move.link.transform.apply(one.points_mm), None, types.get(one.geometric_type, one.geometric_type)
        )
        for one in roi.contours
        if one.is_whole
    ]


def store_contours(contours: Sequence[Contour]) -> str | None:
    """Blob of the contours that a structure leaves with again; None where none of them can be written."""
    if not any(one.is_whole for one in contours):
        return None
    return storage().put(json.dumps(contours_to_json(contours)).encode())


def warnings_of(move: Move) -> list[ContourWarning]:
    """What a person should know of the registration itself."""
    apart = move.link.disagreement_mm
    if apart is None:
        return []
    detail = f"the newest registration counts; another one is off it by up to {apart:.1f} mm in the image"
    return [ContourWarning("registrations-disagree", detail)]


def _is_same(new: NewRevision, mask: StoredMask, head: Revision) -> bool:
    """Whether what is to be drawn is there already, points and lines too."""
    return mask.sha256 == head.sha256 and new.contours_sha256 in (None, head.contours_sha256)


def standing_of(session: Session, owner: StructureSet) -> RegistrationStanding | None:
    """How a moved set stands to what the patient's registrations say now; None of one that was not moved."""
    if owner.registration is None:
        return None
    study, image = session.get_one(Study, owner.study_row_id), repository.series(session, owner.series_row_id)
    known = registrations.of_patient(session, study.patient_row_id)
    kept = RegistrationOut.model_validate(owner.registration)
    frames = kept.frame_of_reference_uid, image.frame_of_reference_uid or ""
    link = registrations.link(known, *frames, grid_of(image)) if image.volume else None
    now = RegistrationOut.model_validate(link.described()) if link else None
    state: Literal["current", "superseded", "gone"] = "superseded"
    if now is not None and now.model_copy(update={"disagreement_mm": kept.disagreement_mm}) == kept:
        state = "current"
    elif {one.sop_instance_uid for one in (kept, *kept.further)} - {one.sop_instance_uid for one in known}:
        state = "gone"
    return RegistrationStanding(state=state, by=now)


def draw_again(
    session: Session, owner: StructureSet, described: dict[str, Any], drawn: Mapping[int, NewRevision]
) -> bool:
    """Draw a moved set anew by another registration; False, and nothing drawn, if a person worked on it."""
    repository.lock_set(session, owner.id)
    structures = repository.lock_structures(session, owner.id)
    study = session.get_one(Study, owner.study_row_id)
    if any(is_touched(session, one) for one in structures):
        jobs.announce(session, "structure-set", owner.id, study.project_id)
        return False
    heads = repository.heads(session, structures)
    for structure in structures:
        new, head = drawn.get(structure.number), heads.get(structure.id)
        if new is None:
            continue
        if head is not None and isinstance(new.mask, StoredMask) and _is_same(new, new.mask, head):
            continue
        append_revision(session, structure, replace(new, base=structure.head, reason=REDRAWN))
    owner.registration = described
    audit.record(
        session, None, "labels.set.registered", "structure-set", owner.id, project_id=study.project_id,
        changes={"registration": RegistrationOut.model_validate(described).uids},
    )  # fmt: skip
    jobs.announce(session, "structure-set", owner.id, study.project_id)
    return True
